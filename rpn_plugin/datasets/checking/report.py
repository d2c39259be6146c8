"""The report of a checked data set, as text and as JSON."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rpn_plugin.datasets.checking import DatasetCheck
from rpn_plugin.datasets.faults import by_severity, describe_findings
from rpn_plugin.structures import SubsetStatistics

PAIRS = 10
NAMES = 10


Rows = Mapping[str, Sequence[str]]
"""Further rows of the table of subsets: what they count, to a value per subset."""


def as_text(check: DatasetCheck, rows: Rows) -> str:
    """Write remarks, tables of subsets, features and classes, classes that come together, and findings."""
    errors, warnings = by_severity(check.findings)
    parts = [f'note: {remark}' for remark in check.remarks]
    if check.statistics:
        parts += [_subset_table(check.statistics, rows), *_feature_tables(check.statistics),
                  _class_table(check.statistics), _pairs(check.statistics)]
    parts += [f'error {paragraph}' for paragraph in describe_findings(errors, NAMES)]
    parts += [f'warning {paragraph}' for paragraph in describe_findings(warnings, NAMES)]
    return '\n\n'.join([*parts, f'{len(errors)} errors, {len(warnings)} warnings'])


def as_json(check: DatasetCheck, rows: Rows) -> dict[str, Any]:
    """Return the same as plain values that JSON can hold, complete."""
    errors, warnings = by_severity(check.findings)
    return dict(
        errors=len(errors), warnings=len(warnings), remarks=check.remarks,
        findings=[dict(code=finding.code, severity=finding.severity, subset=finding.subset or None,
                       videos=list(finding.videos), message=finding.message) for finding in check.findings],
        classes=list(check.statistics[0].classes) if check.statistics else [],
        subsets=[_plain(one) | {name: row[index] for name, row in rows.items()}
                 for index, one in enumerate(check.statistics)])


def _plain(one: SubsetStatistics) -> dict[str, Any]:
    return dict(
        name=one.name, training=one.training, videos=one.num_videos, videos_with_features=one.num_usable,
        features={stream: vars(names) for stream, names in one.features.items()},
        hours=float(one.durations_sec.sum()) / 3600, snippets=int(one.lengths.sum()), instances=one.num_instances,
        labels_per_video=_mean(one.labels_per_video), action_share=_finite(one.action_share),
        seconds_per_snippet=_finite(_median(one.seconds_per_snippet)),
        videos_per_class=dict(zip(one.classes, one.videos_per_class.tolist())),
        instances_per_class=dict(zip(one.classes, one.instances_per_class.tolist())),
        cooccurrence=[dict(classes=[first, second], videos=number) for first, second, number in one.pairs()])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _shown(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else '?'


def _subset_table(statistics: Sequence[SubsetStatistics], rows: Rows) -> str:
    table = [['', *(f'{one.name} ({"training" if one.training else "test"})' for one in statistics)]]

    def add(name: str, value: Callable[[SubsetStatistics], str]) -> None:
        table.append([name, *map(value, statistics)])

    add('videos', lambda one: f'{one.num_videos}')
    add('hours', lambda one: f'{one.durations_sec.sum() / 3600:.2f}' if len(one.durations_sec) else '?')
    if any(one.features for one in statistics):
        add('with usable features', lambda one: f'{one.num_usable}')
        add('snippets', lambda one: f'{one.lengths.sum()}')
        add('seconds per snippet', lambda one: _shown(_median(one.seconds_per_snippet), '.4g'))
    add('instances', lambda one: f'{one.num_instances}')
    add('labels per video', lambda one: f'{_mean(one.labels_per_video):.2f}')
    add('share of action', lambda one: _shown(one.action_share, '.1%'))
    return _aligned(table + [[name, *row] for name, row in rows.items()])


def _feature_tables(statistics: Sequence[SubsetStatistics]) -> list[str]:
    table = [['features', 'found', 'missing', 'extra']]
    table += [[f'{stream} of {one.name}: {names.place}', str(names.num_found), str(len(names.missing)),
               str(len(names.extra))] for one in statistics for stream, names in one.features.items()]
    return [_aligned(table)] if len(table) > 1 else []


def _class_table(statistics: Sequence[SubsetStatistics]) -> str:
    table = [['videos / instances of', *(one.name for one in statistics)]]
    for index, name in enumerate(statistics[0].classes):
        table.append([name, *(f'{one.videos_per_class[index]} / {one.instances_per_class[index]}'
                              if one.classes == statistics[0].classes else '?' for one in statistics)])
    return _aligned(table)


def _pairs(statistics: Sequence[SubsetStatistics]) -> str:
    lines = []
    for one in statistics:
        found = [f'{first} + {second} {number}' for first, second, number in one.pairs()]
        more = f' and {len(found) - PAIRS} more pairs' if len(found) > PAIRS else ''
        lines.append(f'videos of {one.name} with two classes: {", ".join(found[:PAIRS]) or "none"}{more}')
    return '\n'.join(lines)


def _aligned(table: Sequence[Sequence[str]]) -> str:
    """Write rows with columns as wide as their widest cell, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return '\n'.join('  '.join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in
                                                          zip(row[1:], widths[1:]))]).rstrip() for row in table)
