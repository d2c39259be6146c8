"""Curves of a score over one hyper-parameter at a time."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from rpn_plugin.shown_names import drawn, drawn_title


@dataclass(frozen=True)
class SensitivityCurve:
    """A score over one hyper-parameter.

    Args:
        values: Of the hyper-parameter, ascending.
        scores: Mean score at each, in %.
        errors: Standard error of each score's difference to the chosen point, in %.
        chosen: Value that was chosen.
    """

    values: Sequence[float]
    scores: Sequence[float]
    errors: Sequence[float]
    chosen: float


def draw_sensitivity(curves: Mapping[str, SensitivityCurve], chosen_score: float, title: str, ylabel: str) -> Figure:
    """One small picture per hyper-parameter on a common scale, the chosen point marked in each.

    Args:
        curves: By name.
        chosen_score: Score of the chosen point, in %.
        title: Heading.
        ylabel: What the score is.
    """
    columns = min(4, max(1, len(curves)))
    rows = max(1, -(-len(curves) // columns))
    figure = Figure(figsize=(3.1 * columns, 2.6 * rows + 0.5), layout='constrained')
    figure.suptitle(drawn_title(title))
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axis, (name, curve) in zip(axes, curves.items()):
        axis.axhline(chosen_score, color='tab:gray', linewidth=0.8, linestyle=':')
        axis.errorbar(curve.values, curve.scores, curve.errors, marker='o', markersize=3, capsize=2)
        axis.plot([curve.chosen], [chosen_score], marker='*', markersize=11, color='tab:orange')
        if min(curve.values) > 0 and max(curve.values) > 8 * min(curve.values):
            axis.set_xscale('log')
            axis.set_xticks(curve.values, [f'{value:g}' for value in curve.values], rotation=45)
            axis.minorticks_off()
        axis.set_title(drawn(name))
    for axis in axes[len(curves):]:
        axis.set_visible(False)
    figure.supylabel(ylabel)
    return figure
