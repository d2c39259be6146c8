"""Numbers that are kept of the features of a video, from which videos, streams and subsets are compared."""
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

MOST_CHANNELS = 256
"""Of wider features so many channels, evenly spaced, have their statistics kept."""
MOST_PAIRED = 32
"""Of these so many, evenly spaced, have their covariances kept."""
PROJECTIONS = 16
"""Random directions in which the features of a video are looked at over time."""
PARTS = 8
"""Of equal length, whose means in these directions are kept."""
HASHES = 64
"""Of the snippets of a video so many are kept: those with the smallest hashes, so that equal videos keep the same."""
BLOCK_VALUES = 2**18
"""So many values are converted to float32 at a time."""
LOOPED_SHARE = 0.05
"""A looped video differs from itself one period later by less than this share of its variance."""
SHORTEST_LOOPED = 16
"""Snippets; shorter videos may repeat themselves by chance."""


@dataclass(frozen=True, eq=False)
class Content:
    """The numbers that are kept of a video's features (T, D) in one stream: a few kilobytes, and one byte per snippet.

    Args:
        digest: Equal for equal values, whether they are stored as float16 or float32.
        scale: Root mean square of the values.
        length: T.
        width: D.
        means: Over time, of at most :data:`MOST_CHANNELS` channels.
        stds: Likewise.
        steps: Likewise, the mean squared difference of neighbours.
        covariances: Between at most :data:`MOST_PAIRED` channels.
        lowest: The smallest value.
        constant: Indices of the channels that never change.
        norms: Lengths of the snippets as vectors: smallest, median and largest.
        longest: The snippet with the largest.
        zero_snippets: Indices of snippets whose values are all zero, at most ten.
        num_zero: Number of such.
        doubled: Share of the snippets that equal the one before.
        roughness: Mean squared difference of neighbours over twice the variance: near 1 where the order of the
            snippets means nothing, near 0 where they change slowly.
        period: Snippets after which the video repeats itself; 0 if it does not.
        parts: (PARTS, PROJECTIONS), means in time and in random directions.
        hashes: The smallest of the hashes of the snippets, sorted, uint64.
        changes: (T - 1, ) int8, how much each snippet differs from the one before, as a rank from -127 to 127.
    """

    digest: bytes
    scale: float
    length: int
    width: int
    means: np.ndarray
    stds: np.ndarray
    steps: np.ndarray
    covariances: np.ndarray
    lowest: float
    constant: np.ndarray
    norms: tuple[float, float, float]
    longest: int
    zero_snippets: tuple[int, ...]
    num_zero: int
    doubled: float
    roughness: float
    period: int
    parts: np.ndarray
    hashes: np.ndarray
    changes: np.ndarray

    @classmethod
    def of(cls, array: np.ndarray) -> Content:
        """Go through finite features (T, D) once; beside them, a few blocks of values are held in memory."""
        length, width = array.shape
        channels = np.arange(0, width, -(-width // MOST_CHANNELS))
        paired = np.arange(0, len(channels), -(-len(channels) // MOST_PAIRED))
        low, high = np.full(width, np.inf, np.float32), np.full(width, -np.inf, np.float32)
        sums, squares, steps = np.zeros((3, len(channels)))
        products = np.zeros((len(paired), len(paired)))
        norms, changes, hashes = np.empty(length), np.empty(length), np.empty(length, np.uint64)
        projected = np.empty((length, PROJECTIONS))
        digest = hashlib.blake2b(digest_size=16, key=str(array.shape).encode())
        # sums are of differences to the first snippet, so that large means cost no precision
        first = np.asarray(array[0, channels], dtype=np.float64)
        last = np.zeros((1, len(channels)))
        for start, block, rounded in _blocks(array):
            rows = slice(start, start + len(block))
            np.minimum(low, block.min(0), out=low)
            np.maximum(high, block.max(0), out=high)
            norms[rows] = np.sqrt(np.einsum('td,td->t', block, block))
            projected[rows] = block @ _directions(width)
            digest.update(rounded.data)
            hashes[rows] = _hashes(rounded)
            offset = block[:, channels] - first
            squared_steps = np.square(np.diff(offset, axis=0, prepend=last))
            last = offset[-1:]
            changes[rows] = squared_steps.sum(1)
            sums, squares = sums + offset.sum(0), squares + np.square(offset).sum(0)
            steps += squared_steps.sum(0)
            products += offset[:, paired].T @ offset[:, paired]
        sums /= length
        zero = np.flatnonzero(norms == 0)
        projected_centred = projected - projected.mean(0)
        return cls(
            digest=digest.digest(), scale=float(np.sqrt(np.square(norms).sum() / array.size)), length=length,
            width=width, means=(first + sums).astype(np.float32),
            stds=np.sqrt(np.maximum(squares / length - np.square(sums), 0)).astype(np.float32),
            steps=(steps / max(1, length - 1)).astype(np.float32),
            covariances=(products / length - np.outer(sums[paired], sums[paired])).astype(np.float32),
            lowest=float(low.min()), constant=np.flatnonzero(low == high).astype(np.int32),
            norms=(float(norms.min()), float(np.median(norms)), float(norms.max())), longest=int(norms.argmax()),
            zero_snippets=tuple(zero[:10].tolist()), num_zero=len(zero),
            doubled=float((hashes[1:] == hashes[:-1]).mean()) if length > 1 else 0.0,
            roughness=_roughness(projected_centred), period=_period(projected_centred), parts=_parts(projected),
            hashes=np.unique(hashes)[:HASHES], changes=_ranks(changes[1:]))


def _blocks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield the first snippet of a block, its values as float32, and as float16."""
    step = max(1, BLOCK_VALUES // array.shape[1])
    for start in range(0, len(array), step):
        part = array[start:start + step]
        yield start, np.asarray(part, dtype=np.float32), np.ascontiguousarray(part, dtype=np.float16)


@lru_cache(maxsize=4)
def _directions(width: int) -> np.ndarray:
    """Draw the same random directions (D, PROJECTIONS) each time."""
    directions = np.random.default_rng(width).standard_normal((width, PROJECTIONS), dtype=np.float32)
    directions /= np.sqrt(width, dtype=np.float32)
    return directions


def _hashes(rounded: np.ndarray) -> np.ndarray:
    """Hash the rows of (N, D) float16 to (N, ) uint64: a random sum of their bits, which are then mixed."""
    width = -(-rounded.shape[1] // 4)
    words = np.zeros((len(rounded), 4 * width), np.float16)
    words[:, :rounded.shape[1]] = rounded
    hashes = (words.view(np.uint64) * _factors(width)).sum(1, dtype=np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        hashes = (hashes ^ (hashes >> np.uint64(shift))) * np.uint64(factor)
    return hashes ^ (hashes >> np.uint64(31))


@lru_cache(maxsize=4)
def _factors(width: int) -> np.ndarray:
    """Draw the same random odd numbers each time, as many as words of four channels."""
    return np.random.default_rng(width).integers(0, 2**63, width, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


def _roughness(centred: np.ndarray) -> float:
    variance = np.square(centred).mean()
    if len(centred) < 2 or not variance > 0:
        return 0.0
    return float(np.square(np.diff(centred, axis=0)).mean() / (2 * variance))


def _period(centred: np.ndarray) -> int:
    """Find the lag at which (T, PROJECTIONS) nearly equals itself, and not in between."""
    length = len(centred)
    if length < SHORTEST_LOOPED or not centred.any():
        return 0
    lags = np.arange(length - length // 4 + 1)  # so that a quarter is left to compare
    spectrum = np.fft.rfft(centred, 2 * length, axis=0)
    products = np.fft.irfft(np.square(np.abs(spectrum)).sum(1), 2 * length)[lags]
    squares = np.concatenate([[0], np.cumsum(np.square(centred).sum(1))])
    # sum over t of |x[t + lag] - x[t]|^2, by that of |x[t + lag]|^2 + |x[t]|^2
    both = squares[length - lags] + squares[length] - squares[lags]
    changes = (both - 2 * products) / np.maximum(both, 1e-9 * squares[length])
    far = np.flatnonzero(changes > 0.5)
    low = np.flatnonzero(changes < LOOPED_SHARE)
    low = low[low > far[0]] if len(far) else low[:0]
    if not len(low):
        return 0
    return int(low[0] + changes[low[0]:low[0] + 4].argmin())


def _parts(projected: np.ndarray) -> np.ndarray:
    length, borders = len(projected), np.linspace(0, len(projected), PARTS + 1).astype(int)
    return np.stack([projected[min(start, length - 1):max(end, start + 1)].mean(0)
                     for start, end in zip(borders[:-1], borders[1:])]).astype(np.float32)


def _ranks(values: np.ndarray) -> np.ndarray:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind='stable')] = np.arange(len(values)) + 0.5
    return np.rint(254 * (ranks / max(1, len(values)) - 0.5)).astype(np.int8)


Contents = dict[str, dict[str, Content]]
"""Video to stream to content, of the features in which nothing is wrong."""


def of_stream(contents: Contents, stream: str) -> dict[str, Content]:
    """Return by video what is kept of one stream."""
    return {video: found[stream] for video, found in contents.items() if stream in found}
