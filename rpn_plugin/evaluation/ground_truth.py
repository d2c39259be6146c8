"""Ground truth of many videos, read once from a file."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.evaluation.entries import read_entries
from rpn_plugin.files import read_json, shown
from rpn_plugin.structures import LONGEST_SEC, VideoSegments, as_segments
from rpn_plugin.thumos_annotations import ThumosAnnotations


@dataclass(frozen=True)
class GroundTruth:
    """The annotations of many videos, as one file has them.

    Args:
        path: The file or folder, for messages.
        segments: Annotated segments by video, in the order of the file; a video without any has an empty entry.
        ambiguous: (N, 2) intervals in seconds by video, of all subsets; empty where the file has none.
        classes: Names of the classes that the file knows: those annotated in any subset, and those of its ``classes``.
        durations: Length by video as the file says it, where it does; :meth:`duration_sec` checks it.
        subsets: Subset by video of ``segments``; empty where the file states none.
        label_ids: The ``label_id`` and ``label`` of every annotation, of all subsets, that has both.
        class_order: The file's ``classes`` in its order; empty where it has none.
    """

    path: Path
    segments: Mapping[str, VideoSegments]
    ambiguous: Mapping[str, np.ndarray]
    classes: frozenset[str]
    durations: Mapping[str, Any]
    subsets: Mapping[str, str] = field(default_factory=dict)
    label_ids: frozenset[tuple[int, str]] = frozenset()
    class_order: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | Path, subset: str | None = None) -> GroundTruth:
        """Read an ActivityNet-style JSON, MMAction2's, or the folder of THUMOS14's text files.

        Args:
            path: File of ``{"database": {video: {"subset", "duration", "annotations": [{"label", "segment"}]}}}`` with
                segments as [start, end] and everything in seconds. It may also hold ``"ambiguous": {video: [[start,
                end], ...]}`` and ``"classes": [name, ...]``. MMAction2's ``anet_anno_*.json`` is the database alone,
                with ``"duration_second"``. The folder has ``<Class>_{val,test}.txt`` below it, see
                :class:`ThumosAnnotations`.
            subset: Take the segments of the videos of this subset only; None takes all.

        Raises:
            ValueError: If the file is not of that form, has a key twice, has no video in the subset, or writes its
                name in several ways; names file, video and value.
            OSError: If it cannot be opened.
        """
        content = _content(path)
        database = _database(path, content)
        every = {video: read_entries(path, video, entry.get('annotations', []), scored=False)
                 for video, entry in database.items()}
        known = sorted({str(entry.get('subset')) for entry in database.values()})
        alike = [name for name in known if subset is not None and name.strip().lower() == subset.strip().lower()]
        if len(alike) > 1:
            raise ValueError(f'{path}: its subsets {alike} differ in case only: write each name in one way.')
        chosen = {video: entry for video, entry in every.items() if subset in (None, database[video].get('subset'))}
        if not chosen and subset is not None:
            raise ValueError(f'{path}: no video in subset {subset!r}; the file has {known}.')
        annotated = (label for entry in every.values() for label in entry.labels)
        classes = _classes(path, content)
        return cls(Path(path), chosen, _ambiguous(path, content), frozenset((*annotated, *classes)),
                   {video: entry['duration'] for video, entry in database.items() if 'duration' in entry},
                   {video: str(database[video]['subset']) for video in chosen if 'subset' in database[video]},
                   frozenset((entry['label_id'], entry['label']) for video in database.values()
                             for entry in video.get('annotations', []) if type(entry.get('label_id')) is int),
                   tuple(classes))

    def class_names(self) -> dict[int, str]:
        """Return the classes by number: by the annotations' ``label_id``, else by their place in ``classes``.

        Raises:
            ValueError: If the file has neither, or a number stands for two classes.
        """
        names = dict(self.label_ids) or dict(enumerate(self.class_order))
        twice = sorted({number for number, label in self.label_ids if names[number] != label})
        if twice:
            raise ValueError(f'{self.path}: the label_id {twice[0]} stands for several classes.')
        if not names:
            raise ValueError(f'{self.path}: numbers its classes nowhere: expected a "label_id" in each annotation, as '
                             f'ActionFormer has it, or the list "classes" beside "database".')
        return names

    def duration_sec(self, video: str) -> float | None:
        """Return the length of a video in seconds; None if the file does not say it.

        Raises:
            ValueError: If what it says is not a positive number up to :data:`LONGEST_SEC`; names file, video and value.
        """
        if video not in self.durations:
            return None
        duration = self.durations[video]
        if isinstance(duration, bool) or not isinstance(duration, (int, float)) or not 0 < duration <= LONGEST_SEC:
            raise ValueError(f'{self.path}: video {video} has the duration {shown(duration)}; expected seconds above 0 '
                             f'and up to {LONGEST_SEC:.0f}.')
        return float(duration)


def _content(path: str | Path) -> dict[str, Any]:
    if Path(path).is_dir():
        folder = ThumosAnnotations.read(Path(path))
        return dict(database=folder.database, ambiguous=folder.ambiguous, classes=[*folder.classes])
    content = read_json(path)
    is_database = bool(content) and all(isinstance(entry, dict) and {'annotations', 'duration_second'} <= entry.keys()
                                        for entry in content.values())
    return dict(database={video: dict(entry, duration=entry['duration_second'])
                          for video, entry in content.items()}) if is_database else content


def _database(path: str | Path, content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    database = content.get('database')
    if not isinstance(database, dict):
        raise ValueError(f'{path}: expected a JSON object with a "database" of videos.')
    for video, entry in database.items():
        if not isinstance(entry, dict):
            raise ValueError(f'{path}: video {video} has the entry {shown(entry)}; expected a JSON object.')
    return database


def _ambiguous(path: str | Path, content: Mapping[str, Any]) -> dict[str, np.ndarray]:
    intervals = content.get('ambiguous', {})
    if not isinstance(intervals, dict):
        raise ValueError(f'{path}: expected "ambiguous" as {{video: [[start, end], ...]}}, but got {shown(intervals)}.')
    read = {}
    for video, listed in intervals.items():
        try:
            read[video] = as_segments(listed)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f'{path}: video {video} has the ambiguous intervals {shown(listed)}; expected a list of '
                             f'[start, end] in finite seconds.') from error
    return read


def _classes(path: str | Path, content: Mapping[str, Any]) -> list[str]:
    classes = content.get('classes') or []
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError(f'{path}: expected "classes" as a list of names, but got {shown(classes)}.')
    return classes
