"""Reads the plugin's own annotation file, an ActivityNet-style JSON with its classes and its recipe."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout
from rpn_plugin.files import read_json, shown


def read_database(path: Path) -> dict[str, Any]:
    """Read a JSON object with a ``database`` of videos.

    Raises:
        ValueError: If the file holds anything else.
    """
    content = read_json(path)
    if not isinstance(content.get('database'), dict):
        raise ValueError(f'{path}: expected a JSON object with a "database" of videos.')
    for video, entry in content['database'].items():
        if not isinstance(entry, dict):
            raise ValueError(f'{path}: video {video} has the entry {shown(entry)}; expected a JSON object.')
    return content


def read_plugin_json(path: Path) -> Annotations:
    """Read ``{"classes", "feature", "database"[, "ambiguous", "note"]}``; all but ``database`` may be missing.

    The note is a remark, a sentence that whoever reads the file gets to see.
    """
    content = read_database(path)
    classes, note = content.get('classes'), content.get('note')
    return Annotations(content['database'], tuple(classes) if isinstance(classes, list) else classes,
                       content.get('feature'), content.get('ambiguous', {}), (note, ) if isinstance(note, str) else ())


PLUGIN = DataLayout('plugin', 'this project\'s own: an ActivityNet-style JSON with "classes" and "feature"',
                    read_plugin_json)
