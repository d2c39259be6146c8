"""Checks of feature values. One video is read at a time, and a few numbers of each are kept."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rpn_plugin.datasets.checking.headers import same_place
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_stores import check_finite

REPEATED_SNIPPETS = 5
"""So many equal snippets in a row are not how real videos look, however still they are."""
SCALE_RATIO = 4
"""Magnitudes of one network differ by less from video to video."""


@dataclass(frozen=True)
class Content:
    """The numbers that are kept of a video's features in one stream.

    Args:
        digest: Equal for equal values, whether they are stored as float16 or float32.
        scale: Root mean square of the values.
    """

    digest: bytes
    scale: float


Contents = dict[str, dict[str, Content]]
"""Video to stream to content, of the features in which nothing is wrong."""


def check_values(checked: CheckedSubset, progress: Callable[[list[str]], Iterable[str]] = iter) -> Contents:
    """Read every feature once; find broken ones, streams that are equal, and videos of another scale.

    Args:
        checked: Videos whose headers were read.
        progress: Wraps the names of the videos while they are gone through.
    """
    contents: Contents = {}
    for video in progress(list(checked.headers)) if checked.headers else ():
        contents[video] = {}
        for stream, store in checked.subset.stores.items():
            try:
                array = np.asarray(store.open(video))
                _check_array(checked, array, video, store.where(video))
            except Fault as fault:
                checked.add_fault(fault, video)
                continue
            contents[video][stream] = _content(array)
        _check_streams(checked, video, contents[video])
    for stream in checked.subset.stores:
        _check_scale(checked, stream, contents)
    return contents


def _check_array(checked: CheckedSubset, array: np.ndarray, video: str, where: str) -> None:
    """Check features (T, D) of one stream; raises the fault that makes them useless."""
    check_finite(array, where)
    if not array.any():
        raise Fault('values-zero', f'{where}: all {len(array)} snippets are zero')
    start, length = longest_repetition(array)
    if length == len(array) > 1:
        raise Fault('values-constant', f'{where}: all {len(array)} snippets are the same')
    if length >= REPEATED_SNIPPETS:
        checked.add('values-repeated', f'{where}: {length} of {len(array)} snippets, from {start} on, are '
                                       f'{"the same" if array[start].any() else "zero"}', video)


def longest_repetition(array: np.ndarray) -> tuple[int, int]:
    """Find the longest row of equal snippets in (T, D); its first snippet and its length."""
    changes = np.flatnonzero((array[1:] != array[:-1]).any(axis=1)) + 1
    borders = np.concatenate([[0], changes, [len(array)]])
    longest = int(np.diff(borders).argmax())
    return int(borders[longest]), int(np.diff(borders)[longest])


def _content(array: np.ndarray) -> Content:
    with np.errstate(over='ignore'):
        rounded = np.ascontiguousarray(array, dtype=np.float16)
    digest = hashlib.blake2b(rounded.tobytes(), digest_size=16, key=str(array.shape).encode()).digest()
    return Content(digest, float(np.sqrt(np.square(array, dtype=np.float32).mean(dtype=np.float64))))


def _check_streams(checked: CheckedSubset, video: str, content: dict[str, Content]) -> None:
    stores = checked.subset.stores
    for one, two in combinations(content, 2):
        if content[one].digest == content[two].digest and not same_place(stores[one], stores[two]):
            checked.add('streams-equal', f'{stores[one].where(video)} and {stores[two].where(video)} hold the same '
                                         f'values', video)


def _check_scale(checked: CheckedSubset, stream: str, contents: Contents) -> None:
    scales = {video: found[stream].scale for video, found in contents.items() if stream in found}
    usual = np.median(list(scales.values())) if scales else 0
    for video, scale in scales.items():
        if not usual / SCALE_RATIO <= scale <= usual * SCALE_RATIO:
            checked.add('values-scale', f'{checked.subset.stores[stream].where(video)}: the root mean square is '
                                        f'{scale:.3g}, and the median of the videos is {usual:.3g}', video)
