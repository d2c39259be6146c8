"""Recognizes the layout of annotations by what lies at their path."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rpn_plugin.datasets.formats.label_table import TABLE_SUFFIXES
from rpn_plugin.files import read_json

NAME_IT = 'Name the layout (--layout), see docs/layouts'


def recognize_layout(path: str | Path) -> str:
    """Return the name of the layout that annotations have, by names of files and by keys; nothing is checked.

    Raises:
        FileNotFoundError: If there is nothing.
        ValueError: If it is of no layout that is known by its looks.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'No labels {path}: there is no such file or folder.')
    if path.is_dir():
        return _of_folder(path)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return 'label_table'
    if path.suffix.lower() == '.json':
        return _of_json(path)
    raise ValueError(f'{path}: expected labels as a table ({", ".join(TABLE_SUFFIXES)}), a JSON, or the folder of a '
                     f'public release. {NAME_IT}.')


def _of_folder(path: Path) -> str:
    marks = {'wtalc': 'videoname.npy', 'basnet': 'gt.json', 'mmaction2': 'anet_anno_*.json',
             'thumos14': '**/*_val.txt'}
    for layout, pattern in marks.items():
        if next(path.glob(pattern), None):
            return layout
    raise ValueError(f'{path}: expected the folder of a public release, by one of {", ".join(marks.values())} in it. '
                     f'{NAME_IT}.')


def _of_json(path: Path) -> str:
    content = read_json(path)
    database = content.get('database')
    if not isinstance(database, Mapping):
        entries = list(content.values())
        if entries and all(isinstance(entry, Mapping) and 'duration_second' in entry for entry in entries):
            return 'mmaction2'
        raise ValueError(f'{path}: expected a JSON with a "database" of videos, or with "duration_second" for each. '
                         f'{NAME_IT}.')
    if 'taxonomy' in content:
        return 'activitynet'
    instance = _first_instance(database)
    if 'label_id' in instance:
        return 'actionformer'
    borders = instance.get('segment')
    return 'basnet' if isinstance(borders, list) and any(isinstance(border, str) for border in borders) else 'plugin'


def _first_instance(database: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first annotated instance of any video; nothing where there is none, or none of the usual form."""
    for entry in database.values():
        instances = entry.get('annotations') if isinstance(entry, Mapping) else None
        if isinstance(instances, list) and instances and isinstance(instances[0], Mapping):
            return instances[0]
    return {}
