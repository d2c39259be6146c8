"""Digests of code and data and the versions of packages, by which a result says what it was measured with."""
from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PLUGIN = Path(__file__).resolve().parent
TRAINING_STEPS = ('structures', 'datasets', 'models', 'engine')
TESTING_STEPS = (*TRAINING_STEPS, 'evaluation')
SHARED_FILES = ('compat.py', 'files.py')
"""Files beside the rooms that every training and test runs through; files.py reads the annotations."""
PACKAGES = ('torch', 'mmengine', 'mmaction2', 'numpy')


class CodeChangedError(RuntimeError):
    """The plugin's code is not what it was when its measurement began."""


def digest(content: Any) -> str:
    """Return twelve characters that stand for a JSON-like value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=list).encode()).hexdigest()[:12]


def versions() -> dict[str, str]:
    """Return the versions of the packages that numbers depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def plugin_digest(steps: Iterable[str] = TESTING_STEPS) -> str:
    """Return a digest of the code of some of the plugin's steps and of the versions of what it needs."""
    files = [*(PLUGIN / name for name in SHARED_FILES),
             *(path for step in steps for path in sorted((PLUGIN / step).rglob('*.py')))]
    return digest([[hashlib.sha256(path.read_bytes()).hexdigest() for path in files], versions()])


def require_plugin(code: str) -> None:
    """Check that the code is still what :func:`plugin_digest` saw, so that no result is filed under other code.

    Raises:
        CodeChangedError: If it is not.
    """
    if plugin_digest() != code:
        raise CodeChangedError(f'{PLUGIN} was changed while it was being measured, so the result would be of neither '
                               f'code. Start again; what was done before the change is taken if you undo it.')


def data_stamp(dataset: Mapping[str, Any]) -> str:
    """Return a digest of a data set: the content of its annotation file; name, size and time of every other file.

    Args:
        dataset: Its config, with ``ann_file``, ``data_prefix`` and perhaps ``data_root``.

    Raises:
        FileNotFoundError: If it has no annotation file.
    """
    place = Path(dataset.get('data_root') or '')
    annotations = place / dataset['ann_file']
    if not annotations.exists():
        raise FileNotFoundError(f'No annotation file {annotations}. Put the data where the config expects it (see the '
                                f'README), or name another family with --data.')
    content: list[Any] = []
    if annotations.is_file():
        content.append(hashlib.sha256(annotations.read_bytes()).hexdigest())
    for prefix in (annotations, *(place / prefix for prefix in dataset['data_prefix'].values())):
        pattern = '*'.join(map(glob.escape, re.split(r'\{\w*\}', str(prefix))))
        paths = sorted(path for found in map(Path, glob.glob(pattern))
                       for path in (found.iterdir() if found.is_dir() else [found]))
        content += [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in paths]
    return digest(content)
