"""Records of a layout, and of the annotations that its reader returns."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rpn_plugin.files import shown, unsafe_text
from rpn_plugin.structures import as_segments


@dataclass(frozen=True)
class Annotations:
    """Annotations of a layout in the plugin's own terms, as its reader returns them.

    Args:
        database: Video to ``{subset[, duration, fps], annotations: [{label, segment: [start, end] in seconds}][,
            labels]}``, in the order of the source.
        classes: C class names in the order that the layout pins, or None.
        recipe: Recipe of the features if the source states it, see ``SnippetClock.from_recipe``.
        ambiguous: Video to intervals in seconds in which detections are neither right nor wrong.
        remarks: What was mended or is odd about the source, one sentence each.
    """

    database: Mapping[str, Mapping[str, Any]]
    classes: tuple[str, ...] | None = None
    recipe: Mapping[str, Any] | None = None
    ambiguous: Mapping[str, list[list[float]]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataLayout:
    """A way in which annotations and features are published.

    Args:
        name: What configs and tools call it.
        description: Whose it is and which files it has.
        read: Reads the annotations at a path. Raises ``ValueError`` (``FileNotFoundError`` where nothing is there) that
            names file, video and value.
        recipe: Recipe of the features published with it, where there is one. A config or file that states another wins.
        columns: Channels of each stream in its feature files, where one file holds several streams side by side.
    """

    name: str
    description: str
    read: Callable[[Path], Annotations]
    recipe: Mapping[str, Any] | None = None
    columns: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def open(self, path: Path) -> Annotations:
        """Read the annotations at a path, and require the form of all that concerns more than one video.

        The entry of a single video is checked where it is used, so that a check of the data can name every bad one.

        Raises:
            ValueError: Names the file and what was expected.
            OSError: If it cannot be opened.
        """
        try:
            read = self.read(path)
        except OSError:
            raise
        except Exception as error:  # a reader takes the form of the layout for granted
            if isinstance(error, ValueError) and str(path) in str(error):
                raise
            raise ValueError(f'{path}: not of the layout {self.name} ({self.description}): '
                             f'{type(error).__name__} {error!s:.100}.') from error
        _require_form(read, path)
        return read


def require_instances(path: str | Path, video: str, entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the annotated instances of a video's entry, each an object whose label is a name.

    Raises:
        ValueError: If they are anything else; names file, video and value.
    """
    instances = entry.get('annotations') or ()
    if not isinstance(instances, (list, tuple)) or not all(
            isinstance(instance, Mapping) and not unsafe_text(instance.get('label')) for instance in instances):
        raise ValueError(f'{path}: video {video} has the annotations {shown(instances)}; expected a list of {{"label", '
                         f'"segment"}} with names as labels.')
    return instances


def require_labels(path: str | Path, video: str, entry: Mapping[str, Any]) -> Sequence[str]:
    """Return the video-level labels of a video's entry; none where it has only those of its instances.

    Raises:
        ValueError: If they are not a list of names; names file, video and value.
    """
    labels = entry.get('labels') or ()
    if not isinstance(labels, (list, tuple)) or any(map(unsafe_text, labels)):
        raise ValueError(f'{path}: video {video} has the labels {shown(labels)}; expected a list of class names.')
    return labels


def _require_form(read: Annotations, path: Path) -> None:
    """Require types and ranges of names, classes, subsets, recipe and ambiguous intervals."""
    _require(isinstance(read.database, Mapping) and all(isinstance(entry, Mapping) for entry in read.database.values()),
             path, 'a "database" of videos, each with an object', read.database)
    for video, entry in read.database.items():
        if 'subset' in entry and unsafe_text(entry['subset']):
            raise ValueError(f'{path}: video {video} is in the subset {shown(entry["subset"])}; expected a name.')
    if read.classes is not None:
        _require(isinstance(read.classes, (list, tuple)) and not any(map(unsafe_text, read.classes)), path,
                 '"classes" as a list of names', read.classes)
    _require(read.recipe is None or isinstance(read.recipe, Mapping), path, '"feature" as an object, the recipe of the '
             'features', read.recipe)
    _require(isinstance(read.ambiguous, Mapping), path, '"ambiguous" as {video: [[start, end], ...]}', read.ambiguous)
    for video, intervals in read.ambiguous.items():
        try:
            as_segments(intervals)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f'{path}: video {video} has the ambiguous intervals {shown(intervals)}; expected a list '
                             f'of [start, end] in finite seconds.') from error


def _require(condition: bool, path: Path, expected: str, value: Any) -> None:
    if not condition:
        raise ValueError(f'{path}: expected {expected}, but got {shown(value)}.')
