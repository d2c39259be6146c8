"""Segments: (N, 2) arrays of [start, end] in seconds."""
from __future__ import annotations

import numpy as np
import numpy.typing as npt

Segments = npt.NDArray[np.float64]
"""(N, 2), [start, end]."""
LONGEST_SEC = 1e7
"""A time or duration beyond 115 days is no video's: a file that states one is damaged, or counts in other units."""


def as_segments(values: npt.ArrayLike, what: str = 'segments') -> Segments:
    """Return ``values`` as a float64 array of shape (N, 2).

    >>> as_segments([[0, 1.5]]), as_segments([]).shape
    (array([[0. , 1.5]]), (0, 2))

    Args:
        values: [start, end] pairs in seconds.
        what: Name of the values in the message.

    Raises:
        ValueError: If the shape is not (N, 2), or a border is NaN, infinite or beyond :data:`LONGEST_SEC`.
    """
    segments = np.asarray(values, dtype=np.float64)
    if segments.size == 0:
        return segments.reshape(0, 2)
    if segments.ndim != 2 or segments.shape[1] != 2:
        raise ValueError(f'Expected {what} of shape (N, 2), [start, end] in seconds, but got shape {segments.shape}.')
    if not np.isfinite(segments).all():
        raise ValueError(f'Expected finite {what}, but got {segments[~np.isfinite(segments).all(1)][0].tolist()}.')
    if np.abs(segments).max() > LONGEST_SEC:
        raise ValueError(f'Expected {what} in seconds, up to {LONGEST_SEC:g}, but got '
                         f'{segments[(np.abs(segments) > LONGEST_SEC).any(1)][0].tolist()}.')
    return segments


def clip_segments(segments: Segments, duration_sec: float) -> tuple[Segments, npt.NDArray[np.bool_]]:
    """Clip to [0, duration_sec].

    >>> clip_segments(as_segments([[-1, 2], [5, 6]]), 4.0)
    (array([[0., 2.]]), array([ True, False]))

    Returns:
        The clipped segments that still have a positive length, (M, 2), and the boolean mask (N,) of which they are.
    """
    clipped = segments.clip(0.0, duration_sec)
    keep = clipped[:, 1] > clipped[:, 0]
    return clipped[keep], keep


def pairwise_tiou(first: Segments, second: Segments) -> npt.NDArray[np.float64]:
    """Temporal intersection over union of every pair.

    The union is the sum of both lengths less the intersection; where that is not positive (two empty segments, or a
    reversed one) the tIoU is 0.

    >>> pairwise_tiou(as_segments([[0, 2]]), as_segments([[1, 3], [5, 6]])).round(3)
    array([[0.333, 0.   ]])

    Args:
        first: (N, 2) in seconds.
        second: (M, 2) in seconds.

    Returns:
        (N, M) in [0, 1].
    """
    intersection = np.minimum(first[:, None, 1], second[None, :, 1])  # (N, M)
    intersection -= np.maximum(first[:, None, 0], second[None, :, 0])  # in place: large matrices wait for memory
    intersection = intersection.clip(min=0)
    union = (first[:, 1] - first[:, 0])[:, None] + (second[:, 1] - second[:, 0])[None, :]
    union -= intersection
    return intersection / np.where(union > 0, union, np.inf)  # nothing over infinity is 0
