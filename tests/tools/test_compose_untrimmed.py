"""Composing at the command line: the closing summary, and one line that helps where something is wrong."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from clip_data import HMDB51_CLASSES, make_documented
from tool_runner import run_tool

HMDB51 = ['--features', 'rgb=hmdb51/rgb.tar.gz', '--split',
          *(f'hmdb51/splits/{name}_test_split1.txt' for name in HMDB51_CLASSES), '--classes', 'dive', 'jump',
          '--pair', 'dive:jump:1', '--out', 'out']
CLOCK = ['--fps', '30', '--stride', '16', '--window', '16']


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('documented')
    make_documented(root)
    return root


@pytest.fixture
def run(data, tmp_path, monkeypatch) -> Callable[..., tuple[int, str, str]]:
    """Run the tool where the documentation's data are; returns exit status, output and errors."""
    for name in ('ucf101', 'hmdb51'):
        (tmp_path / name).symlink_to(data / name)
    monkeypatch.chdir(tmp_path)

    return partial(run_tool, 'data/compose_untrimmed.py')


def test_the_summary_says_what_was_made_and_what_was_not_used(run) -> None:
    status, output, _ = run(*HMDB51, *CLOCK, '--share', '0.5', '--videos', '4', '2')
    assert status == 0 and re.search(r'^composing rgb .*100%', output, re.M)
    for subset, number in (('train', 4), ('test', 2)):
        assert re.search(rf'^{subset}: {number} videos of [\d.]+ to [\d.]+ s \(median [\d.]+\), 0\.\d\d hours, '
                         rf'\d+ instances of 3\.\d to 1\d\.\d s, (49|50|51)\.\d% action \(asked 50\.0%\)', output, re.M)
    assert 'jump in 100% of the videos with dive (asked 100%)' in output
    used, unused = (int(number) for number in re.findall(r'^(\d+) clips', output, re.M))
    assert used + unused == 240 and 'not in the split: 24' in output
    assert output.endswith('out/annotations.json\n')


@pytest.mark.parametrize('changes, status, message', [
    ([], 2, 'the following arguments are required: --fps, --stride, --window'),
    ([*CLOCK, '--pair', 'dive-jump'], 2, "expected CLASS:COMPANION:PROBABILITY, but got 'dive-jump'"),
    ([*CLOCK, '--features', 'rgb'], 2, "expected STREAM=PLACE, but got 'rgb'"),
    ([*CLOCK, '--features', 'rgb=a', 'rgb=b'], 1, '--features names one of rgb twice.'),
    ([*CLOCK, '--background', 'dive', 'run'], 1, 'dive: both an action class and background. Keep each class in one'),
    ([*CLOCK, '--videos', '90', '4'], 1, 'Too few clips in subset train: dive needs at least'),
    ([*CLOCK, '--split', 'hmdb51/splits/dive_test_split1.txt'], 1, 'No clip of jump in'),
    ([*CLOCK, '--features', 'rgb=nowhere'], 1, 'nowhere: not there'),
    ([*CLOCK, '--stride', '0'], 1, 'SnippetClock expects a positive number for stride_frames'),
])
def test_what_is_wrong_is_said_in_one_line(run, tmp_path, changes, status, message) -> None:
    found, _, errors = run(*HMDB51, *changes)
    assert found == status and message in errors and 'Traceback' not in errors
    assert {path.name for path in tmp_path.iterdir()} == {'ucf101', 'hmdb51'}
