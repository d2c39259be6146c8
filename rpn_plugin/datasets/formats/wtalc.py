"""Reads the layout of W-TALC and its descendants (CO2-Net, RSKP, FAC-Net, DELU, ...)."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout
from rpn_plugin.datasets.formats.object_arrays import has_objects, read_object_array
from rpn_plugin.files import shown
from rpn_plugin.foreign_files import map_array, naming
from rpn_plugin.stored_array import StoredArray
from rpn_plugin.thumos_annotations import read_intervals

RECIPE = dict(fps=25, snippet_stride=16, window=16)
_FILES = ('videoname', 'subset', 'labels', 'labels_all', 'segments', 'classlist')
MOST_VALUES = 10**7
"""Of a column: ActivityNet has 2e4 videos, and lists share nothing in an honest file."""
_OPTIONAL = ('duration', 'original_fps', 'extracted_fps')


def read_wtalc(path: Path) -> Annotations:
    """Read a folder such as ``Thumos14reduced-Annotations`` or ``ActivityNet1.2-Annotations``.

    ``labels_all`` are the video-level labels (what these methods train on), ``labels`` those of the segments.

    Raises:
        ValueError: If a file is missing, is not what its name says, or their lengths differ.
    """
    if not path.is_dir():
        raise ValueError(f"{path}: expected the folder of W-TALC's annotations, with {_FILES[0]}.npy beside others.")
    missing = [f'{name}.npy' for name in _FILES if not (path / f'{name}.npy').is_file()]
    if missing:
        raise ValueError(f'{path}: {", ".join(missing)} missing; W-TALC\'s annotations are the files '
                         f'{", ".join(f"{name}.npy" for name in _FILES)}.')
    columns = {name: _read(path / f'{name}.npy') for name in (*_FILES, *_OPTIONAL) if (path / f'{name}.npy').is_file()}
    names = columns['videoname']
    for name, values in columns.items():
        if name != 'classlist' and len(values) != len(names):
            raise ValueError(f'{path}/{name}.npy: has {len(values)} entries, but videoname.npy has {len(names)}.')
    database = {video: _entry(path, columns, index) for index, video in enumerate(names)}
    if len(database) != len(names):
        twice = sorted({video for video in names if names.count(video) > 1})
        raise ValueError(f'{path}/videoname.npy: the videos {twice} are there more than once.')
    return Annotations(database, tuple(columns['classlist']), ambiguous=_ambiguous(path),
                       remarks=_remarks(columns, database))


def _read(path: Path) -> list[Any]:
    """Read the entries of a column, byte strings decoded.

    Raises:
        ValueError: If they are not of the kind that the column has; names file, number and value.
    """
    try:
        if has_objects(path):
            values = _Decoder(path).decode(read_object_array(path))
        else:
            with naming(path):
                array = map_array(path)
                if not array.size:
                    raise ValueError(f'expected a column of entries, but got shape {array.shape}')
            values = _Decoder(path).decode(array.reshape(len(array), -1)[:, 0].tolist())
    except (UnicodeDecodeError, TypeError, RecursionError) as error:
        raise ValueError(f'{path}: not a column of names, numbers and lists of them ({error}).') from error
    kind = dict.fromkeys(('videoname', 'subset', 'classlist'), str) | dict.fromkeys(_OPTIONAL, (int, float))
    for number, value in enumerate(values):
        if not isinstance(value, kind.get(path.stem, list)):
            raise ValueError(f'{path}: entry {number} is {shown(value)}; expected '
                             f'{_EXPECTED[kind.get(path.stem, list)]}.')
    return values


_EXPECTED: dict[Any, str] = {str: 'a name', (int, float): 'a number', list: 'a list'}


class _Decoder:
    """Makes plain lists of names and numbers. A list that is shared is written out wherever it is used, up to a limit.

    Args:
        path: For messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left = MOST_VALUES

    def decode(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode('utf-8')
        if isinstance(value, StoredArray):
            value = value.open()
        if isinstance(value, np.ndarray):
            self._count(value.size)
            value = value.tolist()
        if not isinstance(value, (list, tuple)):
            return value
        self._count(len(value))
        return [self.decode(part) for part in value]

    def _count(self, number: int) -> None:
        self.left -= number
        if self.left < 0:
            raise ValueError(f'{self.path}: refused. Its nested lists unfold to more than {MOST_VALUES} values.')


def _entry(path: Path, columns: dict[str, list], index: int) -> dict[str, Any]:
    labels, segments = columns['labels'][index], columns['segments'][index]
    if len(labels) != len(segments):
        raise ValueError(f'{path}: video {columns["videoname"][index]} has {len(labels)} labels in labels.npy, but '
                         f'{len(segments)} segments in segments.npy.')
    entry = dict(subset=columns['subset'][index], labels=columns['labels_all'][index],
                 annotations=[dict(label=label, segment=segment) for label, segment in zip(labels, segments)])
    if 'duration' in columns:
        entry['duration'] = columns['duration'][index]
    if 'original_fps' in columns:
        entry['fps'] = columns['original_fps'][index]
    return entry


def _ambiguous(path: Path) -> dict[str, list[list[float]]]:
    file = path / 'Ambiguous_test.txt'
    return read_intervals(file) if file.is_file() else {}


def _remarks(columns: dict[str, list], database: dict[str, dict]) -> tuple[str, ...]:
    remarks = []
    rates = sorted(set(columns.get('extracted_fps', ())))
    if rates and rates != [RECIPE['fps']]:
        remarks.append(f'extracted_fps.npy says {", ".join(f"{rate:g}" for rate in rates)} fps, a known fault of this '
                       f'release: its features are one per {RECIPE["snippet_stride"]} frames at {RECIPE["fps"]} fps. '
                       f'The number is not used.')
    differ = [video for video, entry in database.items()
              if set(entry['labels']) != {annotation['label'] for annotation in entry['annotations']}]
    if differ:
        remarks.append(f'the video-level labels (labels_all.npy, which are used) differ from those of the segments '
                       f'(labels.npy) for {len(differ)} videos: {", ".join(differ)}.')
    return tuple(remarks)


WTALC = DataLayout('wtalc',
                   'W-TALC and descendants: a folder of .npy columns, and one .npy of all features, RGB then flow',
                   read_wtalc, RECIPE, dict(rgb=(0, 1024), flow=(1024, 2048)))
