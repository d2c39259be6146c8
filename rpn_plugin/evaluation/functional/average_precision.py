"""Matching and average precision with the semantics of ActivityNet's detection task."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np

from rpn_plugin.structures import pairwise_tiou


@dataclass(frozen=True)
class Detections:
    """Detections of one class over all videos, in input order.

    Args:
        videos: (N,) video names.
        segments: (N, 2) in seconds.
        scores: (N,).
    """

    videos: Sequence[str]
    segments: np.ndarray
    scores: np.ndarray


def match_detections(detections: Detections, ground_truth: Mapping[str, np.ndarray],
                     tiou_thresholds: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Mark every detection of one class as a true or a false positive (ActivityNet's rules).

    In descending score over all videos, a detection takes the still free ground truth of its video that it overlaps
    most, if their tIoU is at least the threshold. Equal scores keep their input order; of equally overlapped ground
    truths the first is taken. A detection on a video without ground truth is a false positive.

    Args:
        detections: Of one class.
        ground_truth: Segments (M, 2) in seconds of that class for each video.
        tiou_thresholds: H thresholds.

    Returns:
        ``order`` (N,), indices of the detections by descending score, and ``true_positive`` (H, N) bool in that order.
    """
    order = np.argsort(-detections.scores, kind='stable')
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    true_positive = np.zeros((len(tiou_thresholds), len(order)), dtype=bool)
    members: dict[str, list[int]] = {}
    for index in order:
        members.setdefault(detections.videos[index], []).append(index)
    for video, indices in members.items():
        targets = ground_truth.get(video)
        if targets is None or not len(targets):
            continue
        tiou = pairwise_tiou(detections.segments[indices], targets)  # (n, M)
        for row, threshold in enumerate(tiou_thresholds):
            taken = _greedy_match(tiou, threshold)
            true_positive[row, rank[np.asarray(indices)[taken]]] = True
    return order, true_positive


def _greedy_match(tiou: np.ndarray, threshold: float) -> np.ndarray:
    """(n, M) tIoU, rows best first, to the rows that take a column."""
    free = np.ones(tiou.shape[1], dtype=bool)
    matched = []
    for row in np.flatnonzero((tiou >= threshold).any(axis=1) & (tiou > 0).any(axis=1)):
        overlap = np.where(free, tiou[row], -1.0)
        best = int(overlap.argmax())
        if overlap[best] >= threshold and overlap[best] > 0:
            free[best] = False
            matched.append(row)
    return np.array(matched, dtype=np.int64)


def interpolated_average_precision(true_positive: np.ndarray, num_ground_truth: int) -> np.ndarray:
    """Area under the precision envelope over recall (VOC 2010, ActivityNet).

    Args:
        true_positive: (..., N) bool, detections by descending score.
        num_ground_truth: Instances to find, at least 1.

    Returns:
        (...) in [0, 1]; 0 without detections.
    """
    hits = true_positive.cumsum(axis=-1)
    precision = hits / np.arange(1, true_positive.shape[-1] + 1)
    envelope = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    return (envelope * true_positive).sum(axis=-1) / num_ground_truth


def classification_average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """Average precision of one class's video scores, sum of the precision at each positive over their number.

    Args:
        scores: (V,) of the videos; equal scores keep their input order.
        positive: (V,) bool.

    Returns:
        In [0, 1]; NaN without a positive video.
    """
    if not positive.any():
        return float('nan')
    hit = positive[np.argsort(-scores, kind='stable')]
    precision = hit.cumsum() / np.arange(1, len(hit) + 1)
    return float(precision[hit].mean())
