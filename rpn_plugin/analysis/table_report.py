"""A table of the paper with what was measured beside what it prints."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy import stats

from rpn_plugin.analysis.paper_tables import AVERAGE, PaperTable
from rpn_plugin.evaluation.protocols import get_protocol
from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import csv_cell, markdown_row
from rpn_plugin.structures import SeedValues

_Value = TypeVar('_Value')

PAPER, MEASURED = 'reported in the paper', 'measured here'
OURS = 'Ours'
"""How the paper's tables call RPN."""
SIGNIFICANCE = 'differences are taken seed by seed, ± standard deviation; a paired t-test decides (two-sided, 5 %)'
NAMES = dict(thumos='THUMOS14', anet12='ActivityNet 1.2')
"""Names of the paper's data; other data are called by the name of their configs' family."""


@dataclass(frozen=True)
class ReportRow:
    """A row of the finished table.

    Args:
        cells: What stands before the numbers.
        source: :data:`PAPER` or :data:`MEASURED`.
        data: Family of configs whose data it is on.
        values: One per column; None where there is none.
        results: Results that the values come from, one per seed.
    """

    cells: tuple[str, ...]
    source: str
    data: str
    values: tuple[SeedValues | None, ...]
    results: tuple[Mapping[str, Any], ...] = ()

    @property
    def origin(self) -> str:
        """Source and data of its numbers."""
        return f'{self.source}, {NAMES.get(self.data, self.data)}'


@dataclass(frozen=True)
class TableReport:
    """A finished table.

    Args:
        table: As in the paper.
        data: Families of configs whose data was measured on.
        seeds: Of the measured rows.
        rows: The paper's, each followed by what measures it.
    """

    table: PaperTable
    data: tuple[str, ...]
    seeds: tuple[int, ...]
    rows: tuple[ReportRow, ...]

    def pattern(self) -> list[str]:
        """Say what becomes of each difference that the paper speaks of, a sentence each.

        Differences are taken seed by seed. One that is not significant (two-sided paired t-test, 5 %) says nothing, nor
        does one of a single seed, or one too small for the table to show.
        """
        sentences = []
        for name, upper, lower in self.table.pairs:
            paper = _average(self.table.rows[upper].values) - _average(self.table.rows[lower].values)
            found = [f'{data} {self._judged(data, upper, lower, paper)}' for data in self.data]
            sentences.append(f'{name}: {paper:+.1f} in the paper; {"; ".join(found)}')
        return sentences

    def _judged(self, data: str, upper: int, lower: int, paper: float) -> str:
        ours = [row for row in self.rows if row.source == MEASURED and row.data == data]
        better, worse = (_average(ours[place].values).values for place in (upper, lower))
        gain = SeedValues(tuple(np.subtract(better, worse).tolist()))
        if gain.std is None or abs(gain.mean) <= _critical(len(gain.values)) * gain.std / len(gain.values)**0.5:
            verdict = 'not decided by these seeds'
        elif abs(gain.mean) < 0.05:
            verdict = 'no difference'
        else:
            verdict = 'confirmed' if gain.mean * paper > 0 else 'refuted'
        deviation = '' if gain.std is None else f' ± {gain.std:.1f}'
        return f'{gain.mean:+.1f}{deviation}, {verdict}'


def _features(row: ReportRow) -> str:
    """Return what a row's last cell has in brackets."""
    return row.cells[-1].partition(' (')[2]


def _average(values: Sequence[_Value | None]) -> _Value:
    """Return the last column of a row; every row that the paper compares with another has one."""
    assert values[-1] is not None
    return values[-1]


def _critical(number: int) -> float:
    """Return the critical value of Student's t, two-sided at 5 %, for the mean of so many differences."""
    return float(stats.t.ppf(0.975, number - 1))


def build_report(table: PaperTable, seeds: Sequence[int],
                 measured: Sequence[tuple[int, tuple[str, ...], str, Sequence[Mapping[str, Any]]]]) -> TableReport:
    """Put the rows of the paper and the measured ones together.

    Args:
        table: As in the paper.
        seeds: Of every measured row.
        measured: For each measured row the number of the paper's row that it follows, its cells, the data, and the
            results of ``evaluation.report.as_plain`` for each seed.
    """
    rows = []
    for number, row in enumerate(table.rows):
        rows.append(ReportRow(row.cells, PAPER, table.data, tuple(None if value is None else SeedValues((value, ))
                                                                  for value in row.values)))
        rows += [ReportRow(cells, MEASURED, data, _columns(table, results), tuple(results))
                 for place, cells, data, results in measured if place == number]
    data = dict.fromkeys(data for *_, data, _ in measured)
    return TableReport(table, tuple(data), tuple(seeds), tuple(rows))


def format_grid(report: TableReport) -> list[list[str]]:
    """Return the cells of the table as text, the first line its head."""
    table = report.table
    columns = [column if column == AVERAGE else f'{column:g}' for column in table.columns]
    if table.upright:
        grid = [['Methods', *(row.cells[0] for row in report.rows if row.source == PAPER)]]
        for origin in dict.fromkeys(row.origin for row in report.rows):
            of_origin = [row for row in report.rows if row.origin == origin]
            grid += [[f'{column}, {origin}', *(_text(row.values[index]) for row in of_origin)]
                     for index, column in enumerate(columns)]
        return grid
    return [[*table.head, 'source', *columns],
            *([*row.cells, row.origin, *map(_text, row.values)] for row in report.rows)]


