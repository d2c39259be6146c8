"""Reads a CSV of ``video,label[,label...]``, which is all that weak supervision needs."""
from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout

COLUMNS = ('subset', 'duration')


def read_label_table(path: Path) -> Annotations:
    """Read a table of video-level labels; one line per video.

    A first line that begins with ``video`` names the columns. Then there may be columns ``subset`` and ``duration``
    (seconds); every other column holds labels. Without such a line the first column is the video, the others are
    labels, and all videos are in subset ``train``. Empty cells are no labels. Classes are in alphabetical order.

    Raises:
        ValueError: Names file, line and value: an empty or repeated video, a line without labels in subset ``train``, a
            duration that is no number.
    """
    with path.open(newline='', encoding='utf-8-sig') as file:
        rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(csv.reader(file), start=1)]
    rows = [(number, row) for number, row in rows if any(row)]
    header = rows.pop(0)[1] if rows and rows[0][1][0].lower() == 'video' else []
    database: dict[str, dict] = {}
    for number, row in rows:
        video, *cells = row
        if not video or video in database:
            raise ValueError(f'{path}: line {number} names the video {video!r}; expected one line per video.')
        named = dict(zip(header[1:], cells))
        labels = {cell for index, cell in enumerate(cells, start=1)
                  if cell and (index >= len(header) or header[index] not in COLUMNS)}
        entry: dict[str, Any] = dict(subset=named.get('subset') or 'train', labels=sorted(labels), annotations=[])
        if not entry['labels'] and entry['subset'] == 'train':
            raise ValueError(f'{path}: line {number}, video {video}, has no label.')
        if named.get('duration'):
            try:
                entry['duration'] = float(named['duration'])
            except ValueError as error:
                raise ValueError(f'{path}: line {number}, video {video}, has the duration {named["duration"]!r}; '
                                 f'expected seconds.') from error
        database[video] = entry
    if not database:
        raise ValueError(f'{path}: no line "video,label[,label...]".')
    return Annotations(database, tuple(sorted({label for entry in database.values() for label in entry['labels']})))


LABEL_TABLE = DataLayout('label_table', 'a CSV of video,label[,label...]', read_label_table)
