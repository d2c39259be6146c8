"""Labelled segments of a video in a JSON file: one form for detections and ground truth."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.structures import VideoSegments


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
        raise ValueError(f'{path}: video {video} has {entries!r}; expected a list of segments.')
    rows = [_row(path, video, entry, scored) for entry in entries]
    values = np.array([row[:3] for row in rows], dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(values).all():
        entry = entries[int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])]
        raise _malformed(path, video, entry, scored)
    return VideoSegments(values[:, :2], [row[3] for row in rows], values[:, 2] if scored else None)


def _row(path: str | Path, video: str, entry: Any, scored: bool) -> tuple[float, float, float, str]:
    """(start, end, score, label) of one entry."""
    try:
        segment, label = entry['segment'], entry['label']
        start, end = segment
        row = float(start), float(end), float(entry['score']) if scored else 0.0, label
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _malformed(path, video, entry, scored) from error
    if isinstance(segment, str) or not isinstance(label, str):
        raise _malformed(path, video, entry, scored)
    return row


def _malformed(path: str | Path, video: str, entry: Any, scored: bool) -> ValueError:
    wanted = '{"label", "segment": [start, end]' + (', "score"}' if scored else '}')
    return ValueError(f'{path}: video {video} has the entry {entry!r}; expected {wanted} with finite numbers.')
