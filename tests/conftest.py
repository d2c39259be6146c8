"""Fixtures that every test may use."""
from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

REPOSITORY = Path(__file__).resolve().parents[1]
CLASSES = ['Diving', 'CliffDiving', 'HighJump']

torch.set_num_threads(1)
gc.freeze()  # MMEngine collects garbage for every dataset that it builds; what is imported stays out of it


LONGEST_FILES = ('test_readme.py', 'test_notebook.py', 'test_tune.py', 'test_resume.py')
"""Minutes each; they begin first, so that no core waits for the last of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; tools/run_tests.sh keeps that order."""
    items.sort(key=lambda item: item.path.name not in LONGEST_FILES)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say last which tests were skipped and why: each reason names what is missing, and once however many it skips."""
    skipped = terminalreporter.getreports('skipped')
    reasons = Counter(report.longrepr[2].removeprefix('Skipped: ') for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f'skipped {count}: {reason}')


@pytest.fixture(autouse=True)
def _mmaction_scope() -> None:
    init_default_scope('mmaction')


@pytest.fixture(autouse=True)
def _plain_config_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host formats the config with yapf for every log and checkpoint, seconds each; the text means the same raw."""
    monkeypatch.setattr('mmengine.config.config.FormatCode', lambda text, **_: (text, True))


@pytest.fixture(scope='session')
def _own_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('custom')
    write_synthetic(root, SyntheticSettings(num_train=2, num_test=1, median_snippets=20))
    return root


@pytest.fixture(autouse=True)
def _custom_root(_own_videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """configs/rpn_custom.py reads its sizes off the data when it is read; here are some."""
    monkeypatch.setenv('RPN_CUSTOM_ROOT', str(_own_videos))


@pytest.fixture
def synthetic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[SyntheticSettings], Path]:
    """Writes a made data set to which configs/rpn_synthetic.py then points; gives its folder."""

    def write(settings: SyntheticSettings) -> Path:
        write_synthetic(tmp_path / 'data', settings)
        monkeypatch.setenv('RPN_SYNTHETIC_ROOT', str(tmp_path / 'data'))
        return tmp_path / 'data'

    return write


@pytest.fixture
def repository() -> Path:
    """Root of the checkout."""
    return REPOSITORY


@pytest.fixture
def python() -> str:
    """The interpreter that runs the tests."""
    return sys.executable


@pytest.fixture
def shared_data() -> Path:
    """Real data for tests; skips where it is absent."""
    root = Path(os.environ.get('RPN_SHARED_DATA', REPOSITORY.parent / 'shared' / 'data'))
    if not root.is_dir():
        pytest.skip(f'no shared data at {root}; set RPN_SHARED_DATA')
    return root


class TinySet:
    """A small data set on disk that a test may spoil before it is read.

    Twelve videos of three classes, every third with two, lengths 5 to 27, D = 4 per stream.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rng = np.random.default_rng(0)
        self.content = dict(classes=list(CLASSES), feature=dict(fps=25.0, snippet_stride=16, window=16), database={})
        for index in range(12):
            subset, length = ('train' if index < 8 else 'test'), 5 + 2 * index
            labels = [CLASSES[index % 3]] + ([CLASSES[(index + 1) % 3]] if index % 3 == 0 else [])
            annotations = [dict(label=label, segment=[0.64 * (1 + place), 0.64 * (3 + place)])
                           for place, label in enumerate(labels)]
            name = f'{subset}_{index}'
            self.content['database'][name] = dict(subset=subset, duration=0.64 * length, annotations=annotations)
            for stream in ('rgb', 'flow'):
                self.write_features(stream, name, self.rng.standard_normal((length, 4)).astype(np.float16))
        self.save()

    def path(self, stream: str, video: str) -> Path:
        """Of a feature file."""
        return self.root / 'features' / stream / f'{video}.npy'

    def write_features(self, stream: str, video: str, features: np.ndarray) -> None:
        """Replace a feature file."""
        self.path(stream, video).parent.mkdir(parents=True, exist_ok=True)
        np.save(self.path(stream, video), features)

    def save(self) -> None:
        """Write ``content`` as the annotation file."""
        (self.root / 'annotations.json').write_text(json.dumps(self.content))

    def config(self, subset: str = 'train', **changes: object) -> dict:
        """Config of a dataset on these files."""
        return dict(
            type='UntrimmedFeatureDataset', data_root=str(self.root), ann_file='annotations.json', subset=subset,
            test_mode=subset == 'test', data_prefix=dict(rgb='features/rgb', flow='features/flow'),
            pipeline=[dict(type='LoadSnippets'), dict(type='PackUntrimmedInputs')]) | changes


@pytest.fixture
def tiny(tmp_path: Path) -> TinySet:
    """A small data set on disk."""
    return TinySet(tmp_path / 'tiny')
