"""AP of each class over that of another model: Fig. 3 top."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rpn_plugin.shown_names import drawn, drawn_title
from rpn_plugin.structures import SeedValues

GAINED, LOST = 'tab:green', 'tab:red'


@dataclass(frozen=True)
class ClassGain(SeedValues):
    """Differences of a class's AP, averaged over tIoU thresholds, in percentage points; one value per seed.

    Args:
        label: Class.
    """

    label: str


def class_gains(better: Sequence[Mapping[str, Any]], worse: Sequence[Mapping[str, Any]]) -> list[ClassGain]:
    """Gain of every class, the largest mean first.

    Args:
        better: Results as ``evaluation.report.as_plain`` gives them, one per seed.
        worse: Those they are compared with, seed by seed.

    Raises:
        ValueError: If their numbers differ, there is none, or they are of other classes or protocols.
    """
    if not better or len(better) != len(worse):
        raise ValueError(f'Expected as many results of one model as of the other, one per seed, but got {len(better)} '
                         f'and {len(worse)}.')
    kinds = {(result['protocol'], tuple(result['averaged_over']), tuple(sorted(result['ap'])))
             for result in (*better, *worse)}
    if len(kinds) > 1:
        raise ValueError(f'Expected results under one protocol on the same classes, but got '
                         f'{" and ".join(f"{name} on {len(labels)} classes" for name, _, labels in sorted(kinds))}.')
    gains = [ClassGain(tuple(_average(first, label) - _average(second, label) for first, second in zip(better, worse)),
                       label) for label in better[0]['ap']]
    return sorted(gains, key=lambda gain: -gain.mean)


def draw_class_gains(gains: Sequence[ClassGain], title: str, ylabel: str) -> Figure:
    """A bar per class, with the values of the seeds as dots and their sample standard deviation as whiskers.

    Args:
        gains: From left to right.
        title: Heading.
        ylabel: What the difference is.
    """
    figure = Figure(figsize=(max(5.0, 1.6 + 0.85 * len(gains)), 4.6), layout='constrained')
    axes = figure.subplots()
    places = np.arange(len(gains))
    means = [gain.mean for gain in gains]
    axes.bar(places, means, color=[GAINED if mean >= 0 else LOST for mean in means], alpha=0.75, zorder=2)
    deviations = [gain.std for gain in gains if gain.std is not None]
    if len(deviations) == len(gains):
        axes.errorbar(places, means, deviations, fmt='none', ecolor='black', capsize=4, zorder=3)
    for place, gain in zip(places, gains):
        if len(gain.values) > 1:
            beside = place + np.linspace(-0.15, 0.15, len(gain.values))
            axes.plot(beside, gain.values, 'o', color='black', markersize=3.5, markerfacecolor='white', zorder=4)
        reach = max(gain.mean + (gain.std or 0), *gain.values, 0)
        axes.annotate(f'{round(gain.mean, 1) + 0.0:+.1f}', (place, reach), (0, 6), textcoords='offset points',
                      ha='center', fontsize=9)
    axes.axhline(0, color='black', linewidth=0.8)
    axes.set_xticks(places, [drawn(gain.label) for gain in gains], rotation=35, ha='right', rotation_mode='anchor')
    axes.margins(y=0.1)
    axes.grid(axis='y', linewidth=0.4, zorder=0)
    axes.set_ylabel(drawn_title(ylabel))
    axes.set_title(drawn_title(title))
    return figure


def _average(result: Mapping[str, Any], label: str) -> float:
    """AP in % over the thresholds that the protocol averages."""
    averaged = np.isclose(np.array(result['tiou'])[:, None], result['averaged_over']).any(axis=1)
    return 100 * float(np.mean(np.array(result['ap'][label])[averaged]))
