"""Reads MMAction2's ActivityNet layout: ``anet_anno_*.json`` and one CSV of features per video."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout, require_instances
from rpn_plugin.files import read_json, shown

_PREFIX = 'anet_anno_'
_WHOLE = 'full'


def read_mmaction2(path: Path) -> Annotations:
    """Read one ``anet_anno_<subset>.json``, or all such files of a folder, each of which is a subset.

    ``anet_anno_full.json`` repeats the others and is read only if it is the path itself.

    Raises:
        ValueError: If there is no such file, an entry lacks its duration, or a video is in two of them.
    """
    files = sorted(file for file in path.glob(f'{_PREFIX}*.json') if file.stem != _PREFIX + _WHOLE) \
        if path.is_dir() else [path]
    if not files:
        raise ValueError(f'{path}: no {_PREFIX}<subset>.json in it.')
    database: dict[str, dict[str, Any]] = {}
    for file in files:
        subset = file.stem.removeprefix(_PREFIX)
        for video, entry in read_json(file).items():
            if video in database:
                raise ValueError(f'{file}: video {video} is in subset {database[video]["subset"]!r} already.')
            if not isinstance(entry, dict) or 'duration_second' not in entry:
                raise ValueError(f'{file}: video {video} has the entry {shown(entry)}; expected an object with '
                                 f'"duration_second" and "annotations".')
            database[video] = dict(subset=subset, duration=entry['duration_second'],
                                   annotations=[dict(label=annotation.get('label'), segment=annotation.get('segment'))
                                                for annotation in require_instances(file, video, entry)])
            if 'fps' in entry:
                database[video]['fps'] = entry['fps']
    return Annotations(database)


MMACTION2 = DataLayout('mmaction2',
                       "MMAction2's ActivityNet: anet_anno_<subset>.json, and <video>.csv rescaled to 100 rows",
                       read_mmaction2, dict(fps=25, spread_over_duration=True))
