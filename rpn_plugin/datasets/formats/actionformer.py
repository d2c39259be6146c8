"""Reads the layout of ActionFormer and OpenTAD: one JSON database whose annotations number their classes."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout, require_instances
from rpn_plugin.datasets.formats.plugin_json import read_database
from rpn_plugin.files import read_text


def read_actionformer(path: Path) -> Annotations:
    """Read a database with ``subset, duration, fps`` per video and ``label, label_id, segment`` per instance.

    Classes are in the order of ``label_id``. Without ids (OpenTAD), they are the lines of ``category_idx.txt`` beside
    the file, or pinned nowhere. Other keys, such as ``segment(frames)``, are left out. Subset names become lower case.

    Raises:
        ValueError: If one id names two classes or one class has two ids, or only some instances have ids.
    """
    content = read_database(path)
    ids: dict[str, int] = {}
    without = []
    database = {}
    for video, entry in content['database'].items():
        annotations = []
        for annotation in require_instances(path, video, entry):
            label, number = annotation['label'], annotation.get('label_id')
            if number is None:
                without.append(video)
            elif ids.setdefault(label, number) != number:
                raise ValueError(f'{path}: video {video} gives class {label!r} the label_id {number}, but it had '
                                 f'{ids[label]} before.')
            annotations.append(dict(label=label, segment=annotation.get('segment')))
        kept = {key: entry[key] for key in ('duration', 'fps') if key in entry}
        database[video] = dict(subset=str(entry.get('subset')).lower(), **kept, annotations=annotations)
    if ids and without:
        raise ValueError(f'{path}: some instances have a label_id, but those of {sorted(set(without))} have none.')
    return Annotations(database, _classes(path, ids), remarks=_remarks(ids))


def _classes(path: Path, ids: dict[str, int]) -> tuple[str, ...] | None:
    order: dict[Any, str] = {}
    for label, number in ids.items():
        if order.setdefault(number, label) != label:
            raise ValueError(f'{path}: the label_id {number} names both {order[number]!r} and {label!r}.')
    if order:
        return tuple(order[number] for number in sorted(order))
    listed = path.with_name('category_idx.txt')
    if not listed.is_file():
        return None
    return tuple(line.strip() for line in read_text(listed).splitlines() if line.strip())


def _remarks(ids: dict[str, int]) -> tuple[str, ...]:
    if not ids or sorted(ids.values()) == list(range(len(ids))):
        return ()
    return (f'its label_ids are {sorted(ids.values())}, not 0 to {len(ids) - 1}: classes keep that order, but are '
            f'numbered from 0.', )


ACTIONFORMER = DataLayout('actionformer', 'ActionFormer and OpenTAD: one JSON with label_id; <video>.npy (T, 2048)',
                          read_actionformer, columns=dict(rgb=(0, 1024), flow=(1024, 2048)))
