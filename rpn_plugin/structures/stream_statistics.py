"""The mean and the scale of the features of a stream."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class StreamStatistics:
    """What features are standardized by.

    Args:
        mean: (D,) float64, of each channel over all snippets.
        root_mean_square: Scalar float64 above 0, of what is left of all channels when their means are subtracted; 1
            where nothing is left.
    """

    mean: Tensor
    root_mean_square: Tensor
