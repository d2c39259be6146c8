"""Statistics of a subset."""
from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_stores import FeatureStore
from rpn_plugin.structures import FeatureNames, SubsetStatistics


def count(checked: CheckedSubset, extra: Mapping[str, list[str]]) -> SubsetStatistics:
    """Compute the statistics of a subset. Reads segment times, so that no training may call it.

    Args:
        checked: The subset.
        extra: Place to names, see :func:`extra_videos`.
    """
    subset, classes = checked.subset, checked.subset.annotations.classes
    presence = np.zeros((len(checked.labels), len(classes)), dtype=np.int64)
    for row, labels in enumerate(checked.labels.values()):
        presence[row, labels] = 1
    durations = {video: duration for video in subset.videos if (duration := _duration_sec(checked, video)) is not None}
    segments = {video: _segments(checked, video) for video in checked.labels}
    borders = {video: np.array([pair for pairs in found.values() for pair in pairs]).reshape(-1, 2)
               for video, found in segments.items()}
    covered = sum(_covered_sec(found, durations[video]) for video, found in borders.items() if video in durations)
    timed = [video for video in checked.headers if video in checked.durations]
    return SubsetStatistics(
        subset.name, subset.training, classes, len(subset.videos), len(checked.headers),
        {stream: _names(store, subset.videos, extra) for stream, store in subset.stores.items()},
        np.array(list(durations.values())),
        np.array([checked.num_snippets(video) for video in checked.headers], dtype=np.int64),
        np.array([checked.durations[video] for video in timed]),
        np.array([checked.durations[video] / checked.num_snippets(video) for video in timed]),
        presence.sum(1), presence.sum(0),
        np.array([sum(len(found.get(label, ())) for found in segments.values()) for label in classes], dtype=np.int64),
        np.concatenate([np.zeros(0), *(found[:, 1] - found[:, 0] for found in borders.values())]),
        covered / sum(durations.values()) if durations and any(segments.values()) else float('nan'),
        presence.T @ presence)


def _names(store: FeatureStore, videos: Collection[str], extra: Mapping[str, list[str]]) -> FeatureNames:
    there = set(store.videos())
    missing = [video for video in videos if video not in there]
    return FeatureNames(store.where('*'), len(videos) - len(missing), missing, extra[store.where('*')])


def _duration_sec(checked: CheckedSubset, video: str) -> float | None:
    """Return the duration that the file states, else the time that the features cover by a usable recipe."""
    if video in checked.durations:
        return checked.durations[video]
    return checked.clocks[video].duration_sec(checked.num_snippets(video)) if video in checked.clocks else None


def _segments(checked: CheckedSubset, video: str) -> dict[str, list[tuple[float, float]]]:
    """Return by label the segments of a video that are intervals."""
    annotations = checked.subset.annotations
    found: dict[str, list[tuple[float, float]]] = {}
    for annotation in annotations.annotations(video):
        try:
            found.setdefault(annotation['label'], []).append(annotations.segment(video, annotation))
        except Fault:  # listed by check_segments
            continue
    return found


def _covered_sec(segments: np.ndarray, duration_sec: float) -> float:
    """Return the seconds of [0, duration_sec] that at least one of the segments (N, 2) covers."""
    covered = reached = 0.0
    for start, end in segments[np.argsort(segments[:, 0], kind='stable')].clip(0, duration_sec):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered
