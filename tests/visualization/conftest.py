"""The browser in which the tests of pages look at them: one start for all of a process."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, find_chromium


@pytest.fixture(scope='session')
def browser(tmp_path_factory) -> Iterator[Browser]:
    """The running browser; skips where none is installed."""
    executable = find_chromium()
    if executable is None:
        pytest.skip('no Chromium: apt-get install chromium brings it')
    running = Browser(executable, tmp_path_factory.mktemp('chromium') / 'profile')
    yield running
    running.close()


@pytest.fixture
def page(browser, tmp_path) -> Iterator[tuple[Browser, Path]]:
    """The browser and where to write the page; nothing but local files may have been asked for, nothing complained."""
    browser.call('Page.navigate', url='about:blank')  # what went before goes on no longer
    browser.complaints.clear()
    browser.requests.clear()
    browser.size(1200, 900)
    yield browser, tmp_path / 'report.html'
    assert browser.complaints == []
    assert all(url.startswith(('file:', 'data:', 'blob:')) for url in browser.requests)
    assert not browser.evaluate('"ran" in window')
