"""Scores of methods over what their training costs."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from rpn_plugin.shown_names import drawn, drawn_title
from rpn_plugin.structures import SeedValues


@dataclass(frozen=True)
class CostPoint:
    """What a method costs and gives.

    Args:
        cost: Of one training, above 0.
        scores: In %, one value per seed.
    """

    cost: float
    scores: SeedValues


def draw_scores_over_cost(points: Mapping[str, CostPoint], marked: str, title: str, xlabel: str,
                          ylabel: str) -> Figure:
    """A point per method with its name, and a line through those that no cheaper method beats.

    Args:
        points: By method; whiskers are the sample standard deviation over seeds.
        marked: Method that is drawn in another colour.
        title: Heading.
        xlabel: What the cost is; the axis is logarithmic.
        ylabel: What the score is.
    """
    figure = Figure(figsize=(7.2, 4.8), layout='constrained')
    axes = figure.subplots()
    best = _frontier(points)
    axes.plot([points[name].cost for name in best], [points[name].scores.mean for name in best],
              color='tab:gray', linestyle=':', linewidth=1.0, zorder=1)
    for name, point in points.items():
        colour = 'tab:red' if name == marked else 'tab:blue'
        axes.errorbar([point.cost], [point.scores.mean], [point.scores.std or 0.0], fmt='o', color=colour, capsize=3,
                      markersize=5, zorder=2)
        axes.annotate(drawn(name), (point.cost, point.scores.mean), (6, 4), textcoords='offset points', fontsize=9,
                      color=colour)
    axes.set_xscale('log')
    low, high = min(point.cost for point in points.values()), max(point.cost for point in points.values())
    ticks = [step * 10.0**power for power in range(-3, 7) for step in (1, 2, 5)]
    axes.set_xticks(ticks, [f'{tick:g}' for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(low / 1.3, high * 2)  # names stand on the right of their points
    axes.grid(linewidth=0.4, zorder=0)
    axes.set_xlabel(drawn_title(xlabel))
    axes.set_ylabel(drawn_title(ylabel))
    axes.set_title(drawn_title(title))
    return figure


def _frontier(points: Mapping[str, CostPoint]) -> list[str]:
    """Methods in the order of their cost, each better than all before it."""
    ordered = sorted(points, key=lambda name: (points[name].cost, -points[name].scores.mean))
    reached = np.maximum.accumulate([points[name].scores.mean for name in ordered])
    return [name for name, before in zip(ordered, [-np.inf, *reached]) if points[name].scores.mean > before]
