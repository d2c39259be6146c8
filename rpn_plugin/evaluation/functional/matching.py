"""Which detection overlaps which instance, and who takes whom."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Sequence

import numpy as np

Borders = Sequence[np.ndarray]  # starts and ends
Union = Callable[[Borders, Borders, np.ndarray], np.ndarray]

_PAIRS_AT_ONCE = 1 << 16  # bounds the memory of the search for overlaps and keeps it in the cache


def union_by_lengths(first: Borders, second: Borders, intersection: np.ndarray) -> np.ndarray:
    """Union of overlapping pairs as the sum of the lengths less the intersection, the double of ActivityNet's toolkit.

    Args:
        first: Starts and ends, (P,) each.
        second: Likewise, in the same unit.
        intersection: (P,), positive.
    """
    return (first[1] - first[0]) + (second[1] - second[0]) - intersection


def union_by_hull(first: Borders, second: Borders, intersection: np.ndarray) -> np.ndarray:
    """Likewise as the hull of both, the double of TH14evalDet: equal but for the last bits."""
    return np.maximum(first[1], second[1]) - np.minimum(first[0], second[0])


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
                      instance_segments: np.ndarray, union: Union, at_least: float = 0.0) -> Pairs:
    """Pairs of the same group with a tIoU that is positive and not below ``at_least``.

    Args:
        detection_groups: (N,) int, for instance a number for each video and class; -1 is in no group.
        detection_segments: (N, 2).
        instance_groups: (M,) int, at least 0.
        instance_segments: (M, 2).
        union: ``union_by_lengths`` or ``union_by_hull``.
        at_least: Lowest tIoU of interest.
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
        enough = tiou >= at_least
        near = near[enough]
        parts.append((np.repeat(rows[part], number)[near], instance[near], tiou[enough]))
    return Pairs(*(np.concatenate(column) for column in zip(*parts)))


@dataclass(frozen=True)
class Matches:
    """Who took whom, by threshold, then by detection.

    Args:
        threshold: (K,) index of the threshold.
        detection: (K,) index.
        instance: (K,) index.
    """

    threshold: np.ndarray
    detection: np.ndarray
    instance: np.ndarray


def match(pairs: Pairs, tiou_thresholds: Sequence[float], matching: str, comparison: str) -> Matches:
    """Let detections take instances, or the other way round, for every threshold by itself.

    Args:
        pairs: With the detections of each class numbered by descending score, and the instances in file order; the
            pairs of a detection stand together, by instance.
        tiou_thresholds: H thresholds.
        matching: Key of ``protocols.RULES['matching']``.
        comparison: ``'>='`` or ``'>'``.
    """
    if matching == 'detection_takes_first':  # the pairs of a detection come in file order
        chooser, chosen, wishes = pairs.detection, pairs.instance, (pairs.detection, )
    elif matching == 'detection_takes_best':
        chooser, chosen, wishes = pairs.detection, pairs.instance, (-pairs.tiou, pairs.detection)
    else:
        chooser, chosen, wishes = pairs.instance, pairs.detection, (pairs.detection, -pairs.tiou, pairs.instance)
    order = np.lexsort(wishes)  # each chooser's wishes, best first
    reached = np.greater_equal if comparison == '>=' else np.greater
    passes = reached(pairs.tiou[order], np.asarray(tiou_thresholds, dtype=np.float64)[:, None])  # (H, P)
    threshold, wish = np.nonzero(passes)
    taken = _take_in_turn(threshold, chooser[order][wish], chosen[order][wish])
    threshold, wish = threshold[taken], order[wish[taken]]
    by_detection = np.lexsort((pairs.detection[wish], threshold))
    wish = wish[by_detection]
    return Matches(threshold[by_detection], pairs.detection[wish], pairs.instance[wish])


def _take_in_turn(threshold: np.ndarray, chooser: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Choosers take, in the order of their numbers, the first of their wishes that is still free.

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
