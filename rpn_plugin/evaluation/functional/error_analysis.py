"""Analysis of errors: the kind of every detection, and the instances that were missed.

The kinds follow DETAD (Alwassel et al., ECCV 2018), with its wrong-label and confusion errors taken together.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rpn_plugin.evaluation.functional.matching import overlapping_pairs, union_by_lengths
from rpn_plugin.evaluation.functional.mean_ap import match_detections
from rpn_plugin.evaluation.functional.tables import SegmentTable
from rpn_plugin.evaluation.protocols import Protocol
from rpn_plugin.structures import VideoSegments

KINDS = ('true positive', 'duplicate', 'localization', 'confusion', 'background')
"""The kinds of detections. ``duplicate``: overlaps an instance of its class enough, but a better detection took it.
``localization``: overlaps one of its class, too little. ``confusion``: overlaps one of another class, and either enough
for a match or more than nothing of its own class. ``background``: overlaps nothing."""

TOUCHING = 0.1
"""tIoU from which a detection counts as overlapping an instance at all."""


@dataclass(frozen=True)
class ErrorAnalysis:
    """The kinds of N detections and the fate of M instances at one tIoU.

    Args:
        tiou: The threshold of a match.
        kind: (N,) index into :data:`KINDS`.
        rank: (N,) place of each detection among those of its class by descending score, from 0, divided by the number
            of the class's instances: a perfect detector would have the detections below 1 only. Infinite for a class
            without instances.
        found: (M,) bool, whether a detection took the instance.
        length_sec: (M,) length of each instance.
        crowd: (M,) number of instances in the video of each instance.
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
        """Return the (5,) share of each kind among the detections of rank below ``budget``; NaN without any.

        >>> nothing = np.zeros(0)
        >>> analysis = ErrorAnalysis(0.5, np.array([0, 4]), np.array([0.5, 1.5]), nothing, nothing, nothing, ())
        >>> analysis.shares(), analysis.shares(budget=1)
        (array([0.5, 0. , 0. , 0. , 0.5]), array([1., 0., 0., 0., 0.]))
        """
        counts = np.bincount(self.kind[(self.rank < budget) | np.isinf(budget)], minlength=len(KINDS))
        return counts / counts.sum() if counts.sum() else np.full(len(KINDS), np.nan)

    def recall_by(self, values: np.ndarray, borders: Sequence[float]) -> list[tuple[str, int, float]]:
        """Compute the recall of the instances within each pair of borders.

        Args:
            values: (M,) a value of each instance, e.g. :attr:`length_sec` or :attr:`crowd`.
            borders: Ascending; a bin holds its lower and not its upper border.

        Returns:
            Name, number of instances and recall of each bin; NaN where a bin is empty.

        >>> nothing, found, length_sec = np.zeros(0), np.array([True, False]), np.array([3.0, 30.0])
        >>> analysis = ErrorAnalysis(0.5, nothing, nothing, found, length_sec, np.ones(2), ())
        >>> analysis.recall_by(length_sec, (0, 5, np.inf))
        [('[0, 5)', 1, 1.0), ('5 up', 1, 0.0)]
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

    >>> truth = {'va': VideoSegments.from_annotations([dict(segment=[0, 4], label='Diving')])}
    >>> found = {'va': VideoSegments(np.array([[5, 6], [0, 3]]), ['Diving', 'Diving'], np.array([0.9, 0.8]))}
    >>> [KINDS[kind] for kind in analyse_errors(found, truth).kind]
    ['background', 'true positive']
    """
    if not TOUCHING < tiou <= 1:
        raise ValueError(f'Expected a tIoU in ({TOUCHING}, 1], but got {tiou}.')
    matched = match_detections(detections, ground_truth, _protocol(tiou))
    found, instances = matched.detections, matched.instances
    hit = np.zeros(len(found), dtype=bool)
    hit[matched.ranking[matched.matches.detection]] = True
    taken = np.zeros(len(instances), dtype=bool)
    taken[matched.matches.instance] = True
    rank = np.full(len(found), np.inf)
    for count, first, last in zip(matched.num_instances, matched.first, matched.first[1:]):
        rank[matched.ranking[first:last]] = np.arange(last - first) / count
    length = np.diff(instances.segments, axis=1)[:, 0]
    crowd = np.bincount(instances.videos)[instances.videos]
    names = list(ground_truth)
    missed = tuple((names[instances.videos[index]], matched.classes[instances.labels[index]], float(length[index]),
                    int(crowd[index])) for index in np.flatnonzero(~taken))
    return ErrorAnalysis(tiou, _kinds(found, instances, hit, tiou), rank, taken, length, crowd, missed)


def precision_recall(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                     tiou: float = 0.5) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Compute precision over recall of every class that has ground truth, by descending score.

    Args:
        detections: By video name, with scores.
        ground_truth: By video name.
        tiou: Threshold of a match (ActivityNet's rules).

    Returns:
        Class to (recall (N,), precision (N,)), N detections of the class; not interpolated.

    >>> truth = {'va': VideoSegments.from_annotations([dict(segment=[0, 4], label='Diving')])}
    >>> found = {'va': VideoSegments(np.array([[5, 6], [0, 3]]), ['Diving', 'Diving'], np.array([0.9, 0.8]))}
    >>> precision_recall(found, truth)
    {'Diving': (array([0., 1.]), array([0. , 0.5]))}
    """
    matched = match_detections(detections, ground_truth, _protocol(tiou))
    hit = np.zeros(len(matched.ranking), dtype=bool)
    hit[matched.matches.detection] = True
    curves = {}
    for name, count, of_class in zip(matched.classes, matched.num_instances, np.split(hit, matched.first[1:-1])):
        hits = of_class.cumsum()
        curves[name] = (hits / count, hits / np.arange(1, len(hits) + 1))
    return curves


def _protocol(tiou: float) -> Protocol:
    return Protocol('errors', (tiou, ), (tiou, ))


def _kinds(found: SegmentTable, instances: SegmentTable, hit: np.ndarray, tiou: float) -> np.ndarray:
    """(N,) index into :data:`KINDS` from the best overlap with the own class and with the others."""
    pairs = overlapping_pairs(found.videos, found.segments, instances.videos, instances.segments, union_by_lengths)
    same = found.labels[pairs.detection] == instances.labels[pairs.instance]
    own, other = np.zeros(len(found)), np.zeros(len(found))
    np.maximum.at(own, pairs.detection[same], pairs.tiou[same])
    np.maximum.at(other, pairs.detection[~same], pairs.tiou[~same])
    rules = [hit, own >= tiou, other >= tiou, own >= TOUCHING, other >= TOUCHING]
    kinds = ['true positive', 'duplicate', 'confusion', 'localization', 'confusion']
    return np.select(rules, [KINDS.index(kind) for kind in kinds], KINDS.index('background'))
