"""Average precision of a ranking."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

InterpolationFunction = Callable[[np.ndarray, int], float]
"""Computes average precision, in [0, 1]. It is given the (K,) precision at each true positive, best score first, and
the number of instances, at least K and at least 1."""


def envelope(precision: np.ndarray, num_instances: int) -> float:
    """Average, over the instances, the best precision from each true positive on.

    An :data:`InterpolationFunction`.

    >>> round(envelope(np.array([1 / 2, 2 / 3]), 2), 6)
    0.666667
    """
    return float(np.maximum.accumulate(precision[::-1]).sum() / num_instances)


def uninterpolated(precision: np.ndarray, num_instances: int) -> float:
    """Average, over the instances, the precision at each true positive.

    An :data:`InterpolationFunction`.

    >>> round(uninterpolated(np.array([1 / 2, 2 / 3]), 2), 6)
    0.583333
    """
    return float(precision.sum() / num_instances)


def average_precision(hit_ranks: np.ndarray, num_instances: int, interpolation: InterpolationFunction) -> float:
    """Compute the average precision of the detections of one class at one tIoU.

    Args:
        hit_ranks: (K,) ranks of the true positives, from 1, ascending.
        num_instances: Instances to find, at least 1.
        interpolation: Averages the precision; see ``rules.INTERPOLATION``.

    Returns:
        In [0, 1]; 0 without true positives.

    >>> round(average_precision(np.array([2, 3]), 4, uninterpolated), 6)  # (1/2 + 2/3) / 4
    0.291667
    """
    return interpolation(np.arange(1, len(hit_ranks) + 1) / hit_ranks, num_instances)


def classification_average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """Compute the average precision of one class's video scores, not interpolated.

    Args:
        scores: (V,) of the videos; equal scores keep their input order.
        positive: (V,) bool.

    Returns:
        In [0, 1]; NaN without a positive video.

    >>> classification_average_precision(np.array([0.9, 0.2, 0.6]), np.array([True, True, False]))  # ranks 1 and 3
    0.8333333333333333
    """
    if not positive.any():
        return float('nan')
    hit = positive[np.argsort(-scores, kind='stable')]
    return average_precision(np.flatnonzero(hit) + 1, int(hit.sum()), uninterpolated)
