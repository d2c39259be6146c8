"""What was found, for people and for programs."""
from __future__ import annotations

import math
from typing import Any, Mapping, Sequence

import numpy as np

from rpn_plugin.datasets.checking.statistics import SubsetStatistics
from rpn_plugin.datasets.faults import Finding, by_severity, describe_findings

PAIRS = 10
NAMES = 10


def as_text(statistics: Sequence[SubsetStatistics], findings: Sequence[Finding],
            rows: Mapping[str, Sequence[str]]) -> str:
    """Tables of the subsets and their classes, classes that come together, and findings.

    Args:
        statistics: One per subset.
        findings: All of them.
        rows: Further rows of the first table: what they count, to a value per subset.
    """
    errors, warnings = by_severity(findings)
    parts = [_subset_table(statistics, rows), _class_table(statistics), _pairs(statistics)] if statistics else []
    parts += [f'error {paragraph}' for paragraph in describe_findings(errors, NAMES)]
    parts += [f'warning {paragraph}' for paragraph in describe_findings(warnings, NAMES)]
    return '\n\n'.join([*parts, f'{len(errors)} errors, {len(warnings)} warnings'])


def as_json(statistics: Sequence[SubsetStatistics], findings: Sequence[Finding],
            rows: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The same as plain values, complete."""
    errors, warnings = by_severity(findings)
    return dict(
        errors=len(errors), warnings=len(warnings),
        findings=[dict(code=finding.code, severity=finding.severity, subset=finding.subset or None,
                       videos=list(finding.videos), message=finding.message) for finding in findings],
        classes=list(statistics[0].classes) if statistics else [],
        subsets=[_plain(one) | {name: row[index] for name, row in rows.items()}
                 for index, one in enumerate(statistics)])


def _plain(one: SubsetStatistics) -> dict[str, Any]:
    return dict(
        name=one.name, training=one.training, videos=one.num_videos, videos_with_features=one.num_found,
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


def _subset_table(statistics: Sequence[SubsetStatistics], rows: Mapping[str, Sequence[str]]) -> str:
    table = [['', *(f'{one.name} ({"training" if one.training else "test"})' for one in statistics)],
             ['videos', *(str(one.num_videos) for one in statistics)],
             ['with features', *(str(one.num_found) for one in statistics)],
             ['hours', *(f'{one.durations_sec.sum() / 3600:.2f}' if len(one.durations_sec) else '?'
                         for one in statistics)],
             ['snippets', *(str(one.lengths.sum()) for one in statistics)],
             ['seconds per snippet', *(_shown(_median(one.seconds_per_snippet), '.4g') for one in statistics)],
             ['instances', *(str(one.num_instances) for one in statistics)],
             ['labels per video', *(f'{_mean(one.labels_per_video):.2f}' for one in statistics)],
             ['share of action', *(_shown(one.action_share, '.1%') for one in statistics)]]
    table += [[name, *row] for name, row in rows.items()]
    return _aligned(table)


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
    """Rows with columns as wide as their widest cell, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return '\n'.join('  '.join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in
                                                          zip(row[1:], widths[1:]))]).rstrip() for row in table)
