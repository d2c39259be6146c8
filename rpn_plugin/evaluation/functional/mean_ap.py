"""Average precision per class and tIoU of a whole set of detections, under a protocol."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np

from rpn_plugin.evaluation.functional.average_precision import (Detections, interpolated_average_precision,
                                                                match_detections)
from rpn_plugin.evaluation.protocols import Protocol
from rpn_plugin.structures import as_segments


@dataclass(frozen=True)
class VideoSegments:
    """Labelled segments of one video: ground truth, or detections when ``scores`` is given.

    Args:
        segments: (N, 2) in seconds.
        labels: N class names.
        scores: (N,) or None.

    Raises:
        ValueError: If the lengths differ, or the segments are not (N, 2) and finite.
    """

    segments: np.ndarray
    labels: Sequence[str]
    scores: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, 'segments', as_segments(self.segments))
        lengths = {len(self.segments), len(self.labels), len(self.segments if self.scores is None else self.scores)}
        if len(lengths) > 1:
            raise ValueError(f'Expected as many labels and scores as segments, but got {len(self.segments)} segments, '
                             f'{len(self.labels)} labels and '
                             f'{"no" if self.scores is None else len(self.scores)} scores.')


@dataclass(frozen=True)
class LocalizationResult:
    """Numbers of one evaluation.

    Args:
        protocol: The rules that gave them.
        classes: The C classes that have ground truth.
        average_precision: (C, H) in [0, 1].
        num_instances: (C,) ground-truth instances.
    """

    protocol: Protocol
    classes: tuple[str, ...]
    average_precision: np.ndarray
    num_instances: np.ndarray

    @property
    def mean_ap(self) -> np.ndarray:
        """(H,) mean over the classes for each tIoU threshold."""
        return self.average_precision.mean(axis=0)

    @property
    def average_map(self) -> float:
        """Mean of :attr:`mean_ap` over the thresholds that the protocol averages."""
        return float(self.mean_ap[self.protocol.averaged].mean())


def evaluate_localization(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                          protocol: Protocol) -> LocalizationResult:
    """Score detections.

    Args:
        detections: By video name.
        ground_truth: By video name; a video of the set without instances has an empty entry.
        protocol: The rules.

    Raises:
        ValueError: If there is no ground truth at all, or a score is NaN.
    """
    targets: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    for video, truth in ground_truth.items():
        for segment, label in zip(truth.segments, truth.labels):
            targets[label][video].append(segment)
    if not targets:
        raise ValueError(f'No ground-truth segment in {len(ground_truth)} videos: nothing to evaluate against. Use a '
                         f'subset whose annotations have segments.')
    found: dict[str, list] = defaultdict(list)
    for video, detected in detections.items():
        if detected.scores is None or np.isnan(detected.scores).any():
            raise ValueError(f'Detections of video {video} have a NaN score or none at all.')
        for segment, label, score in zip(detected.segments, detected.labels, detected.scores):
            found[label].append((video, segment, score))
    classes = tuple(sorted(targets))
    precision = [_class_ap(found[name], targets[name], protocol) for name in classes]
    counts = [sum(len(segments) for segments in targets[name].values()) for name in classes]
    return LocalizationResult(protocol, classes, np.array(precision), np.array(counts))


def _class_ap(found: list, targets: Mapping[str, list], protocol: Protocol) -> np.ndarray:
    """(H,) average precision of one class."""
    videos, segments, scores = zip(*found) if found else ((), (), ())
    detections = Detections(videos, np.array(segments).reshape(-1, 2), np.array(scores, dtype=np.float64))
    truth = {video: np.array(segments) for video, segments in targets.items()}
    _, true_positive = match_detections(detections, truth, protocol.tiou_thresholds)
    return interpolated_average_precision(true_positive, sum(map(len, truth.values())))
