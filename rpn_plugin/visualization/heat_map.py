"""Matrices between classes as labelled heat maps: distances of prototypes, co-occurrence."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpn_plugin.shown_names import drawn, drawn_title

MOST_WRITTEN = 25
"""Values are written into the cells of matrices of so many classes at most."""


@dataclass(frozen=True)
class HeatMap:
    """A matrix to draw, with the names of its rows and columns.

    Args:
        matrix: (C, C).
        classes: C names, of rows and columns.
        meaning: Of a value, with its unit where it has one; stands beside the colours.
        row: What the class of a row is to the matrix.
        column: What the class of a column is.
        bounds: Values of the first and the last colour; those of the matrix by default.
        colours: Colour map; what stands out should be dark.

    Raises:
        ValueError: If the matrix is not (C, C).
    """

    matrix: np.ndarray
    classes: Sequence[str]
    meaning: str
    row: str = ''
    column: str = ''
    bounds: tuple[float, float] | None = None
    colours: str = 'Blues'

    def __post_init__(self) -> None:
        expected = (len(self.classes), len(self.classes))
        if self.matrix.shape != expected:
            raise ValueError(f'Expected a matrix of shape {expected} between the classes, but got '
                             f'{self.matrix.shape}.')


def prototype_distances(prototypes: np.ndarray) -> np.ndarray:
    """Euclidean distances (C, C) between prototypes (C, E)."""
    return np.linalg.norm(prototypes[:, None].astype(np.float64) - prototypes[None], axis=2)


def draw_heat_maps(maps: Mapping[str, HeatMap], title: str) -> Figure:
    """The maps side by side, each under its name.

    The diagonal, a class with itself, stays gray. Values are written where there is room for them.
    """
    size = 1.7 + 0.42 * min(max(len(each.classes) for each in maps.values()), 40)
    figure = Figure(figsize=(len(maps) * (size + 1.5), size + 0.9), layout='constrained')
    figure.suptitle(drawn_title(title))
    for axes, (name, each) in zip(figure.subplots(1, len(maps), squeeze=False)[0], maps.items()):
        _draw(axes, name, each)
    return figure


def _draw(axes: Axes, name: str, each: HeatMap) -> None:
    shown = np.ma.masked_array(each.matrix, np.eye(len(each.classes), dtype=bool))
    low, high = each.bounds or (float(shown.min()), float(shown.max())) if shown.count() else (0.0, 1.0)
    image = axes.imshow(shown, cmap=each.colours, vmin=low, vmax=max(high, low + 1e-12))
    axes.set_facecolor('0.75')
    axes.figure.colorbar(image, ax=axes, label=each.meaning, shrink=0.8)
    places, small = range(len(each.classes)), len(each.classes) > MOST_WRITTEN
    axes.set_xticks(places, map(drawn, each.classes), rotation=90 if small else 45, ha='center' if small else 'right',
                    rotation_mode='default' if small else 'anchor', fontsize=6 if small else 9)
    axes.set_yticks(places, map(drawn, each.classes), fontsize=6 if small else 9)
    axes.set_xlabel(each.column)
    axes.set_ylabel(each.row)
    axes.set_title(drawn(name))
    for row, column in zip(*np.nonzero(~shown.mask)) if not small else ():
        value = each.matrix[row, column]
        brightness = np.mean(image.cmap(image.norm(value))[:3])
        axes.text(column, row, _written(value), ha='center', va='center', fontsize=8,
                  color='white' if brightness < 0.6 else 'black')


def _written(value: float) -> str:
    """Three characters or so; nothing for 0."""
    return '' if value == 0 else f'{value:.2f}'.lstrip('0') if abs(value) < 1 else f'{value:.1f}'
