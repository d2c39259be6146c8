"""Finds names of classes, subsets and videos that mean the same."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.faults import Finding
from rpn_plugin.structures import bare_name

SUBSET_WORDS = {'train': 'training', 'val': 'validation', 'valid': 'validation', 'test': 'testing'}
"""Short and long names of the usual subsets."""


def bare_subset(name: str) -> str:
    """Return the name of a subset in lower case, without spaces around it, and in its long form."""
    bare = name.strip().casefold()
    return SUBSET_WORDS.get(bare, bare)


def check_spellings(annotations: AnnotationFile) -> list[Finding]:
    """Find subsets, videos and classes of a file whose names differ in ways that nobody means.

    Args:
        annotations: Of all subsets.
    """
    path, sizes = annotations.path, dict[str, list[str]]()
    for video, entry in annotations.database.items():
        if isinstance(name := entry.get('subset'), str):
            sizes.setdefault(name, []).append(video)
    findings = [Finding('subset-spelling', f'{path}: ' + ' and '.join(
        f'{name!r} with {len(sizes[name])} videos, such as {sizes[name][0]}' for name in names))
                for names in _alike(sizes, bare_subset)]
    # names that mean one video are found with the videos that are there twice
    findings += [Finding('video-spelling', f'{path}: {" and ".join(names)}', videos=tuple(names))
                 for names in _alike(annotations.database, lambda name: bare_name(name).casefold())
                 if len({bare_name(name) for name in names}) > 1]
    return findings + [Finding('class-similar', f'{path}: {" and ".join(map(repr, names))}')
                       for names in _alike(annotations.classes, lambda name: re.sub(r'[\W_]+', '', name).casefold())]


def _alike(names: Iterable[str], bare: Callable[[str], str]) -> list[list[str]]:
    """Group the names that are the same once they are made bare."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(bare(str(name)), []).append(name)
    return [group for group in groups.values() if len(group) > 1]
