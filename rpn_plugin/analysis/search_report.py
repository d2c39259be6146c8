"""What a search tried and chose, as files."""
from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from mmengine.config import Config

from rpn_plugin.analysis.knobs import Changes
from rpn_plugin.analysis.search import Candidate
from rpn_plugin.files import written_whole
from rpn_plugin.visualization.sensitivity import SensitivityCurve

SUPERVISION = (
    'Choosing hyper-parameters reads the segments of the training videos that are held out: that is validation. '
    'Training sees video-level labels only, as ever, and nothing here reads a test video. The score of what is chosen '
    'is the best of many on these videos, so it is too good; other videos tell how good it is.')


def as_line(rung: int | str, candidate: Candidate) -> str:
    """A line of the log, JSON."""
    return json.dumps(dict(rung=rung, **asdict(candidate)))


def format_trials(trials: Sequence[tuple[int | str, Candidate]], notes: Sequence[str]) -> str:
    """Everything that was tried, Markdown, the best of the last stage first."""
    lines = [SUPERVISION, '', *(f'* {note}' for note in notes), '',
             '| stage | candidate | average mAP in % | runs | changes to the config |',
             '| --- | --- | --- | --- | --- |']
    stages = list(dict.fromkeys(rung for rung, _ in trials))
    for stage in reversed(stages):
        of_stage = [candidate for rung, candidate in trials if rung == stage]
        for candidate in sorted(of_stage, key=lambda candidate: -candidate.score):
            setting = ', '.join(f'{name}: {choice}' for name, choice in candidate.setting.items()) or 'none'
            lines.append(f'| {stage} | {candidate.number} | {100 * candidate.score:.2f} | {len(candidate.scores)} | '
                         f'{setting} |')
    return '\n'.join(lines) + '\n'


def write_config(path: Path, base: Path, changes: Sequence[Changes], comments: Sequence[str]) -> None:
    """Write a leaf config that states what differs from ``base``, below its reasons."""
    merged = Config()
    for change in changes:
        merged.merge_from_dict(dict(change))
    lines = [*(f'# {comment}' for comment in comments), f'_base_ = {os.path.relpath(base, path.parent)!r}']
    with written_whole(path) as temporary:
        temporary.write_text('\n'.join(lines) + '\n' + merged.pretty_text, encoding='utf-8')


def as_curve(points: Mapping[str, Candidate], chosen: Candidate, value: float) -> SensitivityCurve:
    """A curve through the choices of a knob of numbers; errors are those of the differences run by run."""
    order = sorted(points, key=float)
    differences = [np.subtract(points[choice].scores, chosen.scores) for choice in order]
    errors = [100 * float(difference.std(ddof=1)) / len(difference)**0.5 if len(difference) > 1 else 0.0
              for difference in differences]
    scores = [100 * points[choice].score for choice in order]
    return SensitivityCurve([float(choice) for choice in order], scores, errors, value)


def format_curves(curves: Mapping[str, SensitivityCurve], chosen: Candidate) -> str:
    """The curves as Markdown, a line each."""
    lines = [f'Average mAP in % on held-out training videos, {len(chosen.scores)} runs; one hyper-parameter at a time '
             f'around the chosen point ({100 * chosen.score:.1f}); ± is the standard error of the difference to it.',
             '', '| | chosen | value: average mAP |', '| --- | --- | --- |']
    for name, curve in curves.items():
        points = [f'{value:g}: {score:.1f} ± {error:.1f}'
                  for value, score, error in zip(curve.values, curve.scores, curve.errors)]
        lines.append(f'| {name} | {curve.chosen:g} | {", ".join(points)} |')
    return '\n'.join(lines) + '\n'
