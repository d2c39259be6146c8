"""Feature files on disk: one ``<video>.npy`` of shape (T, D) per video and stream."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

ALLOWED_DTYPES = (np.float16, np.float32)


@dataclass(frozen=True)
class FeatureHeader:
    """Shape of a feature file.

    Args:
        length: T.
        width: D.
    """

    length: int
    width: int


def read_header(path: str | Path) -> FeatureHeader:
    """Read a file's shape without its values.

    Raises:
        ValueError: If it is not a readable float16 or float32 array of shape (T, D) with T >= 1; says what it is.
    """
    array = open_features(path)
    return FeatureHeader(*array.shape)


def open_features(path: str | Path) -> np.ndarray:
    """Map a file into memory, (T, D); nothing is read until it is indexed.

    Raises:
        ValueError: As :func:`read_header`.
    """
    if not Path(path).is_file():
        raise ValueError(f'{path}: missing')
    try:
        array = np.load(path, mmap_mode='r', allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f'{path}: unreadable ({error})') from error
    if not isinstance(array, np.ndarray) or array.dtype not in ALLOWED_DTYPES:
        raise ValueError(f'{path}: expected float16 or float32, but got {getattr(array, "dtype", type(array))}')
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f'{path}: expected shape (T, D) with T and D at least 1, but got {array.shape}')
    return array


def check_finite(features: np.ndarray, path: str | Path) -> None:
    """Refuse NaN and infinity.

    Raises:
        ValueError: Names the file, the first such value and its place.
    """
    if torch.from_numpy(features).abs().max().isfinite():  # NaN wins, too; numpy takes ten times as long
        return
    bad = np.argwhere(~np.isfinite(features))
    snippet, channel = bad[0]
    raise ValueError(f'{path}: {len(bad)} values are not finite, the first is {features[snippet, channel]} at snippet '
                     f'{snippet}, channel {channel}. Extract this video\'s features again.')
