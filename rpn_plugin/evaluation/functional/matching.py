"""Overlapping pairs of detections and instances, and the choice of those that match."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Borders = Sequence[np.ndarray]
"""(P,) starts and (P,) ends."""
UnionFunction = Callable[[Borders, Borders, np.ndarray], np.ndarray]
"""Computes the (P,) union of overlapping segments. It is given the borders of P detections, those of P instances, and
their (P,) intersection, all positive."""

_PAIRS_AT_ONCE = 1 << 16  # bounds the memory of the search for overlaps and keeps it in the cache


def union_by_lengths(first: Borders, second: Borders, intersection: np.ndarray) -> np.ndarray:
    """Compute the union of overlapping segments as the sum of the lengths less the intersection.

    The result is that of ActivityNet's toolkit to the last bit. A :data:`UnionFunction`.

    >>> union_by_lengths([np.array([0.0]), np.array([4.0])], [np.array([3.0]), np.array([6.0])], np.array([1.0]))
    array([6.])
    """
    union: np.ndarray = (first[1] - first[0]) + (second[1] - second[0]) - intersection
    return union


def union_by_hull(first: Borders, second: Borders, intersection: np.ndarray) -> np.ndarray:
    """Compute the union of overlapping segments as the length from the first start to the last end.

    The result is that of TH14evalDet to the last bit. A :data:`UnionFunction`.

    >>> union_by_hull([np.array([0.0]), np.array([4.0])], [np.array([3.0]), np.array([6.0])], np.array([1.0]))
    array([6.])
    """
    union: np.ndarray = np.maximum(first[1], second[1]) - np.minimum(first[0], second[0])
    return union


@dataclass(frozen=True)
class Pairs:
    """Overlapping (detection, instance) pairs of the same group, by detection, then by instance.

    Args:
        detection: (P,) index.
        instance: (P,) index.
        tiou: (P,) in (0, 1].
    """

    detection: np.ndarray
    instance: np.ndarray
    tiou: np.ndarray


def overlapping_pairs(detection_groups: np.ndarray, detection_segments: np.ndarray, instance_groups: np.ndarray,
                      instance_segments: np.ndarray, union: UnionFunction,
                      enough: Callable[[np.ndarray], np.ndarray] | None = None) -> Pairs:
    """Find the pairs of the same group that overlap.

    Args:
        detection_groups: (N,) int, for instance a number for each video and class; -1 is in no group.
        detection_segments: (N, 2).
        instance_groups: (M,) int, at least 0.
        instance_segments: (M, 2).
        union: :func:`union_by_lengths` or :func:`union_by_hull`.
        enough: Chooses pairs, (P,) bool, by their (P,) tIoU; None takes all.

    >>> found, wanted = np.array([[0., 4.], [9., 10.]]), np.array([[2., 6.], [3., 4.]])
    >>> pairs = overlapping_pairs(np.array([0, 0]), found, np.array([0, 0]), wanted, union_by_lengths)
    >>> pairs.detection, pairs.instance, pairs.tiou.round(3)
    (array([0, 0]), array([0, 1]), array([0.333, 0.25 ]))
    """
    by_group = np.argsort(instance_groups, kind='stable')
    sizes = np.append(np.bincount(instance_groups, minlength=detection_groups.max(initial=0) + 1), 0)  # the last of -1
    rows = np.flatnonzero(sizes[detection_groups])
    count = sizes[detection_groups[rows]]
    first = (sizes.cumsum() - sizes)[detection_groups[rows]]
    total = count.cumsum()
    borders = np.searchsorted(total, np.arange(_PAIRS_AT_ONCE, total[-1] if len(total) else 0, _PAIRS_AT_ONCE))
    instance_borders = np.ascontiguousarray(instance_segments.T)
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for part in np.split(np.arange(len(rows)), borders):
        number = count[part]
        # each detection meets the instances first, first + 1, ... of its group
        instance = by_group[np.arange(number.sum()) + np.repeat(first[part] - (number.cumsum() - number), number)]
        found = [np.repeat(border, number) for border in detection_segments[rows[part]].T]  # starts, ends: (P,) each
        wanted = [border[instance] for border in instance_borders]
        intersection = np.minimum(found[1], wanted[1]) - np.maximum(found[0], wanted[0])
        near = np.flatnonzero(intersection > 0)
        intersection = intersection[near]
        tiou = intersection / union([border[near] for border in found], [border[near] for border in wanted],
                                    intersection)
        if enough is not None:
            chosen = enough(tiou)
            near, tiou = near[chosen], tiou[chosen]
        parts.append((np.repeat(rows[part], number)[near], instance[near], tiou))
    return Pairs(*(np.concatenate(column) for column in zip(*parts)))


@dataclass(frozen=True)
class Matches:
    """Detections and the instances that they match, by threshold, then by detection.

    Args:
        threshold: (K,) index of the threshold.
        detection: (K,) index.
        instance: (K,) index.
    """

    threshold: np.ndarray
    detection: np.ndarray
    instance: np.ndarray


MatchingFunction = Callable[[Pairs, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Chooses the pairs that match: (K,) index of the threshold and (K,) index of the pair, in any order. It is given P
pairs and (H, P) bool, the pairs that reach each of H thresholds. At a threshold nothing may match twice."""
ComparisonFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Says whether a tIoU reaches a threshold: (H, P) bool. It is given (P,) tIoU and (H, 1) thresholds. A tIoU that
reaches a threshold must reach every lower one."""


def match(pairs: Pairs, tiou_thresholds: Sequence[float], matching: MatchingFunction,
          comparison: ComparisonFunction) -> Matches:
    """Match detections and instances at every threshold by itself.

    Args:
        pairs: The detections of each class are numbered by descending score and the instances in file order; the pairs
            of a detection stand together, by instance.
        tiou_thresholds: H thresholds.
        matching: Chooses among the pairs; see ``rules.MATCHING``.
        comparison: Says which pairs reach a threshold; see ``rules.COMPARISON``.

    >>> pairs = Pairs(np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([0.5, 0.9, 0.6]))
    >>> matches = match(pairs, [0.5], detection_takes_best, np.greater_equal)
    >>> matches.detection, matches.instance  # detection 0 has the better score and comes first
    (array([0, 1]), array([0, 1]))
    """
    reached = comparison(pairs.tiou, np.asarray(tiou_thresholds, dtype=np.float64)[:, None])  # (H, P)
    threshold, pair = matching(pairs, reached)
    by_detection = np.lexsort((pairs.detection[pair], threshold))
    pair = pair[by_detection]
    return Matches(threshold[by_detection], pairs.detection[pair], pairs.instance[pair])


def detection_takes_best(pairs: Pairs, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let detections, best first, take the free instance with the highest tIoU.

    A :data:`MatchingFunction`.

    >>> pairs = Pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.5, 0.7, 0.9]))
    >>> threshold, pair = detection_takes_best(pairs, np.ones((1, 3), dtype=bool))
    >>> pairs.detection[pair], pairs.instance[pair]
    (array([0, 1]), array([1, 0]))
    """
    return _take_in_turn(reached, pairs.detection, pairs.instance, np.lexsort((-pairs.tiou, pairs.detection)))


