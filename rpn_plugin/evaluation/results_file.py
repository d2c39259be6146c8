"""Detections and ground truth as ActivityNet-style JSON files."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from rpn_plugin.evaluation.functional import VideoSegments


def write_detections(path: str | Path, detections: Mapping[str, VideoSegments]) -> None:
    """Write ActivityNet's submission format, ``{"version", "results": {video: [{label, score, segment}]}}``.

    The file appears whole or not at all. Segments are in seconds; numbers keep their full precision.
    """
    results = {video: [dict(label=label, score=float(score), segment=[float(border) for border in segment])
                       for segment, label, score in zip(found.segments, found.labels, found.scores)]
               for video, found in detections.items()}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'{path.name}.part')
    temporary.write_text(json.dumps(dict(version='VERSION 1.3', results=results, external_data={})), encoding='utf-8')
    temporary.replace(path)


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
    chosen = {video: entry for video, entry in database.items() if subset in (None, entry.get('subset'))}
    if not chosen:
        known = sorted({str(entry.get('subset')) for entry in database.values()})
        raise ValueError(f'{path}: no video in subset {subset!r}; the file has {known}.')
    return {video: _video_segments(path, video, entry.get('annotations') or [], scored=False)
            for video, entry in chosen.items()}


def _read_json(path: str | Path) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path}: not a JSON file: {error}.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a JSON object, but got {type(content).__name__}.')
    return content


def _video_segments(path: str | Path, video: str, entries: list, scored: bool) -> VideoSegments:
    segments, labels, scores = [], [], []
    for entry in entries:
        try:
            start, end = (float(border) for border in entry['segment'])
            segments.append((start, end))
            labels.append(entry['label'])
            scores.append(float(entry['score']) if scored else 0.0)
        except (KeyError, TypeError, ValueError) as error:
            wanted = '{"label", "segment": [start, end]' + (', "score"}' if scored else '}')
            raise ValueError(f'{path}: video {video} has the entry {entry!r}; expected {wanted}.') from error
    return VideoSegments(np.array(segments, dtype=np.float64).reshape(-1, 2), labels,
                         np.array(scores) if scored else None)
