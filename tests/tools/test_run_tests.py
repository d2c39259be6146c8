"""The test command brings a browser where it may, and never fails for the lack of one."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

MESSAGE = "== no Chromium: installing Debian's package for the tests of the report page"


@pytest.fixture
def machine(tmp_path) -> Path:
    """A folder of commands, the only ones there are: root's, with an apt-get that writes down what it is asked for."""
    for name in ('bash', 'cat'):
        (tmp_path / name).symlink_to(shutil.which(name))
    write(tmp_path / 'id', 'echo 0')
    write(tmp_path / 'timeout', 'shift; "$@"')
    write(tmp_path / 'apt-get', f'echo "$@" >> {tmp_path}/asked; echo loud; echo loud >&2')
    return tmp_path


def write(path: Path, command: str) -> None:
    path.write_text(f'#!{shutil.which("bash")}\n{command}\n')
    path.chmod(0o755)


def bring_browser(machine: Path, repository: Path, times: int = 1, **environment: str) -> tuple[str, list[str]]:
    """What is printed, and what apt-get was asked for."""
    script = f'set -euo pipefail; source {repository}/tools/_browser.sh; ' + 'bring_browser; ' * times + 'echo went on'
    run = subprocess.run(['bash', '-c', script], env=dict(PATH=str(machine), **environment), capture_output=True,
                         text=True, check=True)
    assert run.stderr == '' and run.stdout.endswith('went on\n')
    asked = machine / 'asked'
    return run.stdout.removesuffix('went on\n'), asked.read_text().splitlines() if asked.exists() else []


def test_root_with_apt_gets_chromium_quietly(machine, repository) -> None:
    printed, asked = bring_browser(machine, repository)
    assert printed == f'{MESSAGE}\n'
    assert asked[0] == 'update' and all(command.endswith(' chromium') for command in asked[1:]) and len(asked) == 3


@pytest.mark.parametrize('name', ['chromium', 'chromium-browser', 'google-chrome', 'chrome'])
def test_a_browser_that_is_there_is_enough(machine, repository, name) -> None:
    write(machine / name, 'true')
    assert bring_browser(machine, repository) == ('', [])


def test_nobody_else_asks_for_it(machine, repository) -> None:
    write(machine / 'id', 'echo 1000')
    assert bring_browser(machine, repository) == ('', [])
    write(machine / 'id', 'echo 0')
    (machine / 'apt-get').unlink()
    assert bring_browser(machine, repository) == ('', [])


@pytest.mark.parametrize('fault', ['exit 100', 'sleep 60'])
def test_a_failure_is_one_line_and_is_not_tried_again(machine, repository, fault) -> None:
    (machine / 'sleep').symlink_to(shutil.which('sleep'))
    (machine / 'timeout').unlink()
    write(machine / 'timeout', f'shift; exec {shutil.which("timeout")} 0.1 "$@"')
    write(machine / 'apt-get', f'echo "$@" >> {machine}/asked; {fault}')
    printed, asked = bring_browser(machine, repository, times=2)
    assert printed == f'{MESSAGE}\n== that did not work; the tests of the report page are skipped\n'
    assert asked == ['update']


def test_the_last_lines_say_what_was_skipped_and_why(request, repository) -> None:
    conftest, = (plugin for plugin in request.config.pluginmanager.get_plugins()
                 if getattr(plugin, '__file__', None) == str(repository / 'tests' / 'conftest.py'))
    reports = [SimpleNamespace(longrepr=('test.py', line, f'Skipped: {reason}'))
               for line, reason in enumerate(['no h5py', 'no Chromium', 'no Chromium'])]
    lines: list[str] = []
    conftest.pytest_terminal_summary(SimpleNamespace(getreports=lambda name: reports if name == 'skipped' else [],
                                                     write_line=lines.append))
    assert lines == ['skipped 2: no Chromium', 'skipped 1: no h5py']