def detection_takes_first(pairs: Pairs, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let detections, best first, take the free instance that is first in the file.

    A :data:`MatchingFunction`.

    >>> pairs = Pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.5, 0.7, 0.9]))
    >>> threshold, pair = detection_takes_first(pairs, np.ones((1, 3), dtype=bool))
    >>> pairs.detection[pair], pairs.instance[pair]  # detection 1 comes too late
    (array([0]), array([0]))
    """
    in_file_order = np.argsort(pairs.detection, kind='stable')  # the pairs of a detection already are
    return _take_in_turn(reached, pairs.detection, pairs.instance, in_file_order)


def instance_takes_best(pairs: Pairs, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let instances, in file order, take the free detection with the highest tIoU.

    A :data:`MatchingFunction`.

    >>> pairs = Pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.5, 0.7, 0.9]))
    >>> threshold, pair = instance_takes_best(pairs, np.ones((1, 3), dtype=bool))
    >>> pairs.instance[pair], pairs.detection[pair]
    (array([0, 1]), array([1, 0]))
    """
    return _take_in_turn(reached, pairs.instance, pairs.detection,
                         np.lexsort((pairs.detection, -pairs.tiou, pairs.instance)))


def _take_in_turn(reached: np.ndarray, chooser: np.ndarray, chosen: np.ndarray,
                  order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let choosers take, in the order of their numbers, the first of their wishes that is still free.

    Args:
        reached: (H, P) bool, whether a pair may match at a threshold.
        chooser: (P,) who takes.
        chosen: (P,) who is taken.
        order: (P,) the pairs by chooser, and for each the most wanted first.

    Returns:
        (K,) threshold and (K,) pair of the wishes that came true.
    """
    threshold, wish = np.nonzero(reached[:, order])
    pair = order[wish]
    taken = _first_free(threshold, chooser[pair], chosen[pair])
    return threshold[taken], pair[taken]


def _first_free(threshold: np.ndarray, chooser: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Choose the wishes that come true.

    All choosers ask at once for what they want most; each asked keeps the one with the lowest number, and the others
    move on to their next wish, until nobody has to. This ends where taking in turn does (both are the one stable
    matching), after at most as many rounds as the longest list of wishes.

    Args:
        threshold: (W,) each is a matching of its own.
        chooser: (W,) sorted within each threshold.
        chosen: (W,) best first for each chooser.

    Returns:
        (K,) indices of the wishes that came true.
    """
    if not len(chooser):
        return np.zeros(0, dtype=np.int64)
    is_first = np.ones(len(chooser), dtype=bool)
    is_first[1:] = (np.diff(chooser) != 0) | (np.diff(threshold) != 0)
    wish = np.flatnonzero(is_first)  # current wish of each asker; askers are numbered in their order
    end = np.append(wish[1:], len(chooser))
    asker = np.arange(len(wish))
    target = threshold * (chosen.max() + 1) + chosen
    holder = np.empty(int(target.max()) + 1, dtype=np.int64)
    while True:
        holder.fill(len(end))
        np.minimum.at(holder, target[wish], asker)
        lost = holder[target[wish]] != asker
        if not lost.any():
            return wish
        wish = wish + lost
        left = wish < end[asker]
        wish, asker = wish[left], asker[left]
