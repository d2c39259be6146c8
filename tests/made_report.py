"""Made videos for the tests of the report page, and how they look at it."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import Browser

from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import Curves, ReportVideo


def segments(*rows: tuple, scored: bool = True) -> VideoSegments:
    """Of rows (start, end, label, score)."""
    return VideoSegments(np.array([row[:2] for row in rows], dtype=float).reshape(-1, 2), [row[2] for row in rows],
                         np.array([row[3] for row in rows], dtype=float) if scored else None)


def found(*rows: tuple) -> dict[str, VideoSegments]:
    """Detections of a single file."""
    return {'found.json': segments(*rows)}


def two_videos() -> list[ReportVideo]:
    """Both with ground truth, the first with curves."""
    values = np.stack([np.linspace(-0.25, 1, 100), np.zeros(100)], axis=1)
    return [
        ReportVideo('first', found((10, 20, 'Diving', 0.9), (12, 18, 'Diving', 0.5), (40, 50, 'HighJump', 0.3)),
                    64.0, segments((11, 19, 'Diving'), scored=False),
                    Curves(('Diving', 'HighJump'), values, 0.0, 0.64)),
        ReportVideo('second', found((1, 2, 'HighJump', 0.7), (3, 4, 'HighJump', 0.1)), 10.0,
                    segments((0, 3, 'HighJump'), (6, 7, 'Diving'), scored=False)),
    ]


def write_clip(path: Path, seconds: int = 60) -> None:
    """Moving grey, in a format that Chromium plays."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'VP80'), 5, (64, 48))
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no VP8')
    for frame in range(5 * seconds):
        writer.write(np.full((48, 64, 3), frame % 256, np.uint8))
    writer.release()


def text(browser: Browser, selector: str) -> str:
    """Of the first element that fits."""
    return browser.evaluate(f'document.querySelector({selector!r}).textContent')


def texts(browser: Browser, selector: str) -> list[str]:
    """Of all elements that fit."""
    return browser.evaluate(f'[...document.querySelectorAll({selector!r})].map(each => each.textContent)')


def bars(browser: Browser, kind: str = 'found') -> int:
    """Number of bars of a kind in the videos that are shown."""
    return browser.evaluate(f'document.querySelectorAll(".video:not([hidden]) rect.{kind}").length')


def shown_videos(browser: Browser) -> list[str]:
    """Names in the order of the page."""
    return texts(browser, '.video:not([hidden]) h2 b')


def click(browser: Browser, selector: str, place: int = 0) -> None:
    """Click an element by script."""
    browser.evaluate(f'document.querySelectorAll({selector!r})[{place}].dispatchEvent('
                     'new MouseEvent("click", {bubbles: true, cancelable: true}))')


def press_button(browser: Browser, words: str) -> None:
    """Click the first button with this text."""
    browser.evaluate(f'[...document.querySelectorAll("button")].find(each => each.textContent === {words!r}).click()')


def choose_option(browser: Browser, name: str, value: object) -> None:
    """Of a select element by its id."""
    browser.evaluate(f'(select => {{ select.value = {value!r}; select.dispatchEvent(new Event("change")); }})('
                     f'document.getElementById({name!r}))')


def move_slider(browser: Browser, share: float, place: int = 0) -> float:
    """To a share of its way; the threshold that the page says then."""
    browser.evaluate(f"""(slider => {{ slider.value = {1000 * share}; slider.dispatchEvent(new Event("input"));
                         slider.dispatchEvent(new Event("change"));
                         return new Promise(requestAnimationFrame); }})(
                         document.querySelectorAll(".threshold input")[{place}])""")
    return float(browser.evaluate(f'document.querySelectorAll(".threshold output")[{place}].textContent'))


def centre(browser: Browser, selector: str, place: int = 0) -> tuple[float, float]:
    """Of an element on the screen."""
    x, y = browser.evaluate(f"""(box => [box.x + box.width / 2, box.y + box.height / 2])(
                                document.querySelectorAll({selector!r})[{place}].getBoundingClientRect())""")
    return x, y
