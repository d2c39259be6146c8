"""The table of all methods on all data sets: scores, a paired test, costs and kinds of errors."""
from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.analysis.across_sets import format_variants
from rpn_plugin.evaluation.functional.error_analysis import KINDS
from rpn_plugin.evaluation.protocols import get_protocol
from rpn_plugin.files import read_json, written_whole
from rpn_plugin.shown_names import csv_cell, markdown_row
from rpn_plugin.structures import SeedValues

Run = Mapping[str, Any]
"""One training and its test: ``method``, ``data``, ``seed``; ``mAP`` at the report's tIoU thresholds and ``mAP_avg``,
in [0, 1]; ``cost`` of the training, None where it was resumed; ``errors`` of the test."""

MethodReport = Mapping[str, Any]
"""``protocol``, ``tiou``, ``against``, ``measured`` (dates and versions), ``configs`` by method, ``data``, ``seeds``,
and ``runs``: all that the tables are made from. Where numbers were chosen, ``candidates``, the trainings that each
method had for it on each set, and ``chosen``: ``method``, ``data``, ``setting`` and its score, ``held_out``."""

NUMBER = (int, float)
_REPORT = dict(protocol=str, tiou=list, against=str, measured=str, configs=dict, data=list, seeds=list,
               errors_tiou=NUMBER, runs=list)
_RUN = dict(method=str, data=str, seed=int, mAP=list, mAP_avg=NUMBER, cost=(dict, type(None)), errors=dict)
_CHOICE = dict(method=str, data=str, held_out=NUMBER, setting=dict)
_COST = dict.fromkeys(('cpu_seconds', 'peak_memory_mib'), (*NUMBER, type(None)))


def build_method_report(configs: Mapping[str, str], against: str, data: Sequence[str], seeds: Sequence[int],
                        results: Mapping[tuple[str, str, int], Mapping[str, Any]]) -> MethodReport:
    """Put the results of experiments together.

    Args:
        configs: Method to the config that it has, or that its numbers were chosen around.
        against: The method that the others are compared with.
        data: Names of the data sets.
        seeds: Of every method on every set.
        results: Of ``ExperimentRunner``, by method, data set and seed.
    """
    first = next(iter(results.values()))
    dates = sorted({result['date'] for result in results.values()})
    versions = sorted({', '.join(f'{name} {version}' for name, version in result['versions'].items())
                       for result in results.values()})
    runs = [dict(method=method, data=name, seed=seed, mAP=_rounded(result['mAP']),
                 mAP_avg=round(result['mAP_avg'], 5), cost=result['cost'], errors=dict(
                     found=round(result['errors']['found'], 4), kinds=dict(zip(KINDS, _rounded(
                         [result['errors']['kinds'][kind] for kind in KINDS])))))
            for (method, name, seed), result in results.items()]
    return dict(protocol=first['protocol'], tiou=first['tiou'], against=against, data=list(data), seeds=list(seeds),
                configs=dict(configs),
                measured=f'{" to ".join(dict.fromkeys((dates[0], dates[-1])))} with {" and ".join(versions)}',
                errors_tiou=first['errors']['tiou'], runs=runs)


def read_method_report(path: str | Path) -> MethodReport:
    """Read a table that was written as JSON.

    Raises:
        ValueError: If the file is no such table, or no text, or no JSON; names it and says what is wrong in it.
        OSError: If it cannot be opened.
    """
    report = read_json(path)
    for wrong in _faults(report):
        raise ValueError(f'{path}: expected a table that tools/analysis/reproduce.py methods wrote as JSON, but '
                         f'{wrong}.')
    return report


