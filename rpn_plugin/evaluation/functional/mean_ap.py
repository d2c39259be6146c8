"""Average precision per class and tIoU of a whole set of detections, under a protocol."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rpn_plugin.evaluation.functional.average_precision import average_precision
from rpn_plugin.evaluation.functional.matching import Matches, Pairs, match, overlapping_pairs
from rpn_plugin.evaluation.functional.tables import SegmentTable, at_least_one_snippet, snippet_borders, tabulate
from rpn_plugin.evaluation.protocols import Protocol, tiou_name
from rpn_plugin.evaluation.rules import AMBIGUOUS, BORDERS, COMPARISON, INTERPOLATION, MATCHING, OTHER_VIDEOS
from rpn_plugin.evaluation.video_sets import VideoSet
from rpn_plugin.structures import VideoSegments


@dataclass(frozen=True)
class LocalizationResult:
    """The numbers of one evaluation.

    Args:
        protocol: The rules that gave them.
        classes: Names of the C classes that have ground truth.
        average_precision: (C, H) in [0, 1].
        num_instances: (C,) ground-truth instances.
        counts: What was scored and what was not; see :func:`match_detections`.
    """

    protocol: Protocol
    classes: tuple[str, ...]
    average_precision: np.ndarray
    num_instances: np.ndarray
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def mean_ap(self) -> np.ndarray:
        """Mean AP over the classes for each tIoU threshold, (H,)."""
        mean: np.ndarray = self.average_precision.mean(axis=0)
        return mean

    @property
    def average_map(self) -> float:
        """Mean of :attr:`mean_ap` over the thresholds that the protocol averages."""
        return float(self.mean_ap[self.protocol.averaged].mean())

    def metrics(self) -> dict[str, float]:
        """Return ``mAP@0.50`` and so on for each tIoU threshold, and ``mAP_avg``, in [0, 1]."""
        values = {f'mAP@{tiou_name(threshold)}': float(value)
                  for threshold, value in zip(self.protocol.tiou_thresholds, self.mean_ap)}
        return {**values, 'mAP_avg': self.average_map}


@dataclass(frozen=True)
class MatchedDetections:
    """The ranking of every class, and the instances that its detections take.

    Args:
        classes: Names of the C classes that have ground truth.
        num_instances: (C,) ground-truth instances.
        detections: All detections in input order, on the protocol's borders.
        instances: M rows in file order, on the protocol's borders.
        ranking: (N,) indices of the scored detections, by class, then by descending score.
        first: (C + 1,) place in the ranking where each class begins.
        matches: Places in the ranking and indices of instances for each threshold.
        forgiven: (N,) bool in the order of the ranking, no false positive when unmatched.
        counts: What was scored and what was not; see :func:`match_detections`.
    """

    classes: tuple[str, ...]
    num_instances: np.ndarray
    detections: SegmentTable
    instances: SegmentTable
    ranking: np.ndarray
    first: np.ndarray
    matches: Matches
    forgiven: np.ndarray
    counts: dict[str, int]


def evaluate_localization(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                          protocol: Protocol, ambiguous: Mapping[str, np.ndarray] | None = None) -> LocalizationResult:
    """Score detections by the rules of a protocol.

    Args:
        detections: By video name.
        ground_truth: By video name; a video of the set without instances has an empty entry.
        protocol: The rules, and the videos that they are applied to.
        ambiguous: (N, 2) intervals in seconds by video name, for the protocols that look at them.

    Raises:
        ValueError: If there is no ground truth at all, or a score is NaN.

    >>> truth = {'va': VideoSegments.from_annotations([dict(segment=[0, 4], label='Diving')])}
    >>> found = {'va': VideoSegments(np.array([[5, 6], [0, 3]]), ['Diving', 'Diving'], np.array([0.9, 0.8]))}
    >>> result = evaluate_localization(found, truth, Protocol('two', (0.5, 0.8), (0.5, 0.8)))
    >>> result.classes, result.average_precision, result.average_map  # tIoU 0.75, at rank two
    (('Diving',), array([[0.5, 0. ]]), 0.25)
    """
    matched = match_detections(detections, ground_truth, protocol, ambiguous)
    return LocalizationResult(protocol, matched.classes, _class_ap(matched, protocol), matched.num_instances,
                              matched.counts)


def match_detections(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                     protocol: Protocol, ambiguous: Mapping[str, np.ndarray] | None = None) -> MatchedDetections:
    """Find the true positives of every class at every threshold.

    The counts are those of ``videos`` and ``instances`` scored; of ``detections`` given, and of them those ``scored``
    and those left out, by the first reason that holds: ``on_excluded_videos`` of the video set, ``of_other_classes``,
    which have no instance here, ``dropped_on_other_videos`` and ``dropped_in_ambiguous_intervals`` by the protocol.
    Detections ``on_unknown_videos`` are not in the ground truth; those ``reversed`` end before they start, those
    ``empty`` end where they start, and so do ``reversed_instances`` and ``empty_instances``.

    Args:
        detections: By video name.
        ground_truth: By video name; a video of the set without instances has an empty entry.
        protocol: The rules, and the videos that they are applied to.
        ambiguous: (N, 2) intervals in seconds by video name, for the protocols that look at them.

    Raises:
        ValueError: If there is no ground truth at all, or a score is NaN.

    >>> truth = {'va': VideoSegments.from_annotations([dict(segment=[0, 4], label='Diving')])}
    >>> found = {'va': VideoSegments(np.array([[5, 6], [0, 3]]), ['Diving', 'Diving'], np.array([0.9, 0.8]))}
    >>> matched = match_detections(found, truth, Protocol('one', (0.5, ), (0.5, )))
    >>> matched.ranking[matched.matches.detection], matched.matches.instance
    (array([1]), array([0]))
    """
    for video, entry in detections.items():
        if entry.scores is None or np.isnan(entry.scores).any():
            raise ValueError(f'Detections of video {video} have a NaN score or none at all.')
    scored = _scored_videos(ground_truth, protocol.video_set)
    classes = tuple(sorted({str(label) for entry in scored.values() for label in entry.labels}))
    if not classes:
        raise ValueError(f'No ground-truth segment in {len(scored)} videos: nothing to evaluate against. Use a subset '
                         f'whose annotations have segments.')
    instances = tabulate(scored, list(scored), classes)
    found = tabulate(detections, list(scored), classes)
    counts = dict(videos=len(scored), instances=len(instances), detections=len(found))
    keep = _kept(found, instances, detections, ground_truth, scored, protocol, counts)
    counts |= _degenerate(found, '') | _degenerate(instances, '_instances')
    found, instances = _on_borders(found, instances, protocol)
    tiou = np.zeros(len(found))
    if ambiguous and protocol.uses_ambiguous:
        tiou = _tiou_with_ambiguous(found, detections, ambiguous, protocol)
    removed, forgiven = AMBIGUOUS[protocol.ambiguous].apply(tiou)
    counts['dropped_in_ambiguous_intervals'] = int((keep & removed).sum())
    keep &= ~removed
    ranking, first = _ranking(found, keep, len(classes))
    counts['scored'] = len(ranking)
    return MatchedDetections(classes, np.bincount(instances.labels, minlength=len(classes)), found, instances, ranking,
                             first, _matches(found, keep, ranking, instances, protocol), forgiven[ranking], counts)


def _scored_videos(ground_truth: Mapping[str, VideoSegments], video_set: VideoSet) -> dict[str, VideoSegments]:
    return {video: entry for video, entry in ground_truth.items() if not video_set.excludes(video, len(entry.labels))}


def _kept(found: SegmentTable, instances: SegmentTable, detections: Mapping[str, VideoSegments],
          ground_truth: Mapping[str, VideoSegments], scored: Mapping[str, VideoSegments], protocol: Protocol,
          counts: dict[str, int]) -> np.ndarray:
    """(N,) bool, the detections on the videos and of the classes that are scored; counts the others."""
    lengths = [len(entry.labels) for entry in detections.values()]
    excluded = np.repeat([video in protocol.video_set.excluded or (video in ground_truth and video not in scored)
                          for video in detections], lengths).astype(bool)
    unknown = np.repeat([video not in ground_truth for video in detections], lengths).astype(bool)
    other_class = ~excluded & (found.labels < 0)
    empty = np.append(np.bincount(instances.videos, minlength=len(scored)) == 0, False)  # the last is for no. -1
    left = ~excluded & ~other_class
    dropped = OTHER_VIDEOS[protocol.other_videos].apply(left & empty[found.videos], left & unknown)
    counts |= dict(on_excluded_videos=int(excluded.sum()), of_other_classes=int(other_class.sum()),
                   dropped_on_other_videos=int(dropped.sum()), on_unknown_videos=int((unknown & ~excluded).sum()))
    return ~(excluded | other_class | dropped)


def _degenerate(table: SegmentTable, what: str) -> dict[str, int]:
    length = table.segments[:, 1] - table.segments[:, 0]
    return {f'reversed{what}': int((length < 0).sum()), f'empty{what}': int((length == 0).sum())}


def _on_borders(found: SegmentTable, instances: SegmentTable,
                protocol: Protocol) -> tuple[SegmentTable, SegmentTable]:
    if protocol.clock is not None:
        borders = at_least_one_snippet(snippet_borders(found.segments, protocol.clock))
        return found.on_borders(borders), instances.on_borders(snippet_borders(instances.segments, protocol.clock))
    read = BORDERS[protocol.borders].apply
    return found.on_borders(read(found.segments)), instances.on_borders(read(instances.segments))


def _tiou_with_ambiguous(found: SegmentTable, detections: Mapping[str, VideoSegments],
                         ambiguous: Mapping[str, np.ndarray], protocol: Protocol) -> np.ndarray:
    """(N,) highest tIoU of each detection with an ambiguous interval of its video, known or not; 0 without one."""
    intervals = tabulate({video: VideoSegments(listed, ['Ambiguous'] * len(listed))
                          for video, listed in ambiguous.items()}, list(ambiguous), ['Ambiguous'])
    _, intervals = _on_borders(found, intervals, protocol)
    number = {video: place for place, video in enumerate(ambiguous)}
    videos = np.repeat([number.get(video, -1) for video in detections],
                       [len(entry.labels) for entry in detections.values()]).astype(np.int64)
    pairs = overlapping_pairs(videos, found.segments, intervals.videos, intervals.segments,
                              BORDERS[protocol.borders].union)
    tiou = np.zeros(len(found))
    np.maximum.at(tiou, pairs.detection, pairs.tiou)
    return tiou


def _ranking(found: SegmentTable, keep: np.ndarray, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the kept detections by class, then by descending score, and where each class begins."""
    ranking = np.argsort(-found.scores, kind='stable')
    ranking = ranking[keep[ranking]]
    labels = found.labels[ranking].astype(np.min_scalar_type(num_classes))  # up to 16 bits numpy sorts by radix
    sizes = np.bincount(labels, minlength=num_classes)
    return ranking[np.argsort(labels, kind='stable')], np.append(0, sizes.cumsum())


