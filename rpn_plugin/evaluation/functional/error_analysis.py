"""Where the errors are: what every detection is, and which instances were missed.

The kinds follow DETAD (Alwassel et al., ECCV 2018), with its wrong-label and confusion errors taken together.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rpn_plugin.evaluation.functional.average_precision import Detections, match_detections
from rpn_plugin.evaluation.functional.mean_ap import VideoSegments
from rpn_plugin.structures import pairwise_tiou

KINDS = ('true positive', 'duplicate', 'localization', 'confusion', 'background')
"""Kinds of detections. ``duplicate``: overlaps an instance of its class enough, but a better detection took it.
``localization``: overlaps one of its class, too little. ``confusion``: overlaps one of another class, and either enough
for a match or more than nothing of its own class. ``background``: overlaps nothing."""

TOUCHING = 0.1
"""tIoU from which a detection counts as overlapping an instance at all."""


@dataclass(frozen=True)
class ErrorAnalysis:
    """What became of N detections and M instances at one tIoU.

    Args:
        tiou: The threshold of a match.
        kind: (N,) index into :data:`KINDS`.
        rank: (N,) place of each detection among those of its class by descending score, from 0, divided by the number
            of the class's instances: below 1 are the detections that a perfect detector would have spoken of. Infinite
            for a class without instances.
        found: (M,) bool, instances that a detection took.
        length_sec: (M,) of each instance.
        crowd: (M,) instances in the same video.
        missed: The instances that no detection took, as (video, label, length in seconds, instances in the video).
    """

    tiou: float
    kind: np.ndarray
    rank: np.ndarray
    found: np.ndarray
    length_sec: np.ndarray
    crowd: np.ndarray
    missed: tuple[tuple[str, str, float, int], ...]

    def shares(self, budget: float = np.inf) -> np.ndarray:
        """(5,) share of each kind among the detections of rank below ``budget``, all by default; NaN if none."""
        counts = np.bincount(self.kind[(self.rank < budget) | np.isinf(budget)], minlength=len(KINDS))
        return counts / counts.sum() if counts.sum() else np.full(len(KINDS), np.nan)

    def recall_by(self, values: np.ndarray, borders: Sequence[float]) -> list[tuple[str, int, float]]:
        """Recall of the instances within each pair of borders.

        Args:
            values: (M,), e.g. :attr:`length_sec` or :attr:`crowd`.
            borders: Ascending; a bin holds its lower and not its upper border.

        Returns:
            Name, instances and recall of each bin; NaN where a bin is empty.
        """
        bins = []
        for low, high in zip(borders, borders[1:]):
            member = (values >= low) & (values < high)
            name = f'{low:g} up' if np.isinf(high) else f'[{low:g}, {high:g})'
            bins.append((name, int(member.sum()), float(self.found[member].mean()) if member.any() else float('nan')))
        return bins


def analyse_errors(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                   tiou: float = 0.5) -> ErrorAnalysis:
    """Sort every detection into :data:`KINDS` and every instance into found and missed.

    Matches are those of ActivityNet's rules at this tIoU, with all classes' detections kept.

    Args:
        detections: By video name, with scores.
        ground_truth: By video name.
        tiou: In (0.1, 1].

    Raises:
        ValueError: If ``tiou`` is outside its range, or there is no ground truth at all.
    """
    if not TOUCHING < tiou <= 1:
        raise ValueError(f'Expected a tIoU in ({TOUCHING}, 1], but got {tiou}.')
    truth, found = _flatten(ground_truth), _flatten(detections)
    if not truth:
        raise ValueError('No ground-truth segment: nothing to analyse the detections against.')
    matched, taken, rank = _match(found, truth, tiou)
    kind = np.zeros(len(found), dtype=np.int64)
    for index in np.flatnonzero(~matched):
        kind[index] = _error_kind(found[index], ground_truth.get(found[index].video), tiou)
    crowd = [len(ground_truth[entry.video].labels) for entry in truth]
    length = [float(entry.segment[1] - entry.segment[0]) for entry in truth]
    missed = tuple((truth[index].video, truth[index].label, length[index], crowd[index])
                   for index in np.flatnonzero(~taken))
    return ErrorAnalysis(tiou, kind, rank, taken, np.array(length), np.array(crowd), missed)


@dataclass(frozen=True)
class _Entry:
    video: str
    label: str
    segment: np.ndarray
    score: float


def _flatten(videos: Mapping[str, VideoSegments]) -> list[_Entry]:
    return [_Entry(video, label, segment, float(score)) for video, entry in videos.items()
            for label, segment, score in zip(entry.labels, entry.segments, entry.scores if entry.scores is not None
                                             else np.zeros(len(entry.labels)))]


def _match(found: list[_Entry], truth: list[_Entry], tiou: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which detections match, which instances are taken, and the rank of each detection."""
    matched, rank = np.zeros(len(found), dtype=bool), np.full(len(found), np.inf)
    taken = np.zeros(len(truth), dtype=bool)
    for label in {entry.label for entry in found}:
        members = np.array([index for index, entry in enumerate(found) if entry.label == label])
        by_video: dict[str, list[int]] = {}
        for index, entry in enumerate(truth):
            if entry.label == label:
                by_video.setdefault(entry.video, []).append(index)
        segments = {video: np.array([truth[index].segment for index in indices]) for video, indices in by_video.items()}
        of_class = Detections([found[index].video for index in members],
                              np.array([found[index].segment for index in members]),
                              np.array([found[index].score for index in members]))
        order, true_positive = match_detections(of_class, segments, [tiou])
        ordered = members[order]
        matched[ordered] = true_positive[0]
        if by_video:
            rank[ordered] = np.arange(len(ordered)) / sum(map(len, by_video.values()))
        for index in ordered[true_positive[0]]:
            free = [place for place in by_video[found[index].video] if not taken[place]]
            overlap = pairwise_tiou(found[index].segment[None], np.array([truth[place].segment for place in free]))[0]
            taken[free[int(overlap.argmax())]] = True
    return matched, taken, rank


def _error_kind(entry: _Entry, truth: VideoSegments | None, tiou: float) -> int:
    if truth is None or not len(truth.labels):
        return KINDS.index('background')
    overlap = pairwise_tiou(entry.segment[None], truth.segments)[0]
    own = np.array([name == entry.label for name in truth.labels])
    best_own, best_other = overlap[own].max(initial=0), overlap[~own].max(initial=0)
    if best_own >= tiou:
        return KINDS.index('duplicate')
    if best_other >= tiou:
        return KINDS.index('confusion')
    if best_own >= TOUCHING:
        return KINDS.index('localization')
    return KINDS.index('confusion' if best_other >= TOUCHING else 'background')


def precision_recall(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                     tiou: float = 0.5) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Precision over recall of every class that has ground truth, by descending score.

    Args:
        detections: By video name, with scores.
        ground_truth: By video name.
        tiou: Threshold of a match, in (0.1, 1].

    Returns:
        Class to (recall (N,), precision (N,)), N detections of the class; not interpolated.
    """
    truth, found = _flatten(ground_truth), _flatten(detections)
    matched, _, rank = _match(found, truth, tiou)
    curves = {}
    for label in sorted({entry.label for entry in truth}):
        members = np.array([index for index, entry in enumerate(found) if entry.label == label], dtype=np.int64)
        hits = matched[members[np.argsort(rank[members], kind='stable')]].cumsum()
        instances = sum(entry.label == label for entry in truth)
        curves[label] = (hits / instances, hits / np.arange(1, len(hits) + 1))
    return curves
