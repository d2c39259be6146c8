"""Charts as SVG text: lines with axes, and bars in groups. Every text is escaped."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f')
"""Okabe and Ito's, which colour-blind eyes tell apart, without black and yellow."""
DASHES = ('none', '7 3', '2 3', '9 3 2 3')
"""By which the eighth line differs from the first, and so on."""
WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 58, 26, 12, 44
"""Margins around the field of a chart."""
LABEL, VALUE, BAR, GAP = 210, 50, 11, 8
"""Of bars: room for the names and the numbers, height of a bar and space between groups."""
POINTS = 400
"""Of a line at most; more cannot be told apart."""

Line = Sequence[tuple[float, float]]


def colour(index: int) -> str:
    """Return the colour of a run."""
    return COLOURS[index % len(COLOURS)]


def dash(index: int) -> str:
    """Return the dashes of the line of a run, as ``stroke-dasharray`` takes them."""
    return DASHES[index // len(COLOURS) % len(DASHES)]


def line_chart(lines: Mapping[str, Line], x_label: str, y_label: str, places: Mapping[str, int]) -> str:
    """Return a chart of lines over one axis; lines without a point are left out.

    Args:
        lines: Name of a run to its points (x, y), finite.
        x_label: Of the axis.
        y_label: Of the axis.
        places: Name of a run to the number that its colour and dashes are chosen by.
    """
    drawn = {name: thinned(points) for name, points in lines.items() if points}
    if not drawn:
        return ''
    x_ticks = nice_ticks([x for points in drawn.values() for x, _ in points])
    y_ticks = nice_ticks([y for points in drawn.values() for _, y in points], from_zero=True)
    x_place = _scale(x_ticks, LEFT, WIDTH - RIGHT)
    y_place = _scale(y_ticks, HEIGHT - BOTTOM, TOP)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(y_label)} over {escape(x_label)}">']
    for tick in y_ticks:
        y = y_place(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in x_ticks:
        parts.append(f'<text x="{x_place(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
                 f'{escape(x_label)}</text><text class="label" transform="translate(13 {(TOP + HEIGHT - BOTTOM) / 2}) '
                 f'rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')
    for name, points in drawn.items():
        path = ' '.join(f'{x_place(x):.1f},{y_place(y):.1f}' for x, y in points)
        style = f'stroke="{colour(places[name])}" stroke-dasharray="{dash(places[name])}"'
        parts.append(f'<polyline points="{path}" {style}><title>{escape(name)}</title></polyline>')
        parts += [f'<circle cx="{x_place(x):.1f}" cy="{y_place(y):.1f}" r="3" fill="{colour(places[name])}"><title>'
                  f'{escape(name)}: {y:.4g} at {x:g}</title></circle>' for x, y in (points if len(points) < 30 else ())]
    return ''.join([*parts, '</svg>'])


def bar_chart(groups: Mapping[str, Mapping[str, float]], places: Mapping[str, int], largest: float = 100.0) -> str:
    """Return horizontal bars, a group for each key and in it one for each run that has a value.

    Args:
        groups: Name of a group to a value from 0 to ``largest`` for each run, by its name.
        places: As :func:`line_chart`.
        largest: The value of a bar of full length.
    """
    field = WIDTH - LABEL - VALUE
    parts: list[str] = []
    y = 0
    for group, values in groups.items():
        middle = y + BAR * len(values) / 2 + 4
        parts.append(f'<text class="name" x="{LABEL - 8}" y="{middle:.1f}" text-anchor="end">{escape(_short(group))}'
                     f'<title>{escape(group)}</title></text>')
        for name, value in values.items():
            width = field * min(max(value, 0.0), largest) / largest
            parts.append(f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR - 1}" '
                         f'fill="{colour(places[name])}"><title>{escape(name)}, {escape(group)}: {value:.2f}</title>'
                         f'</rect><text x="{LABEL + width + 4:.1f}" y="{y + BAR - 2}">{value:.1f}</text>')
            y += BAR
        y += GAP
    return f'<svg viewBox="0 0 {WIDTH} {max(y, 1)}" role="img" aria-label="bars of each class">{"".join(parts)}</svg>'


def nice_ticks(values: Sequence[float], from_zero: bool = False) -> list[float]:
    """Return round numbers, evenly spaced, from below the smallest value to above the largest.

    >>> nice_ticks([0.1, 0.7]), nice_ticks([12.0, 95.0], from_zero=True)
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [0.0, 20.0, 40.0, 60.0, 80.0, 100.0])
    """
    low, high = min(values), max(values)
    low = min(low, 0.0) if from_zero else low
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def thinned(points: Line, most: int = POINTS) -> Line:
    """Return every n-th point and the last, at most ``most`` and one."""
    step = max(1, math.ceil(len(points) / most))
    return [*points[:-1:step], points[-1]]


def _scale(ticks: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = ticks[0], ticks[-1]
    return lambda value: start + (end - start) * (value - low) / (high - low)


def _short(name: str, longest: int = 30) -> str:
    return name if len(name) <= longest else f'{name[:longest - 1]}…'