def _matches(found: SegmentTable, keep: np.ndarray, ranking: np.ndarray, instances: SegmentTable,
             protocol: Protocol) -> Matches:
    """Matches between places in the ranking and instances."""
    reaches = COMPARISON[protocol.comparison].apply
    lowest = np.array(min(protocol.tiou_thresholds))
    num_classes = int(instances.labels.max()) + 1
    groups = np.where(keep & (found.videos >= 0), found.videos * num_classes + found.labels, -1)
    pairs = overlapping_pairs(groups, found.segments, instances.videos * num_classes + instances.labels,
                              instances.segments, BORDERS[protocol.borders].union,
                              lambda tiou: reaches(tiou, lowest))
    place = np.empty(len(found), dtype=np.int64)
    place[ranking] = np.arange(len(ranking))
    pairs = Pairs(place[pairs.detection], pairs.instance, pairs.tiou)
    return match(pairs, protocol.tiou_thresholds, MATCHING[protocol.matching].apply, reaches)


def _class_ap(matched: MatchedDetections, protocol: Protocol) -> np.ndarray:
    """(C, H) average precision."""
    interpolation = INTERPOLATION[protocol.interpolation].apply
    values = np.zeros((len(matched.classes), len(protocol.tiou_thresholds)))
    kept = np.ones(len(matched.ranking), dtype=bool)
    before = np.arange(len(kept) + 1)  # detections that count, before each
    for column in range(values.shape[1]):
        hits = matched.matches.detection[matched.matches.threshold == column]
        if matched.forgiven.any():
            np.logical_not(matched.forgiven, out=kept)
            kept[hits] = True
            before = np.append(0, kept.cumsum())
        for row, own in enumerate(np.split(hits, np.searchsorted(hits, matched.first[1:-1]))):
            values[row, column] = average_precision(before[own + 1] - before[matched.first[row]],
                                                    int(matched.num_instances[row]), interpolation)
    return values