def format_notes(report: TableReport) -> list[str]:
    """Return what the numbers mean, a sentence each."""
    rules = get_protocol(report.table.protocol).described()
    over = f'seed{"s" * (len(report.seeds) > 1)} {", ".join(map(str, report.seeds))}'
    return [f'mAP in %; {AVERAGE} is over {report.table.average}; protocol {report.table.protocol}: '
            f'{rules["matching"]}; {rules["interpolation"]}',
            f'"{MEASURED}": mean ± sample standard deviation over {over}',
            *_provenance(report), *([SIGNIFICANCE] if report.table.pairs else []), *report.pattern(),
            *_methods(report)]


def _methods(report: TableReport) -> list[str]:
    """Compare each measured method with RPN on the same data, a sentence each; nothing if only RPN was measured."""
    sentences = []
    for data in report.data:
        rows = [row for row in report.rows if row.source == MEASURED and row.data == data]
        own = [row for row in rows if row.cells[-1].startswith(OURS)]
        for row in rows if 0 < len(own) < len(rows) else ():
            spent = _cost([result['cost'] for result in row.results if result.get('cost')])
            reference = next((each for each in own if _features(each) == _features(row)), own[-1])
            gain = SeedValues(tuple(np.subtract(_average(row.values).values, _average(reference.values).values)))
            p = f', p = {stats.ttest_1samp(gain.values, 0).pvalue:.2g}' if len(gain.values) > 1 else ''
            against = '' if row is reference else f'{AVERAGE} minus {reference.cells[-1]} {gain.mean:+.1f}{p}'
            said = '; '.join(filter(None, (against, spent)))
            sentences += [f'{data}, {row.cells[-1]}: {said}'] if said else []
    return sentences


def _cost(costs: Sequence[Mapping[str, Any]]) -> str:
    """Say what trainings cost on the mean; nothing without any that tells."""
    if not costs:
        return ''
    memory = [cost['peak_memory_mib'] for cost in costs if cost['peak_memory_mib']]
    return f'a training took {np.mean([cost["cpu_seconds"] for cost in costs]):.0f} s of processor time' + (
        f' and {np.mean(memory):.0f} MiB' if memory else '')


def _provenance(report: TableReport) -> list[str]:
    """Say when, with what and in which time it was measured; nothing if the results do not say."""
    results = {data: [result for row in report.rows if row.data == data for result in row.results
                      if 'versions' in result] for data in report.data}
    every = [result for of_data in results.values() for result in of_data]
    if not every:
        return []
    dates = sorted({result['date'] for result in every})
    versions = sorted({', '.join(f'{name} {version}' for name, version in result['versions'].items())
                       for result in every})
    spent = []
    for data, of_data in results.items():
        trainings = {result['checkpoint']: result['trained_sec'] for result in of_data}
        timed = [seconds for seconds in trainings.values() if seconds is not None]  # not so those that were resumed
        spent.append(f'{data} {len(trainings)}' + (f' of {np.mean(timed):.0f} s' if timed else ''))
    return [f'measured {" to ".join(dict.fromkeys((dates[0], dates[-1])))} with {" and ".join(versions)}; trainings, '
            f'and their time on average: {", ".join(spent)}']


def format_text(report: TableReport) -> str:
    """Return the table and its notes as text for a terminal."""
    grid = format_grid(report)
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = ['  '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in grid]
    return '\n'.join([report.table.caption, '', lines[0], '-' * len(max(lines, key=len)), *lines[1:], '',
                      *format_notes(report)])


def _markdown(report: TableReport) -> str:
    head, *lines = format_grid(report)
    rows = [head, ['---'] * len(head), *lines]
    return '\n'.join([f'**{report.table.caption}**', '', *(markdown_row(*line) for line in rows), '',
                      *(f'* {note}' for note in format_notes(report)), ''])


def _csv(report: TableReport) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow([*report.table.head, 'source', 'data', 'column', 'mean', 'std', 'seeds'])
    for row in report.rows:
        for column, value in zip(report.table.columns, row.values, strict=True):
            if value is not None:
                seeds = len(row.results) or ''
                writer.writerow([*map(csv_cell, row.cells), row.source, row.data, column, value.mean, value.std, seeds])
    return text.getvalue()


def _json(report: TableReport) -> str:
    rows = [dict(cells=row.cells, source=row.source, data=row.data, results=row.results, columns=[
        dict(column=column, **({} if value is None else dict(mean=value.mean, std=value.std, values=value.values)))
        for column, value in zip(report.table.columns, row.values, strict=True)]) for row in report.rows]
    table = asdict(report.table)
    return json.dumps(dict(caption=table['caption'], protocol=table['protocol'], data=report.data, seeds=report.seeds,
                           notes=format_notes(report), rows=rows), indent=1)


FORMATS: dict[str, Callable[[TableReport], str]] = {'.md': _markdown, '.csv': _csv, '.json': _json}


def write_report(report: TableReport, stem: str | Path) -> list[Path]:
    """Write ``stem`` with each ending of :data:`FORMATS`, whole or not at all; returns the paths."""
    paths = []
    for ending, write in FORMATS.items():
        path = Path(f'{stem}{ending}')
        with written_whole(path) as temporary:
            temporary.write_text(write(report), encoding='utf-8')
        paths.append(path)
    return paths


def _columns(table: PaperTable, results: Sequence[Mapping[str, Any]]) -> tuple[SeedValues, ...]:
    columns = []
    for column in table.columns:
        values = [result['mAP_avg'] if column == AVERAGE else
                  result['mAP'][int(np.argmin(np.abs(np.subtract(result['tiou'], column))))] for result in results]
        columns.append(SeedValues(tuple(100 * value for value in values)))
    return tuple(columns)


def _text(value: SeedValues | None) -> str:
    return '-' if value is None else str(value)
