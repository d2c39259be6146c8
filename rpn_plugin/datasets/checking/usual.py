"""What is usual among videos, however odd a few of them are."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def usual_and_deviation(values: Iterable[float]) -> tuple[float, float]:
    """Return the median of values, and the standard deviation that the median distance from it tells; 0 for none.

    >>> usual_and_deviation([1.0, 2.0, 3.0, 100.0])
    (2.5, 1.4826)
    """
    found = np.fromiter(values, dtype=np.float64)
    if not len(found):
        return 0.0, 0.0
    usual = float(np.median(found))
    return usual, 1.4826 * float(np.median(np.abs(found - usual)))
