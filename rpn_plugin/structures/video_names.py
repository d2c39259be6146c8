"""Finds names that mean the same video."""
from __future__ import annotations

import re
from collections.abc import Iterable

VIDEO_SUFFIXES = ('.avi', '.flv', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.ts', '.webm', '.wmv')
"""Endings by which video files are known, in lower case."""
_VIDEO_SUFFIX = re.compile('(' + '|'.join(map(re.escape, VIDEO_SUFFIXES)) + ')$', re.IGNORECASE)


def without_video_suffix(name: str) -> str:
    """Return the name of a video without the ending of its file.

    >>> without_video_suffix('holiday_01.MP4'), without_video_suffix('holiday.v2'), without_video_suffix('.mp4')
    ('holiday_01', 'holiday.v2', '.mp4')
    """
    return _VIDEO_SUFFIX.sub('', name) or name


def bare_name(video: str) -> str:
    """Return a video's name without the ``v_``, the spaces and the ``.mp4`` that releases put around it.

    >>> bare_name('v_-0HWPt9B0vA.mp4')
    '-0HWPt9B0vA'
    """
    return without_video_suffix(video.strip().removeprefix('v_'))


def same_video_names(first: Iterable[str], second: Iterable[str]) -> list[tuple[str, str]]:
    """Find pairs of different names, one of each side, that mean the same video.

    >>> same_video_names(['a', 'v_b'], ['a', 'b'])
    [('v_b', 'b')]
    """
    by_bare: dict[str, list[str]] = {}
    for name in second:
        by_bare.setdefault(bare_name(name), []).append(name)
    return [(name, other) for name in first for other in by_bare.get(bare_name(name), ()) if other != name]
