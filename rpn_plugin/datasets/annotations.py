"""Annotations of untrimmed videos in any known layout, with checked access to labels, times and durations."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.formats import Annotations, DataLayout, get_layout, require_instances, require_labels
from rpn_plugin.files import shown, unsafe_name
from rpn_plugin.structures import LONGEST_SEC, as_segments


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
    layout: DataLayout
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
        return cls.of(kind.open(Path(path)), path, kind, classes)

    @classmethod
    def of(cls, read: Annotations, path: str | Path, layout: DataLayout,
           classes: Sequence[str] | None = None) -> AnnotationFile:
        """Pin the classes of annotations that were read.

        Args:
            read: As a layout gives them.
            path: Where they were read, for messages.
            layout: How they are laid out.
            classes: Class names in the order wanted; may be left out where the source pins one.

        Raises:
            ValueError: If the class order is pinned nowhere or in two different ways, or names differ in case only.
        """
        chosen = classes if classes is not None else read.classes
        if chosen is None:
            raise Fault('class-unpinned', f'{path}: the order of the classes is pinned nowhere. Add "classes": [...] '
                                          f"to the file or metainfo=dict(classes=[...]) to the dataset's config.")
        if classes is not None and read.classes is not None and list(classes) != list(read.classes):
            raise Fault('class-order', f'{path}: its "classes" are {list(read.classes)}, but the config\'s are '
                                       f'{list(classes)}. The order fixes the class indices of checkpoints: make both '
                                       f'the same.')
        _require_safe_names(read.database, str(path))
        names = tuple(chosen)
        if len({bare_label(name) for name in names}) != len(names) or not names:
            raise Fault('class-spelling', f'{path}: expected at least one class name, and that they differ in more '
                                          f'than case, spaces and underscores, but got {list(names)}.')
        return cls(str(path), names, read.recipe or layout.recipe, read.database, layout, read.ambiguous, read.remarks)

    def subset(self, name: str) -> dict[str, Mapping[str, Any]]:
        """Return the videos of a subset, in file order.

        Raises:
            ValueError: If there is none; the message lists the subsets of the file.
        """
        videos = {video: entry for video, entry in self.database.items() if entry.get('subset') == name}
        if not videos:
            known = sorted({str(entry.get('subset')) for entry in self.database.values()})
            raise Fault('subset-empty', f'{self.path}: no video in subset {name!r}; the file has {known}.')
        return videos

    def without_segments(self) -> AnnotationFile:
        """Return a copy without the time of any instance, so that a training data set cannot see one."""
        database = {}
        for video, entry in self.database.items():
            database[video] = {key: entry[key] for key in ('subset', 'duration', 'fps', 'labels') if key in entry}
            if isinstance(entry.get('annotations'), (list, tuple)):
                database[video]['annotations'] = [dict(label=annotation.get('label'))
                                                  if isinstance(annotation, Mapping) else annotation
                                                  for annotation in entry['annotations']]
        return replace(self, database=database, ambiguous={})

    def annotations(self, video: str) -> Sequence[Mapping[str, Any]]:
        """Return a video's annotated instances, ``{label, segment}`` each.

        Raises:
            ValueError: If they are not a list of such.
        """
        try:
            return require_instances(self.path, video, self.database[video])
        except ValueError as error:
            raise Fault('entry-malformed', str(error)) from error

    def label_names(self, video: str) -> set[str]:
        """Return the labels of a video: its ``labels``, else those of its ``annotations``. No time is read.

        Raises:
            ValueError: If the entry is not of the expected form.
        """
        if self.database[video].get('labels') is None:
            return self.annotated_labels(video)
        try:
            return set(require_labels(self.path, video, self.database[video]))
        except ValueError as error:
            raise Fault('entry-malformed', str(error)) from error

    def video_labels(self, video: str) -> list[int]:
        """Return the sorted class indices of a video, see :meth:`label_names`. No time is read.

        Raises:
            ValueError: If a label is not a class.
        """
        labels = self.label_names(video)
        unknown = sorted(labels - set(self.classes), key=str)
        if unknown:
            known = {bare_label(name): name for name in self.classes}
            near = [known[name] for label in unknown for name in get_close_matches(bare_label(label), known, 1)]
            respelled = all(bare_label(label) in known for label in unknown)
            raise Fault('class-spelling' if respelled else 'unknown-label',
                        f'{self.path}: video {video} has the unknown labels {unknown}; '
                        + (f'the nearest of the {len(self.classes)} classes are {near}.' if near else
                           f'the classes are {list(self.classes)}.'))
        return sorted(self.classes.index(label) for label in labels)

    def annotated_labels(self, video: str) -> set[str]:
        """Return the labels of a video's annotated segments. No time is read."""
        return {annotation['label'] for annotation in self.annotations(video)}

    def video_duration_sec(self, video: str) -> float | None:
        """Return the length of a video in seconds; None where the file does not say.

        Raises:
            ValueError: If it is not a positive number, or beyond ``LONGEST_SEC``.
        """
        duration = self.database[video].get('duration')
        if duration is None:
            return None
        if isinstance(duration, bool) or not isinstance(duration, (int, float)) or not 0 < duration <= LONGEST_SEC:
            raise Fault('duration-invalid', f'{self.path}: video {video} has the duration {shown(duration)}; expected '
                                            f'a positive number of seconds up to {LONGEST_SEC:g}, or none.')
        return float(duration)

    def video_segments(self, video: str) -> np.ndarray:
        """Return the segments of a video's annotations, (N, 2) in seconds, in file order. For testing only.

        Raises:
            ValueError: If one is not a pair of finite numbers with start <= end. ActivityNet has some of no length,
                which nobody can find and which count all the same.
        """
        return as_segments([self.segment(video, annotation) for annotation in self.annotations(video)])

    def segment(self, video: str, annotation: Mapping[str, Any]) -> tuple[float, float]:
        """Return start and end in seconds of one of a video's annotations.

        Raises:
            ValueError: As :meth:`video_segments`.
        """
        segment: Any = annotation.get('segment')
        try:
            if not isinstance(segment, (list, tuple)):
                raise TypeError
            start, end = map(float, segment)
        except (TypeError, ValueError, OverflowError):
            fault = 'segment-malformed', '[start, end] in seconds'
        else:
            finite = all(abs(border) <= LONGEST_SEC for border in (start, end))
            if finite and start <= end:
                return start, end
            fault = ('segment-reversed', 'start <= end') if finite else \
                ('segment-not-finite', f'finite borders up to {LONGEST_SEC:g} s')
        raise Fault(fault[0], f'{self.path}: video {video} has the segment {shown(segment)}; expected {fault[1]}.')


def _require_safe_names(videos: Iterable[str], where: str) -> None:
    """Refuse names of videos that cannot name files, since features, curves and pictures are called by them."""
    reasons = [f'{shown(video)}: {reason}' for video in videos if (reason := unsafe_name(video))]
    if reasons:
        raise Fault('video-name', f'{where}: {len(reasons)} videos have names that cannot name files: '
                                  f'{"; ".join(reasons[:5])}.')


def bare_label(name: Any) -> str:
    """Return a label without what differs between spellings of one name: case, spaces and underscores."""
    return re.sub(r'[\s_]+', '', str(name)).casefold()
