"""Reads the folders of runs, and says whether their numbers may be compared."""
from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rpn_plugin.engine.hooks.results_hook import RESULTS
from rpn_plugin.engine.resumed_settings import flat_settings
from rpn_plugin.files import read_json, read_text, shown
from rpn_plugin.visualization.comparison_page import ComparedRun

SCALARS = '*/vis_data/scalars.json'
MEAN_AP = re.compile(r'(?:.*/)?mAP@(\d+\.\d+)')
AVERAGE = re.compile(r'(?:.*/)?mAP_avg')
DIFFERENT = 40
"""So many settings that differ are listed at most."""
UNKNOWN = 'not known'


@dataclass
class Run:
    """What the folder of a run holds.

    Args:
        name: As it was given.
        losses: Name of a loss to its value by iteration; a resumed run's later values count.
        validated: Metrics of the last validation of the training.
        results: Content of ``results.json``; empty without one.
        remarks: What could not be read.
    """

    name: str
    losses: dict[str, dict[int, float]] = field(default_factory=dict)
    validated: dict[str, float] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def evaluation(self) -> Mapping[str, Any]:
        """The first evaluation of ``results.json``; empty without one."""
        return next(iter(self.results.get('evaluations') or ()), {})

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metrics by name, of ``results.json`` or else of the last validation."""
        return self.results.get('metrics') or self.validated

    @classmethod
    def read(cls, folder: str | Path) -> Run:
        """Read a work directory of ``train.py`` or ``test.py``.

        Raises:
            FileNotFoundError: If there is no such folder, or nothing of a run in it.
            ValueError: If a file is not of the expected form; names it.
        """
        path = Path(folder)
        if not path.is_dir():
            raise FileNotFoundError(f'No folder {folder}. Name the work directories of trainings or tests '
                                    f'(--work-dir).')
        run = cls(str(folder))
        scalars = sorted(path.glob(SCALARS))
        for file in scalars:
            run._read_scalars(file)
        if (path / RESULTS).is_file():
            run.results = _checked(path / RESULTS)
        if not run.losses and not run.metrics:
            raise FileNotFoundError(f'{folder}: no {RESULTS} and no losses ({SCALARS}) in it. Name the work directory '
                                    f'of a training or a test (--work-dir).')
        return run

    def _read_scalars(self, file: Path) -> None:
        damaged = 0
        for line in filter(str.strip, read_text(file).splitlines()):
            try:
                values = json.loads(line)
                step = int(values['step'])
                numbers = {name: float(value) for name, value in values.items() if isinstance(value, (int, float))}
            except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
                damaged += 1
                continue
            if any(MEAN_AP.fullmatch(name) for name in numbers):
                self.validated = {name: value for name, value in numbers.items() if '/' in name}
            for name, value in numbers.items():
                if 'loss' in name:
                    self.losses.setdefault(name, {})[step] = value
        if damaged:
            self.remarks.append(f'{file}: {damaged} lines are damaged and left out.')

    def compared(self) -> ComparedRun:
        """Return what a page shows of it."""
        evaluation = self.evaluation
        averaged = [tiou in evaluation['averaged_over'] for tiou in evaluation['tiou']] if evaluation else []
        class_ap = {label: sum(value for value, counts in zip(values, averaged) if counts) / max(1, sum(averaged))
                    for label, values in evaluation.get('ap', {}).items()}
        if evaluation:
            mean_ap = list(zip(evaluation['tiou'], evaluation['mAP']))
        else:
            mean_ap = sorted((float(found[1]), value) for name, value in self.metrics.items()
                             if (found := MEAN_AP.fullmatch(name)))
        numbers = {name.rsplit('/', 1)[-1]: value for name, value in self.metrics.items()
                   if value is not None and math.isfinite(value)}
        first = {name: value for name, value in numbers.items() if AVERAGE.fullmatch(name)}
        total = self.losses.get('loss', {})
        facts = {
            'protocol': evaluation.get('protocol', UNKNOWN), 'scored in a': self.results.get('of', 'validation'),
            'data': '; '.join(f'{one.get("subset")} of {Path(str(one.get("annotations"))).name}, {one.get("videos")} '
                              f'videos' for one in self.results.get('data') or ()) or UNKNOWN,
            'last loss': f'{total[max(total)]:.4g} at {max(total)}' if total else '–',
            'config': Path(str(self.results.get('config') or UNKNOWN)).name,
            'checkpoint': Path(str(self.results.get('checkpoint') or '–')).name,
            'seed': self.results.get('seed', UNKNOWN)}
        return ComparedRun(
            self.name, {name: sorted((step, value) for step, value in values.items() if math.isfinite(value))
                        for name, values in self.losses.items()},
            mean_ap, class_ap, first | numbers, {name: str(value) for name, value in facts.items()})


def _checked(path: Path) -> dict[str, Any]:
    """Read ``results.json``.

    Raises:
        ValueError: If it is not as ``ResultsHook`` writes it.
    """
    content = read_json(path)

    def require(holds: bool, what: str, value: Any) -> None:
        if not holds:
            raise ValueError(f'{path}: expected {what}, but got {shown(value)}. Test again, or remove the file.')

    metrics, evaluations = content.get('metrics'), content.get('evaluations')
    require(isinstance(metrics, dict) and all(value is None or _is_number(value) for value in metrics.values()),
            '"metrics" as numbers by name', metrics)
    require(isinstance(evaluations, list) and all(isinstance(one, dict) for one in evaluations),
            '"evaluations" as a list of objects', evaluations)
    for one in evaluations or ():
        tiou = one.get('tiou')
        for name in ('tiou', 'mAP', 'averaged_over'):
            require(_are_numbers(one.get(name)), f'"{name}" as numbers', one.get(name))
        require(isinstance(one.get('ap'), dict), '"ap" by class', one.get('ap'))
        for values in (one['mAP'], *one['ap'].values()):
            require(_are_numbers(values) and len(values) == len(tiou), f'{len(tiou)} numbers, one for each tIoU',
                    values)
    for name, kind in (('data', list), ('settings', dict), ('versions', dict)):
        require(isinstance(content.get(name), (kind, type(None))), f'"{name}" as a {kind.__name__}', content.get(name))
    require(all(isinstance(one, dict) for one in content.get('data') or ()), '"data" of objects', content.get('data'))
    return content


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def reasons_against_comparing(runs: Sequence[Run]) -> list[str]:
    """Say what makes the numbers of runs incomparable: protocol, data, classes, subset, or that it is not known."""
    said = [remark for run in runs for remark in run.remarks]
    without = [run.name for run in runs if not run.results]
    if without:
        said.append(f'{", ".join(without)}: no {RESULTS}, so that protocol, data and classes are not known. Test once '
                    f'more to have it written.')
    known = [run for run in runs if run.results]
    for what, key, show, remedy in _ASPECTS:
        groups: dict[Any, list[Run]] = {}
        for run in known:
            groups.setdefault(key(run), []).append(run)
        if len(groups) > 1:
            each = '; '.join(f'{", ".join(run.name for run in alike)}: {show(alike[0])}' for alike in groups.values())
            said.append(f'The runs differ in {what}, so that their numbers say nothing about each other ({each}). '
                        f'{remedy}')
    return said


def _protocol(run: Run) -> str:
    return str(run.evaluation.get('protocol', 'none')) + (
        f' on the video set {run.evaluation["video_set"]}' if 'video_set' in run.evaluation else '')


def _rules(run: Run) -> str:
    """What the protocol of a run meant when it was scored; a name may have been given other rules since."""
    rules = run.evaluation.get('rules')
    return '; '.join(f'{name}: {rules[name]}' for name in sorted(rules)) if isinstance(rules, dict) else 'none'


def _data(run: Run) -> str:
    """What must be the same, wherever the files lie."""
    return '; '.join(f'annotations {str(one.get("sha256"))[:8]}, subset {one.get("subset")}, {one.get("videos")} videos'
                     for one in run.results.get('data') or ())


def _classes(run: Run) -> str:
    classes = sorted(run.evaluation.get('ap', ()))
    return f'{len(classes)} classes, {", ".join(classes[:3])}' + (', ...' if len(classes) > 3 else '')


_ASPECTS: tuple[tuple[str, Callable[[Run], Any], Callable[[Run], str], str], ...] = (
    ('the protocol', lambda run: (_protocol(run), _rules(run)), _protocol,
     'Score the detections of all under one: rpn evaluate DETECTIONS --protocol NAME.'),
    ('the data that they were scored on', _data, _data, 'Test all on the same annotations and videos.'),
    ('the classes', lambda run: frozenset(run.evaluation.get('ap', ())), _classes, 'Test all on the same classes.'))
"""What runs must have in common, by what it is compared, how it is shown, and what to do where it differs."""


def differing_settings(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return the settings that differ among runs that state theirs, with the value of each run.

    Where there are more than :data:`DIFFERENT`, the last line says how many are left out.
    """
    flat = [dict(flat_settings(settings)) if (settings := run.results.get('settings')) else {} for run in runs]
    stated = [settings for settings in flat if settings]
    names = [name for name in dict.fromkeys(name for settings in stated for name in settings)
             if len({repr(settings.get(name)) for settings in stated}) > 1]
    found = {name: [str(settings.get(name, '–')) for settings in flat] for name in names[:DIFFERENT]}
    if len(names) > DIFFERENT:
        found[f'and {len(names) - DIFFERENT} more'] = ['' for _ in runs]
    return found
