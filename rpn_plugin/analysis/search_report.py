"""Formats what a search tried and chose, for files."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from rpn_plugin.analysis.search import Candidate
from rpn_plugin.shown_names import markdown_row
from rpn_plugin.visualization.sensitivity import SensitivityCurve

SUPERVISION = (
    'Choosing hyper-parameters reads the segments of the training videos that are held out: that is validation. '
    'Training sees video-level labels only, as ever, and nothing here reads a test video. The score of what is chosen '
    'is the best of many on these videos, so it is too good; other videos tell how good it is.')


def as_line(stage: int | str, candidate: Candidate) -> str:
    """Return a line of the log, JSON."""
    return json.dumps(dict(stage=stage, **asdict(candidate)))


def format_candidates(measured: Sequence[tuple[int | str, Candidate]], notes: Sequence[str]) -> str:
    """Return everything that was tried as Markdown, the best of the last stage first.

    Args:
        measured: Stage and candidate, in the order of measuring.
        notes: Of the held-out sets.
    """
    lines = [SUPERVISION, '', *(f'* {note}' for note in notes), '',
             '| stage | candidate | average mAP in % | trainings | changes to the config |',
             '| --- | --- | --- | --- | --- |']
    stages = list(dict.fromkeys(stage for stage, _ in measured))
    for stage in reversed(stages):
        of_stage = [candidate for at, candidate in measured if at == stage]
        for candidate in sorted(of_stage, key=lambda candidate: -candidate.score):
            setting = ', '.join(f'{name}: {choice}' for name, choice in candidate.setting.items()) or 'none'
            lines.append(markdown_row(stage, candidate.number, f'{100 * candidate.score:.2f}', len(candidate.scores),
                                      setting))
    return '\n'.join(lines) + '\n'


def as_curve(points: Mapping[str, Candidate], chosen: Candidate, value: float) -> SensitivityCurve:
    """Return a curve through the choices of a hyper-parameter; errors are those of the differences by training.

    Args:
        points: By choice; every choice is a number.
        chosen: Candidate that the curve goes through.
        value: The choice there.
    """
    order = sorted(points, key=float)
    differences = [np.subtract(points[choice].scores, chosen.scores) for choice in order]
    errors = [100 * float(difference.std(ddof=1)) / len(difference)**0.5 if len(difference) > 1 else 0.0
              for difference in differences]
    scores = [100 * points[choice].score for choice in order]
    return SensitivityCurve([float(choice) for choice in order], scores, errors, value)


def format_curves(curves: Mapping[str, SensitivityCurve], chosen: Candidate) -> str:
    """Return the curves as Markdown, a line each."""
    lines = [f'Average mAP in % on held-out training videos, {len(chosen.scores)} trainings; one hyper-parameter at a '
             f'time around the chosen point ({100 * chosen.score:.1f}); ± is the standard error of the difference to '
             'it.',
             '', '| | chosen | value: average mAP |', '| --- | --- | --- |']
    for name, curve in curves.items():
        points = [f'{value:g}: {score:.1f} ± {error:.1f}'
                  for value, score, error in zip(curve.values, curve.scores, curve.errors, strict=True)]
        lines.append(markdown_row(name, f'{curve.chosen:g}', ', '.join(points)))
    return '\n'.join(lines) + '\n'
