"""Reads an ActivityNet-style annotation JSON into checked records."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from rpn_plugin.structures import as_segments


@dataclass(frozen=True)
class AnnotationFile:
    """An annotation JSON whose class order is pinned.

    Args:
        path: Where it was read.
        classes: C class names in order.
        recipe: Its ``feature`` entry, see ``SnippetClock.from_recipe``; None if it has none.
        database: Its ``database`` entry as read.
    """

    path: str
    classes: tuple[str, ...]
    recipe: Mapping[str, Any] | None
    database: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: str | Path, classes: Sequence[str] | None = None) -> AnnotationFile:
        """Read a file.

        Args:
            path: JSON with ``database`` and optionally ``classes`` and ``feature``.
            classes: Class names in the order wanted; may be left out where the file has ``classes``.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not such a JSON, or the class order is pinned nowhere or in two different ways.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f'No annotation file {path}. Set data_root (or ann_file) to where it is.')
        try:
            content = json.loads(Path(path).read_text(encoding='utf-8'))
        except ValueError as error:
            raise ValueError(f'{path}: not a JSON file: {error}.') from error
        if not isinstance(content, dict) or not isinstance(content.get('database'), dict):
            raise ValueError(f'{path}: expected a JSON object with a "database" of videos.')
        in_file = content.get('classes')
        if classes is None and in_file is None:
            raise ValueError(f'{path}: the order of the classes is pinned nowhere. Add "classes": [...] to the file or '
                             f'metainfo=dict(classes=[...]) to the dataset\'s config.')
        if classes is not None and in_file is not None and list(classes) != list(in_file):
            raise ValueError(f'{path}: its "classes" are {list(in_file)}, but the config\'s are {list(classes)}. The '
                             f'order fixes the class indices of checkpoints: make both the same.')
        names = tuple(classes if classes is not None else in_file)
        if len(set(names)) != len(names) or not names:
            raise ValueError(f'{path}: expected distinct class names, at least one, but got {list(names)}.')
        return cls(str(path), names, content.get('feature'), content['database'])

    def subset(self, name: str) -> dict[str, Mapping[str, Any]]:
        """Videos of a subset, in file order.

        Raises:
            ValueError: If there is none; the message lists the subsets of the file.
        """
        videos = {video: entry for video, entry in self.database.items() if entry.get('subset') == name}
        if not videos:
            known = sorted({str(entry.get('subset')) for entry in self.database.values()})
            raise ValueError(f'{self.path}: no video in subset {name!r}; the file has {known}.')
        return videos

    def video_labels(self, video: str) -> list[int]:
        """Sorted class indices of a video: its ``labels``, else those of its ``annotations``. No time is read.

        Raises:
            ValueError: If a label is not a class, or ``labels`` and ``annotations`` disagree.
        """
        entry = self.database[video]
        annotated = {annotation.get('label') for annotation in entry.get('annotations') or ()}
        labels = set(entry['labels']) if 'labels' in entry else annotated
        if annotated - labels:
            raise ValueError(f'{self.path}: video {video} has segments labelled {sorted(annotated - labels, key=str)}, '
                             f'which its "labels" {sorted(labels, key=str)} lack.')
        unknown = sorted((label for label in labels if label not in self.classes), key=str)
        if unknown:
            raise ValueError(f'{self.path}: video {video} has the unknown labels {unknown}; the classes are '
                             f'{list(self.classes)}.')
        return sorted(self.classes.index(label) for label in labels)

    def video_duration_sec(self, video: str) -> float | None:
        """Length of a video in seconds; None where the file does not say.

        Raises:
            ValueError: If it is not a positive number.
        """
        duration = self.database[video].get('duration')
        if duration is None:
            return None
        if isinstance(duration, bool) or not isinstance(duration, (int, float)) or not 0 < duration < float('inf'):
            raise ValueError(f'{self.path}: video {video} has the duration {duration!r}; expected a positive number of '
                             f'seconds, or none.')
        return float(duration)

    def video_segments(self, video: str) -> np.ndarray:
        """Segments of a video's annotations, (N, 2) in seconds, in file order. For testing only.

        Raises:
            ValueError: If one is not a pair of finite numbers with start < end.
        """
        values = []
        for annotation in self.database[video].get('annotations') or ():
            segment = annotation.get('segment')
            try:
                start, end = (float(border) for border in segment)
            except (TypeError, ValueError) as error:
                raise ValueError(f'{self.path}: video {video} has the segment {segment!r}; expected [start, end] in '
                                 f'seconds.') from error
            if not start < end:
                raise ValueError(f'{self.path}: video {video} has the segment {segment!r}; expected start < end.')
            values.append((start, end))
        return as_segments(values, f'segments of {video} in {self.path}')