def _faults(report: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong in a table; what comes later relies on that nothing came before."""
    yield from _wrong_values('it', report, _REPORT)
    if report['against'] not in report['configs']:
        yield f'its configs have no {report["against"]}, with which it compares'
    if report.get('candidates') is not None:
        yield from _wrong_values('it', report, dict(candidates=int, chosen=list))
    kinds: Mapping[str, Any] = dict(tiou=NUMBER, data=str, seeds=int, chosen=dict)
    for key, kind in kinds.items():
        if not all(isinstance(value, kind) for value in report.get(key, ())):
            yield f'it has {key}={report[key]!r:.80}'
    for number, choice in enumerate(report.get('chosen', ())):
        yield from _wrong_values(f'its choice {number}', choice, _CHOICE)
    for number, run in enumerate(report['runs']):
        where = f'its run {number}'
        if not isinstance(run, dict):
            yield f'{where} is {run!r}'
        yield from _wrong_values(where, run, _RUN)
        if len(run['mAP']) != len(report['tiou']) or not all(isinstance(value, NUMBER) for value in run['mAP']):
            yield f'{where} has mAP={run["mAP"]}, not {len(report["tiou"])} numbers'
        yield from _wrong_values(f'{where}, cost,', run['cost'] or dict.fromkeys(_COST), _COST)
        yield from _wrong_values(f'{where}, errors,', run['errors'], dict(found=NUMBER, kinds=dict))
        yield from _wrong_values(f'{where}, errors, kinds,', run['errors']['kinds'], dict.fromkeys(KINDS, NUMBER))
    found = Counter((run['method'], run['data'], run['seed']) for run in report['runs'])
    for wanted in product(report['configs'], report['data'], report['seeds']):
        if found.pop(wanted, 0) != 1:
            yield f'it does not have one run of {wanted[0]} on {wanted[1]} with seed {wanted[2]}'
    for method, data, seed in found:
        yield f'it has a run of {method} on {data} with seed {seed}, which its lists do not name'


def _wrong_values(where: str, values: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[str]:
    for key, kind in kinds.items():
        if key not in values:
            yield f'{where} has no {key}'
        elif not isinstance(values[key], kind) or isinstance(values[key], bool):
            yield f'{where} has {key}={values[key]!r:.80}'


def join_method_reports(report: MethodReport, other: MethodReport, where: str) -> MethodReport:
    """Return a report with the methods that only another one has, too, by their names.

    Args:
        report: The one whose runs count.
        other: The one that adds methods.
        where: What to call the other in messages.

    Raises:
        ValueError: If the other's data, seeds or rules are different.
    """
    rules = ('protocol', 'tiou', 'against', 'data', 'seeds', 'errors_tiou', 'candidates')
    require_same_rules({key: report.get(key) for key in rules}, other, where)
    added = {method: config for method, config in other['configs'].items() if method not in report['configs']}
    joined = {key: [*report[key], *(each for each in other[key] if each['method'] in added)]
              for key in ('runs', 'chosen') if key in report}
    configs = {**report['configs'], **added}
    ordered = sorted(configs, key=lambda method: (method != report['against'], method.lower()))
    said = f'{", ".join(added)}: {other["measured"]}'
    return {**report, **joined, 'configs': {method: configs[method] for method in ordered},
            'measured': '; '.join([report['measured'], *([said] if added else [])])}


def require_same_rules(rules: Mapping[str, Any], other: MethodReport, where: str) -> None:
    """Raise a ``ValueError`` if a table has other rules than these: data, seeds and the like, by their keys."""
    for key, value in rules.items():
        if value != other.get(key):
            raise ValueError(f'{where}: its {key} is {other.get(key)}, but {value} here, so that the two cannot be one '
                             f'table.')


def _rounded(values: Sequence[float]) -> list[float]:
    return np.round(values, 5).tolist()


def runs_of(report: MethodReport, method: str, data: str | None = None) -> list[Run]:
    """Return the runs of a method, on one data set or on all, in the order of the seeds."""
    runs = [run for run in report['runs'] if run['method'] == method and data in (None, run['data'])]
    return sorted(runs, key=lambda run: report['seeds'].index(run['seed']))


def mean_cost(runs: Sequence[Run], key: str) -> float | None:
    """Return the mean of a cost over the runs that tell it; None where none does."""
    values = [run['cost'][key] for run in runs if run['cost'] and run['cost'][key] is not None]
    return float(np.mean(values)) if values else None


def format_methods(report: MethodReport) -> str:
    """Return Markdown: average mAP of every method on every set with its costs, mAP by tIoU, and kinds of errors."""
    titles = list(report['configs'])
    scores = {title: {name: tuple(run['mAP_avg'] for run in runs_of(report, title, name)) for name in report['data']}
              for title in titles}
    costs = {heading: {title: _text(mean_cost(runs_of(report, title), key)) for title in titles}
             for heading, key in (('CPU s', 'cpu_seconds'), ('peak MiB', 'peak_memory_mib'))}
    by_tiou = [markdown_row('', *(f'{threshold:g}' for threshold in report['tiou'])),
               f'| --- |{" --- |" * len(report["tiou"])}',
               *(markdown_row(title, *(f'{100 * value:.1f}' for value in np.mean(
                   [run['mAP'] for run in runs_of(report, title)], axis=0))) for title in titles)]
    errors = [markdown_row('', *KINDS, 'instances found'), f'| --- |{" --- |" * (len(KINDS) + 1)}',
              *(markdown_row(title, *(f'{100 * share:.1f}' for share in _mean_errors(runs_of(report, title))))
                for title in titles)]
    return '\n'.join([
        '**Methods on data of all kinds**', '', format_variants(scores, report['against'], costs),
        *(f'* {note}' for note in format_notes(report)), '', 'Mean over sets and seeds of the mAP at each tIoU, in %:',
        '', *by_tiou, '',
        f'Kinds of the best detections of each class, as many as it has instances, at tIoU {report["errors_tiou"]:g}, '
        f'and instances that any detection finds, in %, mean over sets and seeds:', '', *errors, '',
        *_format_chosen(report)])


def _format_chosen(report: MethodReport) -> list[str]:
    """Return lines that say what was chosen, on which set; none where every config is as it was written."""
    if 'chosen' not in report:
        return []
    rows = [markdown_row(each['method'], each['data'], f'{100 * each["held_out"]:.1f}',
                         ', '.join(f'{name}: {choice}' for name, choice in each['setting'].items()) or 'as it is')
            for each in report['chosen']]
    return ['Chosen, with the average mAP in % on held-out training videos, the best of all that was tried there:', '',
            markdown_row('', 'set', 'held out', 'numbers'), '| --- | --- | --- | --- |', *rows, '']


def _mean_errors(runs: Sequence[Run]) -> np.ndarray:
    """Return the mean share of each of :data:`KINDS`, and of the instances that were found."""
    return np.mean([[*(run['errors']['kinds'][kind] for kind in KINDS), run['errors']['found']] for run in runs],
                   axis=0)


def format_notes(report: MethodReport) -> list[str]:
    """Return what the numbers mean, a sentence each."""
    protocol = get_protocol(report['protocol'])
    rules, averaged = protocol.described(), protocol.average_over
    return [f'average mAP in % over tIoU {averaged[0]:g} to {averaged[-1]:g}, the last iteration, protocol '
            f'{protocol.name}: {rules["matching"]}; {rules["interpolation"]}',
            f'mean ± sample standard deviation over seeds {", ".join(map(str, report["seeds"]))}; p: two-sided paired '
            f't-test of sets and seeds against {report["against"]}',
            'CPU s: processor time of a training of one thread; peak MiB: the most memory of its process, libraries '
            'included; means over sets and seeds', *_budget(report), f'measured {report["measured"]}']


def _budget(report: MethodReport) -> list[str]:
    if 'candidates' not in report:
        return []
    return [f'numbers of each method chosen on each set, on a third of its training videos: the best of '
            f'{report["candidates"]} trainings on the others, the config as it is among them, and then what needs no '
            f'training, one number at a time']


def _csv(report: MethodReport) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    thresholds = [f'mAP@{value:.2f}' for value in report['tiou']]
    writer.writerow(['method', 'config', 'data', 'seeds', 'mean', 'std', *thresholds, 'cpu_seconds', 'peak_memory_mib'])
    for title, config in report['configs'].items():
        for name in report['data']:
            runs = runs_of(report, title, name)
            average = SeedValues(tuple(100 * run['mAP_avg'] for run in runs))
            writer.writerow([
                csv_cell(title), config, csv_cell(name), len(runs), round(average.mean, 3),
                '' if average.std is None else round(average.std, 3),
                *(round(100 * value, 3) for value in np.mean([run['mAP'] for run in runs], axis=0)),
                *(_text(mean_cost(runs, key)) for key in ('cpu_seconds', 'peak_memory_mib'))])
    return text.getvalue()


def _json(report: MethodReport) -> str:
    """One line per run, so that a change shows as such."""
    head = json.dumps({key: value for key, value in report.items() if key != 'runs'}, indent=1, ensure_ascii=False)
    return head[:-2] + ',\n "runs": [\n' + ',\n'.join(f'  {json.dumps(run)}' for run in report['runs']) + '\n ]\n}\n'


def _text(value: float | None) -> str:
    return '' if value is None else f'{value:.0f}'


FORMATS: dict[str, Callable[[MethodReport], str]] = {'.md': format_methods, '.csv': _csv, '.json': _json}


def write_method_report(report: MethodReport, stem: Path) -> list[Path]:
    """Write ``stem`` with each ending of :data:`FORMATS`, whole or not at all; returns the paths."""
    paths = []
    for ending, write in FORMATS.items():
        path = stem.with_name(stem.name + ending)
        with written_whole(path) as temporary:
            temporary.write_text(write(report), encoding='utf-8')
        paths.append(path)
    return paths
