"""Checks of feature values. One video is read at a time, and a few numbers of each are kept."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np

from rpn_plugin.datasets.checking.alignment import check_alignment
from rpn_plugin.datasets.checking.among import check_among
from rpn_plugin.datasets.checking.contents import Content, Contents
from rpn_plugin.datasets.checking.headers import same_place
from rpn_plugin.datasets.checking.signatures import agreement
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_stores import check_finite

REPEATED_SNIPPETS, REPEATED_SHARE = 5, 0.1
"""So many equal snippets in a row, and such a share of the video, are not how real videos look, however still."""
MANY_REPEATED = 16
"""So many in a row are not, however long the video is."""
DOUBLED_SHARE = 0.3
"""With so many snippets that equal the one before, a video has been filled up by repeating each."""
LARGEST_VALUE = float(np.finfo(np.float16).max)
"""Features are kept and trained on in float16, too."""
SAME_COURSE = 0.98
"""Two streams, or two videos, whose values rise and fall together so closely are copies."""
SHORTEST_COURSE = 16
"""Snippets; shorter videos rise and fall together by chance."""


def check_values(checked: CheckedSubset, progress: Callable[[list[str]], Iterable[str]] = iter) -> Contents:
    """Read every feature once; find broken ones, and streams and videos unlike the others or too much like them.

    Args:
        checked: Videos whose headers were read.
        progress: Wraps the names of the videos while they are gone through.
    """
    contents: Contents = {}
    for video in progress(list(checked.headers)) if checked.headers else ():
        contents[video] = {}
        for stream, store in checked.subset.stores.items():
            try:
                contents[video][stream] = _read(checked, np.asarray(store.open(video)), video, store.where(video))
            except Fault as fault:
                checked.add_fault(fault, video)
        _check_streams(checked, video, contents[video])
    check_among(checked, contents)
    check_alignment(checked, contents)
    return contents


def _read(checked: CheckedSubset, array: np.ndarray, video: str, where: str) -> Content:
    """Check features (T, D) of one stream; raises the fault that makes them useless."""
    check_finite(array, where)
    if array.dtype != np.float16 and (largest := max(float(array.max()), -float(array.min()))) > LARGEST_VALUE:
        raise Fault('values-huge', f'{where}: the largest magnitude is {largest:.3g}; expected at most '
                                   f'{LARGEST_VALUE:g}, the largest number of float16')
    if not array.any():
        raise Fault('values-zero', f'{where}: all {len(array)} snippets are zero')
    start, length = longest_repetition(array)
    if length == len(array) > 1:
        raise Fault('values-constant', f'{where}: all {len(array)} snippets are the same')
    repeated = length >= MANY_REPEATED or length >= max(REPEATED_SNIPPETS, REPEATED_SHARE * len(array))
    if repeated:
        checked.add('values-repeated', f'{where}: {length} of {len(array)} snippets, from {start} on, are '
                                       f'{"the same" if array[start].any() else "zero"}', video)
    content = Content.of(array)
    if content.scale == 0:
        raise Fault('values-zero', f'{where}: the squares of all values are zero in float32')
    if content.doubled > DOUBLED_SHARE and not repeated:
        checked.add('values-doubled', f'{where}: {content.doubled:.0%} of {len(array)} snippets equal the one before',
                    video)
    if content.period:
        checked.add('values-looped', f'{where}: the {len(array)} snippets repeat themselves every {content.period}',
                    video)
    return content


def longest_repetition(array: np.ndarray) -> tuple[int, int]:
    """Find the longest row of equal snippets in (T, D); its first snippet and its length."""
    changes = np.flatnonzero((array[1:] != array[:-1]).any(axis=1)) + 1
    borders = np.concatenate([[0], changes, [len(array)]])
    longest = int(np.diff(borders).argmax())
    return int(borders[longest]), int(np.diff(borders)[longest])


def _check_streams(checked: CheckedSubset, video: str, found: dict[str, Content]) -> None:
    stores = checked.subset.stores
    for one, two in combinations(found, 2):
        first, second = found[one], found[two]
        where = f'{stores[one].where(video)} and {stores[two].where(video)}'
        if first.digest == second.digest:
            if not same_place(stores[one], stores[two]):
                checked.add('streams-equal', f'{where} hold the same values', video)
        elif first.width == second.width and min(first.length, second.length) >= SHORTEST_COURSE:
            alike = agreement(course(first), course(second))
            if abs(alike) > SAME_COURSE:
                checked.add('streams-alike', f'{where} rise and fall together (correlation {alike:.3f})', video)


def course(content: Content) -> np.ndarray:
    """Return how a video changes in the course of time, without its mean: a vector that a copy shares up to scale."""
    return (content.parts - content.parts.mean(0)).ravel()
