"""Detections as ActionFormer writes them, ``eval_results.pkl``: a pickle, which is read and never unpickled."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.files import require_regular_file, shown
from rpn_plugin.pickle_machine import run_pickle
from rpn_plugin.stored_array import StoredArray
from rpn_plugin.structures import VideoSegments

NUMBERS = {'t-start': 'iuf', 't-end': 'iuf', 'label': 'iu', 'score': 'iuf'}
"""Its columns of numbers, with the kinds of dtype that they may have; times are in seconds."""


def read_actionformer_results(path: str | Path, class_names: Mapping[int, str]) -> dict[str, VideoSegments]:
    """Read a dictionary of the columns ``video-id``, ``t-start``, ``t-end``, ``label`` and ``score``.

    Args:
        path: The file.
        class_names: By the number that stands for them in the column ``label``.

    Raises:
        UnsafePickleError: If it holds anything but plain values and arrays of numbers.
        ValueError: If it has another form, a label has no name, or a value is not finite; names file and value.
        OSError: If it cannot be opened.
    """
    require_regular_file(path)
    with open(path, 'rb') as file:
        content = run_pickle(file, path, with_dicts=True)
    wanted = ('video-id', *NUMBERS)
    if not isinstance(content, dict) or not content.keys() >= {*wanted}:
        found = sorted(content) if isinstance(content, dict) else f'a {type(content).__name__}'
        raise ValueError(f"{path}: expected ActionFormer's results, a dictionary with {', '.join(wanted)}, but got "
                         f'{shown(found)}.')
    videos = content['video-id']
    if not isinstance(videos, list) or not {*map(type, videos)} <= {str}:
        raise ValueError(f'{path}: expected "video-id" as a list of names, but got {shown(videos)}.')
    columns = {name: _column(path, name, content[name], len(videos)) for name in NUMBERS}
    unknown = {*columns['label'].tolist()} - class_names.keys()
    if unknown:
        raise ValueError(f'{path}: no class has the number {min(unknown)}; known are {sorted(class_names)}.')
    rows: dict[str, list[int]] = {}
    for row, video in enumerate(videos):
        rows.setdefault(video, []).append(row)
    segments = np.stack([columns['t-start'], columns['t-end']], axis=1).astype(np.float64)
    labels, scores = columns['label'].tolist(), columns['score'].astype(np.float64)
    read = {}
    for video, own in rows.items():
        if not np.isfinite(scores[own]).all():
            raise ValueError(f'{path}: video {video} has a score that is not finite.')
        try:
            read[video] = VideoSegments(segments[own], [class_names[labels[row]] for row in own], scores[own])
        except ValueError as error:
            raise ValueError(f'{path}: video {video}: {error}') from error
    return read


def _column(path: str | Path, name: str, value: Any, length: int) -> np.ndarray:
    array = value.open() if isinstance(value, StoredArray) else value
    if not isinstance(array, np.ndarray) or array.shape != (length, ) or array.dtype.kind not in NUMBERS[name]:
        form = f'shape {array.shape} of {array.dtype}' if isinstance(array, np.ndarray) else shown(array)
        raise ValueError(f'{path}: expected "{name}" as {length} numbers, one for each "video-id", but got {form}.')
    return array
