"""Finds names that mean the same video."""
from __future__ import annotations

import re
from collections.abc import Iterable


def bare_name(video: str) -> str:
    """Return a video's name without the ``v_``, the spaces and the ``.mp4`` that releases put around it.

    >>> bare_name('v_-0HWPt9B0vA.mp4')
    '-0HWPt9B0vA'
    """
    return re.sub(r'^v_|\.(mp4|mkv|webm|avi|mpe?g)$', '', video.strip())


def same_video_names(first: Iterable[str], second: Iterable[str]) -> list[tuple[str, str]]:
    """Find pairs of different names, one of each side, that mean the same video.

    >>> same_video_names(['a', 'v_b'], ['a', 'b'])
    [('v_b', 'b')]
    """
    by_bare: dict[str, list[str]] = {}
    for name in second:
        by_bare.setdefault(bare_name(name), []).append(name)
    return [(name, other) for name in first for other in by_bare.get(bare_name(name), ()) if other != name]
