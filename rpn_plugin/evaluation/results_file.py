"""Detections and ground truth as files: ActivityNet-style JSON, THUMOS14's text files of detections, and CSV."""
from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Collection, Mapping

import numpy as np

from rpn_plugin.evaluation.thumos_files import read_thumos_detections
from rpn_plugin.files import written_whole
from rpn_plugin.structures import VideoSegments, as_segments


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


def write_detections_csv(path: str | Path, detections: Mapping[str, VideoSegments]) -> None:
    """Write a table with the columns video, label, start_sec, end_sec and score, whole or not at all."""
    with written_whole(path) as temporary, open(temporary, 'w', encoding='utf-8', newline='') as file:
        table = csv.writer(file)
        table.writerow(['video', 'label', 'start_sec', 'end_sec', 'score'])
        for video, found in detections.items():
            for (start, end), label, score in zip(found.segments.tolist(), found.labels, found.scores.tolist()):
                table.writerow([video, label, start, end, score])


def read_detections(path: str | Path) -> dict[str, VideoSegments]:
    """Read ActivityNet's submission format, or THUMOS14's from a file whose name ends in ``.txt``.

    Raises:
        ValueError: Names file, video and value of the first entry that is not ``{label, score, segment}``.
    """
    if Path(path).suffix == '.txt':
        return read_thumos_detections(path)
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
    database = _read_database(path)
    chosen = {video: entry for video, entry in database.items() if subset in (None, entry.get('subset'))}
    if not chosen:
        known = sorted({str(entry.get('subset')) for entry in database.values()})
        raise ValueError(f'{path}: no video' + (f' in subset {subset!r}; the file has {known}.' if database else '.'))
    return {video: _video_segments(path, video, entry.get('annotations', []), scored=False)
            for video, entry in chosen.items()}


def read_durations_sec(path: str | Path) -> dict[str, float]:
    """Lengths of the videos of an ActivityNet-style JSON that says them, in seconds.

    Raises:
        ValueError: Names file, video and value of the first that is not a positive number.
    """
    durations = {video: entry['duration'] for video, entry in _read_database(path).items() if 'duration' in entry}
    for video, duration in durations.items():
        if isinstance(duration, bool) or not isinstance(duration, (int, float)) or not 0 < duration < float('inf'):
            raise ValueError(f'{path}: video {video} has the duration {duration!r}; expected seconds above 0.')
    return durations


def read_ambiguous(path: str | Path) -> dict[str, np.ndarray]:
    """Read the ``ambiguous: {video: [[start, end], ...]}`` that a ground truth may have beside its ``database``.

    Returns:
        (N, 2) intervals in seconds by video; empty without that key.

    Raises:
        ValueError: Names file, video and value.
    """
    intervals = _read_json(path).get('ambiguous', {})
    if not isinstance(intervals, dict):
        raise ValueError(f'{path}: expected "ambiguous" as {{video: [[start, end], ...]}}, but got {intervals!r}.')
    read = {}
    for video, listed in intervals.items():
        try:
            read[video] = as_segments(listed)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f'{path}: video {video} has the ambiguous intervals {listed!r}; expected a list of '
                             f'[start, end] in finite seconds.') from error
    return read


def read_labels(path: str | Path) -> set[str]:
    """Labels that a ground truth knows: those annotated in any subset, and those of ``classes`` where it has them.

    Raises:
        ValueError: Names file, video and value.
    """
    truth = read_ground_truth(path)
    return {*(label for entry in truth.values() for label in entry.labels), *(_read_json(path).get('classes') or [])}


def without_labels(detections: Mapping[str, VideoSegments], labels: Collection[str]) -> dict[str, VideoSegments]:
    """The detections of all other labels, in their order."""
    return {video: found.take(np.array([label not in labels for label in found.labels], dtype=bool))
            for video, found in detections.items()}


def _read_database(path: str | Path) -> dict[str, dict]:
    database = _read_json(path).get('database')
    if not isinstance(database, dict):
        raise ValueError(f'{path}: expected a JSON object with a "database" of videos.')
    for video, entry in database.items():
        if not isinstance(entry, dict):
            raise ValueError(f'{path}: video {video} has the entry {entry!r}; expected a JSON object.')
    return database


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
