"""Average precision of a ranking."""
from __future__ import annotations

import numpy as np


def average_precision(hit_ranks: np.ndarray, num_instances: int, interpolation: str) -> float:
    """Average precision of the detections of one class at one tIoU.

    Args:
        hit_ranks: (K,) ranks of the true positives, from 1, ascending.
        num_instances: Instances to find, at least 1.
        interpolation: ``'envelope'`` takes for each true positive the best precision from it on (VOC 2010,
            ActivityNet); ``'none'`` its own (TH14evalDet, W-TALC).

    Returns:
        In [0, 1]; 0 without true positives.
    """
    precision = np.arange(1, len(hit_ranks) + 1) / hit_ranks
    if interpolation == 'envelope':
        precision = np.maximum.accumulate(precision[::-1])
    return float(precision.sum() / num_instances)


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
    return average_precision(np.flatnonzero(hit) + 1, int(hit.sum()), 'none')
