"""Records of a layout, and of the annotations that its reader returns."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Annotations:
    """Annotations of a layout in the plugin's own terms; nothing is checked yet.

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
