"""Reads the split lists of UCF101 and HMDB51, which name the clips for training and for testing."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rpn_plugin.datasets.composition.clip_files import clip_name
from rpn_plugin.files import read_text

_UCF101_LIST = re.compile(r'(train|test)list.*\.txt')
_HMDB51_LIST = re.compile(r'(.+)_test_split\d+\.txt')
_UCF101_LINE = re.compile(r'(?:(?P<label>[^/]+)/)?(?P<file>[^/]+?)(?:\s+\d+)?')
_HMDB51_LINE = re.compile(r'(?P<file>[^/]+?)\s+(?P<use>[012])')
_UCF101_CLIP = re.compile(r'v_(?P<label>.+)_g(?P<group>\d+)_c\d+')
_HMDB51_USE = {'1': 'train', '2': 'test'}


@dataclass(frozen=True)
class ListedClip:
    """A line of a split list.

    Args:
        subset: ``train`` or ``test``.
        label: Class that the list gives, or None.
        path: The list.
    """

    subset: str
    label: str | None
    path: str


def read_split(paths: Sequence[str | Path]) -> dict[str, ListedClip]:
    """Read the lists of one split.

    ``trainlist*.txt`` and ``testlist*.txt`` are read as UCF101's: a line is ``<Class>/<clip>.avi``, with or without
    the class and, behind it, a number that is not used. ``<class>_test_split<k>.txt`` are read as HMDB51's: a line is
    ``<clip>.avi`` and 1 (training), 2 (testing) or 0 (not in this split).

    Returns:
        Clip name to its line; those that a list leaves out are not there.

    Raises:
        ValueError: If a file or line is of neither form, a clip is in both subsets or twice in one, or one of the
            subsets is empty.
    """
    clips: dict[str, ListedClip] = {}
    for path in map(Path, paths):
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            if not line.strip():
                continue
            name, clip = _clip(path, number, line.strip())
            if clip is None:
                continue
            first = clips.setdefault(name, clip)
            if first is not clip:
                raise ValueError(f'{path}: line {number}: clip {name} is in {first.path} ({first.subset}) already. '
                                 f'Give the lists of one split, in which every clip is once.')
    for subset in ('train', 'test'):
        if not any(clip.subset == subset for clip in clips.values()):
            raise ValueError(f'{", ".join(map(str, paths))}: no clip for subset {subset}. Give the lists of both '
                             f'subsets: trainlist01.txt and testlist01.txt, or every *_test_split1.txt.')
    return clips


def label_of(name: str, listed: ListedClip, path: str) -> str:
    """Return the class of a clip: the list's, else that of a name ``v_<Class>_gNN_cNN``, else its folder's name.

    Args:
        name: Of the clip.
        listed: Its line.
        path: Of its features inside their source.

    Raises:
        ValueError: If none of them says.
    """
    match = _UCF101_CLIP.fullmatch(name)
    label = listed.label or (match['label'] if match else None) or Path(path).parent.name
    if not label:
        raise ValueError(f'{listed.path}: clip {name} has no class. Write <Class>/{name}.avi in the list, put '
                         f'its features into a folder named by the class, or name it as UCF101 does, '
                         f'v_<Class>_gNN_cNN.')
    return label


def shared_groups(clips: dict[str, ListedClip]) -> list[str]:
    """Find UCF101's groups (clips of one scene) that the lists have in both subsets."""
    subsets: dict[str, set[str]] = {}
    for name, clip in clips.items():
        match = _UCF101_CLIP.fullmatch(name)
        if match:
            subsets.setdefault(f'{match["label"]}_g{match["group"]}', set()).add(clip.subset)
    return sorted(group for group, found in subsets.items() if len(found) > 1)


def _clip(path: Path, number: int, line: str) -> tuple[str, ListedClip | None]:
    ucf101, hmdb51 = _UCF101_LIST.fullmatch(path.name), _HMDB51_LIST.fullmatch(path.name)
    if ucf101:
        match = _matched(path, number, line, _UCF101_LINE, '<Class>/<clip>.avi')
        return clip_name(match['file']), ListedClip(ucf101[1], match['label'], str(path))
    if hmdb51:
        match = _matched(path, number, line, _HMDB51_LINE, '<clip>.avi 0|1|2')
        subset = _HMDB51_USE.get(match['use'])
        return clip_name(match['file']), ListedClip(subset, hmdb51[1], str(path)) if subset else None
    raise ValueError(f'{path}: expected the name of a UCF101 list (trainlist*.txt, testlist*.txt) or of an HMDB51 list '
                     f'(<class>_test_split<k>.txt).')


def _matched(path: Path, number: int, line: str, pattern: re.Pattern[str], form: str) -> re.Match[str]:
    match = pattern.fullmatch(line)
    if not match:
        raise ValueError(f'{path}: line {number} is {line!r}; expected {form}.')
    return match
