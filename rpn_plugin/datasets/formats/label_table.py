"""Reads a CSV of ``video,label[,label...]``, which is all that weak supervision needs."""
from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout
from rpn_plugin.files import read_text

COLUMNS = ('video', 'subset', 'duration')
SEPARATORS = (',', ';', '\t')
_LABEL_COLUMN = re.compile(r'(labels?|class(es)?)[ _-]?\d*|')


def read_label_table(path: Path) -> Annotations:
    """Read a table of video-level labels; one line per video.

    A first line that begins with ``video`` names the columns, in any case: ``subset``, ``duration`` (seconds), and
    ``label`` or ``class`` with or without a number, of which there may be several; cells beyond the last named column
    are labels, too. Without such a line the first column is the video, the others are labels, and all videos are in
    subset ``train``. Columns are separated by commas, semicolons or tabs. Empty cells are no labels. Classes are in
    alphabetical order.

    Raises:
        ValueError: Names file, line and value: a column of another name, an empty or repeated video, a line without
            labels in subset ``train``, a duration that is no number.
    """
    rows = _rows(path)
    header = ['video']
    if rows and rows[0][1][0].lower() == 'video':
        header = [name.lower() for name in rows.pop(0)[1]]
        unknown = [name for name in header if name not in COLUMNS and not _LABEL_COLUMN.fullmatch(name)]
        if unknown or len({*header} & {*COLUMNS}) < sum(name in COLUMNS for name in header):
            raise ValueError(f'{path}: has the columns {header}; expected "video" and "label" (or "label1", "label2", '
                             f'...), perhaps "subset" and "duration", each once.'
                             + (f' What is {unknown[0]!r}? Remove it, or call it "label".' if unknown else ''))
    database: dict[str, dict] = {}
    for number, (video, *cells) in rows:
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


def _rows(path: Path) -> list[tuple[int, Sequence[str]]]:
    """Number and cells of every line that is not empty."""
    text = read_text(path)
    first = next((line for line in text.splitlines() if line.strip()), '')
    separator = next((character for character in SEPARATORS if character in first), ',')
    try:
        rows = [(number, [cell.strip() for cell in row])
                for number, row in enumerate(csv.reader(io.StringIO(text, newline=''), delimiter=separator), start=1)]
    except csv.Error as error:
        raise ValueError(f'{path}: not a table ({error}).') from error
    return [(number, row) for number, row in rows if any(row)]


LABEL_TABLE = DataLayout('label_table', 'a CSV of video,label[,label...]', read_label_table)
