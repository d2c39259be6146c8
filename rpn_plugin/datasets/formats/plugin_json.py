"""The plugin's own annotation file, an ActivityNet-style JSON that pins its classes and states its recipe."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.formats.layout import Annotations, Layout


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ValueError: If the file holds anything else, or an object with the same key twice.
    """
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise Fault('duplicated-key', f'{path}: an object has these keys twice: {twice}.')
        return content

    try:
        content = json.loads(path.read_text(encoding='utf-8'), object_pairs_hook=distinct)
    except Fault:
        raise
    except (ValueError, OSError) as error:
        raise ValueError(f'{path}: not a JSON file: {error}.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a JSON object, but got a {type(content).__name__}.')
    return content


def read_database(path: Path) -> dict[str, Any]:
    """A JSON object with a ``database`` of videos.

    Raises:
        ValueError: If the file holds anything else.
    """
    content = read_json(path)
    if not isinstance(content.get('database'), dict):
        raise ValueError(f'{path}: expected a JSON object with a "database" of videos.')
    for video, entry in content['database'].items():
        if not isinstance(entry, dict):
            raise ValueError(f'{path}: video {video} has the entry {entry!r}; expected a JSON object.')
    return content


def read_plugin_json(path: Path) -> Annotations:
    """Read ``{"classes", "feature", "database"[, "ambiguous"]}``; all but ``database`` may be missing."""
    content = read_database(path)
    classes = content.get('classes')
    return Annotations(content['database'], None if classes is None else tuple(classes), content.get('feature'),
                       content.get('ambiguous', {}))


PLUGIN = Layout('plugin', 'this project\'s own: an ActivityNet-style JSON with "classes" and "feature"',
                read_plugin_json)
