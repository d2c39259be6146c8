"""Labelled segments of a video in a JSON file: one form for detections and ground truth."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.files import shown
from rpn_plugin.structures import LONGEST_SEC, VideoSegments

_REFUSED = (KeyError, TypeError, ValueError, OverflowError)


def read_entries(path: str | Path, video: str, entries: Any, scored: bool) -> VideoSegments:
    """Check and convert what a file says about one video.

    Args:
        path: The file, for messages.
        video: Name of the video, for messages.
        entries: As parsed; expected is a list of ``{label, segment}``, with ``score`` if ``scored``.
        scored: Whether the entries are detections.

    Raises:
        ValueError: If they are anything else; names file, video and value.

    >>> read_entries('found.json', 'va', [dict(label='Diving', segment=[0, 4], score=0.9)], scored=True).scores
    array([0.9])
    """
    if not isinstance(entries, list):
        raise ValueError(f'{path}: video {video} has {shown(entries)}; expected a list of segments.')
    try:
        return _convert(entries, scored)
    except _REFUSED:
        for entry in entries:
            try:
                _convert([entry], scored)
            except _REFUSED as error:
                wanted = '{"label", "segment": [start, end]' + (', "score"}' if scored else '}')
                raise ValueError(f'{path}: video {video} has the entry {shown(entry)}; expected {wanted} with finite '
                                 f'numbers, and times of at most {LONGEST_SEC:.0f} seconds.') from error
        raise


def _convert(entries: list[Any], scored: bool) -> VideoSegments:
    segments = np.array([entry['segment'] for entry in entries], dtype=np.float64)  # numbers may be text, as BaS-Net's
    labels = [entry['label'] for entry in entries]
    scores = np.array([entry['score'] for entry in entries], dtype=np.float64) if scored else None
    if scores is not None and (scores.ndim != 1 or not np.isfinite(scores).all()):
        raise ValueError('a score is no finite number')
    if segments.size and not (np.abs(segments) <= LONGEST_SEC).all():
        raise ValueError('a time is not plausible')
    if not set(map(type, labels)) <= {str}:
        raise TypeError('a label is no text')
    return VideoSegments(segments, labels, scores)
