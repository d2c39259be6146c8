"""Scores of methods over what their training costs."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

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
        axes.errorbar([point.cost], [point.scores.mean], [point.scores.std or 0.0], fmt='o', capsize=3, markersize=5,
                      color=_colour(name, marked), zorder=2)
    axes.set_xscale('log')
    low, high = min(point.cost for point in points.values()), max(point.cost for point in points.values())
    ticks = [step * 10.0**power for power in range(-3, 7) for step in (1, 2, 5)]
    axes.set_xticks(ticks, [f'{tick:g}' for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(low / 2, high * 2)  # names stand beside their points
    axes.grid(linewidth=0.4, zorder=0)
    axes.set_xlabel(drawn_title(xlabel))
    axes.set_ylabel(drawn_title(ylabel))
    axes.set_title(drawn_title(title))
    figure.draw_without_rendering()  # the layout is settled, and sizes of texts are known
    _name_points(axes, points, marked)
    return figure


NAME_OFFSETS: tuple[tuple[Literal['left', 'right'], tuple[int, int]], ...] = (
    ('left', (6, 4)), ('left', (6, -12)), ('right', (-6, 4)), ('right', (-6, -12)))
"""Sides of a point, in points, that its name may stand on, the first that is free."""


def _name_points(axes: Axes, points: Mapping[str, CostPoint], marked: str) -> None:
    """Write the name of each point where it covers no other name and no point, if there is such a place."""
    places = {name: (point.cost, point.scores.mean) for name, point in points.items()}
    middles = axes.transData.transform(list(places.values()))
    taken = [Bbox.from_extents(*(middle - 3), *(middle + 3)) for middle in middles]
    for name, place in places.items():
        tried = [axes.annotate(drawn(name), place, offset, textcoords='offset points', fontsize=9,
                               horizontalalignment=side, color=_colour(name, marked)) for side, offset in NAME_OFFSETS]
        boxes = [text.get_window_extent() for text in tried]
        free = [not any(box.overlaps(other) for other in taken) for box in boxes]
        best = free.index(True) if any(free) else 0
        taken.append(boxes[best])
        for text in tried[:best] + tried[best + 1:]:
            text.remove()


def _colour(name: str, marked: str) -> str:
    return 'tab:red' if name == marked else 'tab:blue'


def _frontier(points: Mapping[str, CostPoint]) -> list[str]:
    """Methods in the order of their cost, each better than all before it."""
    ordered = sorted(points, key=lambda name: (points[name].cost, -points[name].scores.mean))
    reached = np.maximum.accumulate([points[name].scores.mean for name in ordered])
    return [name for name, before in zip(ordered, [-np.inf, *reached]) if points[name].scores.mean > before]
