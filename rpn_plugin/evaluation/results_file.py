"""Detections and ground truth as ActivityNet-style JSON files."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from rpn_plugin.evaluation.functional import VideoSegments
from rpn_plugin.files import written_whole


def write_detections(path: str | Path, detections: Mapping[str, VideoSegments]) -> None:
    """Write ActivityNet's submission format, ``{"version", "results": {video: [{label, score, segment}]}}``.

    The file appears whole or not at all. Segments are in seconds; numbers keep their full precision.

    Raises:
        ValueError: If a score is not finite; names the video.
    """
    results = {video: [dict(label=label, score=float(score), segment=[float(border) for border in segment])
                       for segment, label, score in zip(found.segments, found.labels, found.scores)]
               for video, found in detections.items()}
    for video, found in detections.items():
        if not np.isfinite(found.scores).all():
            raise ValueError(f'Detections of video {video} have a score that is not finite.')
    content = dict(version='VERSION 1.3', results=results, external_data={})
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content), encoding='utf-8')


def read_detections(path: str | Path) -> dict[str, VideoSegments]:
    """Read ActivityNet's submission format.

    Raises:
        ValueError: Names file, video and value of the first entry that is not ``{label, score, segment}``.
    """
    results = _read_json(path).get('results')
    if not isinstance(results, dict):
        raise ValueError(f'{path}: expected a JSON object with "results": {{video: [...]}}.')
    return {video: _video_segments(path, video, entries, scored=True) for video, entries in results.items()}


def read_ground_truth(path: str | Path, subset: str | None = None) -> dict[str, VideoSegments]:
    """Read the annotated segments of an ActivityNet-style JSON.

    Args:
        path: JSON with ``database``.
        subset: Take the videos of this subset only; None takes all.

    Raises:
        ValueError: Names file, video and value.
    """
    database = _read_json(path).get('database')
    if not isinstance(database, dict):
        raise ValueError(f'{path}: expected a JSON object with a "database" of videos.')
    for video, entry in database.items():
        if not isinstance(entry, dict):
            raise ValueError(f'{path}: video {video} has the entry {entry!r}; expected a JSON object.')
    chosen = {video: entry for video, entry in database.items() if subset in (None, entry.get('subset'))}
    if not chosen:
        known = sorted({str(entry.get('subset')) for entry in database.values()})
        raise ValueError(f'{path}: no video' + (f' in subset {subset!r}; the file has {known}.' if database else '.'))
    return {video: _video_segments(path, video, entry.get('annotations', []), scored=False)
            for video, entry in chosen.items()}


def _read_json(path: str | Path) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path}: not a JSON file: {error}.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a JSON object, but got {type(content).__name__}.')
    return content


def _video_segments(path: str | Path, video: str, entries: Any, scored: bool) -> VideoSegments:
    if not isinstance(entries, list):
        raise ValueError(f'{path}: video {video} has {entries!r}; expected a list of segments.')
    segments, labels, scores = [], [], []
    for entry in entries:
        try:
            (start, end), label = entry['segment'], entry['label']
            values = [float(start), float(end), float(entry['score']) if scored else 0.0]
            if isinstance(entry['segment'], str) or not isinstance(label, str) or not np.isfinite(values).all():
                raise ValueError('not finite, or not of this form')
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            wanted = '{"label", "segment": [start, end]' + (', "score"}' if scored else '}')
            raise ValueError(f'{path}: video {video} has the entry {entry!r}; expected {wanted} with finite '
                             f'numbers.') from error
        segments.append(values[:2])
        labels.append(label)
        scores.append(values[2])
    return VideoSegments(np.array(segments, dtype=np.float64).reshape(-1, 2), labels,
                         np.array(scores) if scored else None)
