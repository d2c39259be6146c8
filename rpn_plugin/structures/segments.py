"""Segments: (N, 2) arrays of [start, end] in seconds."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rpn_plugin.structures.arrays import Array


def as_segments(values: object, what: str = 'segments') -> np.ndarray:
    """Return ``values`` as a float64 array of shape (N, 2).

    Raises:
        ValueError: If the shape is not (N, 2) or a border is NaN or infinite.
    """
    segments = np.asarray(values, dtype=np.float64)
    if segments.size == 0:
        return segments.reshape(0, 2)
    if segments.ndim != 2 or segments.shape[1] != 2:
        raise ValueError(f'Expected {what} of shape (N, 2), [start, end] in seconds, but got shape {segments.shape}.')
    if not np.isfinite(segments).all():
        raise ValueError(f'Expected finite {what}, but got {segments[~np.isfinite(segments).all(1)][0].tolist()}.')
    return segments


def clip_segments(segments: np.ndarray, duration_sec: float) -> tuple[np.ndarray, np.ndarray]:
    """Clip to [0, duration_sec].

    Returns:
        The clipped segments that still have a positive length, (M, 2), and the boolean mask (N,) of which they are.
    """
    clipped = segments.clip(0.0, duration_sec)
    keep = clipped[:, 1] > clipped[:, 0]
    return clipped[keep], keep


def pairwise_tiou(first: Array, second: Array) -> Array:
    """Temporal intersection over union of every pair, computed in numpy or by torch on the tensors' device.

    The union is the sum of both lengths less the intersection; where that is not positive (two empty segments, or a
    reversed one) the tIoU is 0.

    Args:
        first: (N, 2) in seconds.
        second: (M, 2) in seconds, of the same kind.

    Returns:
        (N, M) in [0, 1], in the precision of floating-point segments.
    """
    library = torch if isinstance(first, Tensor) else np
    intersection = library.minimum(first[:, None, 1], second[None, :, 1])  # (N, M)
    intersection -= library.maximum(first[:, None, 0], second[None, :, 0])  # in place: large matrices wait for memory
    intersection = intersection.clip(min=0)
    union = (first[:, 1] - first[:, 0])[:, None] + (second[:, 1] - second[:, 0])[None, :]
    union -= intersection
    return intersection / library.where(union > 0, union, library.inf)  # nothing over infinity is 0
