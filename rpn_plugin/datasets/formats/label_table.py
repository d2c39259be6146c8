"""Reads a table of ``video,label[,label...]``, CSV or Excel, which is all that weak supervision needs."""
from __future__ import annotations

import csv
import io
import re
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from rpn_plugin.datasets.formats.excel_sheet import EXCEL_SUFFIXES, read_sheet
from rpn_plugin.datasets.formats.layout import Annotations, DataLayout
from rpn_plugin.files import read_text
from rpn_plugin.structures import without_video_suffix

COLUMNS = ('video', 'subset', 'duration')
TABLE_SUFFIXES = ('.csv', '.tsv', '.txt', *EXCEL_SUFFIXES)
SEPARATORS = (',', ';', '\t')
_VIDEO_COLUMN = re.compile(r'videos?([ _-]?(name|file|id))?|file[ _-]?(name)?')
_LABEL_COLUMN = re.compile(r'(labels?|class(es)?)[ _-]?\d*|')
_QUOTED = re.compile(r'"[^"]*"')
_STATED_SEPARATOR = re.compile(r'sep=(.)\s*')


class _Table(NamedTuple):
    """Number and cells of every row that is not empty, the decimal mark of its numbers, and what is odd about it."""

    rows: list[tuple[int, list[str]]]
    decimal: str = '.'
    remarks: tuple[str, ...] = ()


def read_label_table(path: Path) -> Annotations:
    """Read a table of video-level labels; one line per video.

    A first line that begins with ``video`` (or ``filename``) names the columns, in any case: ``subset``, ``duration``
    (seconds), and ``label`` or ``class`` with or without a number, of which there may be several; cells beyond the last
    named column are labels, too. Without such a line the first column is the video, the others are labels, and all
    videos are in subset ``train``. A video may be named by its file: folders before it and an ending such as ``.mp4``
    are no part of its name. Columns are separated by commas, semicolons or tabs, as the first line is; of an Excel
    workbook the first sheet counts. Empty cells are no labels. Classes are in alphabetical order.

    Raises:
        ValueError: Names file, line and value: a column of another name, an empty or repeated video, a line without
            labels in subset ``train``, a duration that is no number.
    """
    rows, decimal, remarks = _excel_rows(path) if path.suffix.lower() in EXCEL_SUFFIXES else _csv_rows(path)
    header = ['video']
    if rows and _VIDEO_COLUMN.fullmatch(rows[0][1][0].lower()):
        header = ['video' if _VIDEO_COLUMN.fullmatch(name.lower()) else name.lower() for name in rows.pop(0)[1]]
        unknown = [name for name in header if name not in COLUMNS and not _LABEL_COLUMN.fullmatch(name)]
        if unknown or len({*header} & {*COLUMNS}) < sum(name in COLUMNS for name in header):
            raise ValueError(f'{path}: has the columns {header}; expected "video" and "label" (or "label1", "label2", '
                             f'...), perhaps "subset" and "duration", each once.'
                             + (f' What is {unknown[0]!r}? Remove it, or call it "label".' if unknown else ''))
    database: dict[str, dict] = {}
    named_by_file = 0
    for number, (written, *cells) in rows:
        video = _video_of(written)
        named_by_file += video != written
        if not video or video in database:
            raise ValueError(f'{path}: line {number} names the video {written!r}; expected one line per video.')
        named = dict(zip(header[1:], cells))
        labels = {cell for index, cell in enumerate(cells, start=1)
                  if cell and (index >= len(header) or header[index] not in COLUMNS)}
        entry: dict[str, Any] = dict(subset=named.get('subset') or 'train', labels=sorted(labels), annotations=[])
        if not entry['labels'] and entry['subset'] == 'train':
            raise ValueError(f'{path}: line {number}, video {video}, has no label.')
        if named.get('duration'):
            try:
                entry['duration'] = float(named['duration'].replace(decimal, '.'))
            except ValueError as error:
                raise ValueError(f'{path}: line {number}, video {video}, has the duration {named["duration"]!r}; '
                                 f'expected seconds.') from error
        database[video] = entry
    if not database:
        raise ValueError(f'{path}: no line "video,label[,label...]".')
    if named_by_file:
        remarks = (*remarks, f'{named_by_file} videos are named by their files; folders and endings such as .mp4 are '
                             f'no part of a name.')
    return Annotations(database, tuple(sorted({label for entry in database.values() for label in entry['labels']})),
                       remarks=remarks)


def _video_of(written: str) -> str:
    """Return the name of a video that a table names by its file.

    >>> _video_of('clips/holiday_01.mp4'), _video_of('holiday_02')
    ('holiday_01', 'holiday_02')
    """
    name = without_video_suffix(written)
    return name if name == written else PurePosixPath(name.replace('\\', '/')).name


def _csv_rows(path: Path) -> _Table:
    text = read_text(path)
    first = next((line for line in text.splitlines() if line.strip()), '')
    stated = _STATED_SEPARATOR.fullmatch(first)  # a line that Excel writes and reads
    plain = _QUOTED.sub('', first)
    separator = stated[1] if stated else next((character for character in SEPARATORS if character in plain), ',')
    try:
        rows = [(number, [cell.strip() for cell in row])
                for number, row in enumerate(csv.reader(io.StringIO(text, newline=''), delimiter=separator), start=1)]
    except csv.Error as error:
        raise ValueError(f'{path}: not a table ({error}).') from error
    rows = [(number, row) for number, row in rows if any(row)]
    return _Table(rows[1:] if stated else rows, '.' if separator == ',' else ',')


def _excel_rows(path: Path) -> _Table:
    sheet, others = read_sheet(path)
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(sheet, start=1)]
    remarks = (f'it has {len(others) + 1} sheets, of which the first is read.', ) if others else ()
    return _Table([(number, row) for number, row in rows if any(row)], remarks=remarks)


LABEL_TABLE = DataLayout('label_table', 'a CSV or Excel sheet of video,label[,label...]', read_label_table)
