"""Annotations of untrimmed videos, of any known layout, as checked records."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from rpn_plugin.datasets.formats import Layout, get_layout
from rpn_plugin.structures import as_segments


@dataclass(frozen=True)
class AnnotationFile:
    """Annotations whose class order is pinned.

    Args:
        path: Where they were read.
        classes: C class names in order.
        recipe: Recipe of the features, see ``SnippetClock.from_recipe``; None if neither file nor layout states it.
        database: Video to its entry, see :class:`Annotations`.
        layout: How annotations and features are laid out.
        ambiguous: Video to intervals in seconds in which detections are neither right nor wrong.
        remarks: What was mended or is odd, one sentence each.
    """

    path: str
    classes: tuple[str, ...]
    recipe: Mapping[str, Any] | None
    database: Mapping[str, Mapping[str, Any]]
    layout: Layout
    ambiguous: Mapping[str, list[list[float]]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | Path, classes: Sequence[str] | None = None, layout: str = 'plugin') -> AnnotationFile:
        """Read annotations.

        Args:
            path: The file or folder that the layout has.
            classes: Class names in the order wanted; may be left out where the source pins one.
            layout: Name of the layout, see ``rpn_plugin.datasets.formats``.

        Raises:
            FileNotFoundError: If there is nothing at the path.
            ValueError: If it is not of that layout, or the class order is pinned nowhere or in two different ways.
        """
        if not Path(path).exists():
            raise FileNotFoundError(f'No annotation file {path}. Set data_root (or ann_file) to where it is.')
        kind = get_layout(layout)
        read = kind.read(Path(path))
        if classes is None and read.classes is None:
            raise ValueError(f'{path}: the order of the classes is pinned nowhere. Add "classes": [...] to the file or '
                             f'metainfo=dict(classes=[...]) to the dataset\'s config.')
        if classes is not None and read.classes is not None and list(classes) != list(read.classes):
            raise ValueError(f'{path}: its "classes" are {list(read.classes)}, but the config\'s are {list(classes)}. '
                             f'The order fixes the class indices of checkpoints: make both the same.')
        names = tuple(classes if classes is not None else read.classes)
        if len(set(names)) != len(names) or not names:
            raise ValueError(f'{path}: expected distinct class names, at least one, but got {list(names)}.')
        return cls(str(path), names, read.recipe or kind.recipe, read.database, kind, read.ambiguous, read.remarks)

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
            ValueError: If a label is not a class.
        """
        entry = self.database[video]
        labels = set(entry['labels']) if 'labels' in entry else self.annotated_labels(video)
        unknown = sorted((label for label in labels if label not in self.classes), key=str)
        if unknown:
            raise ValueError(f'{self.path}: video {video} has the unknown labels {unknown}; the classes are '
                             f'{list(self.classes)}.')
        return sorted(self.classes.index(label) for label in labels)

    def annotated_labels(self, video: str) -> set[str]:
        """Labels of a video's annotated segments. No time is read."""
        return {annotation.get('label') for annotation in self.database[video].get('annotations') or ()}

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
            ValueError: If one is not a pair of finite numbers with start <= end. ActivityNet has some of no length,
                which nobody can find and which count all the same.
        """
        values = []
        for annotation in self.database[video].get('annotations') or ():
            segment = annotation.get('segment')
            try:
                start, end = (float(border) for border in segment)
            except (TypeError, ValueError) as error:
                raise ValueError(f'{self.path}: video {video} has the segment {segment!r}; expected [start, end] in '
                                 f'seconds.') from error
            if start > end:
                raise ValueError(f'{self.path}: video {video} has the segment {segment!r}; expected start <= end.')
            values.append((start, end))
        return as_segments(values, f'segments of {video} in {self.path}')
