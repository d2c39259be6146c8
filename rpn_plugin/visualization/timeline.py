"""A video's ground truth, detections and sequences on one time axis."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import drawn, drawn_title, glyphs_may_be_missing
from rpn_plugin.structures import VideoSegments

Sequence1D = tuple[np.ndarray, np.ndarray | Mapping[str, np.ndarray]]
"""Times in seconds (T,) with values (T,), or with the values (T,) of several classes by name."""
SUBLANES = 4
"""Overlapping bars of a lane lie in so many sublanes at most, as on the page of a report."""
LANE_GAP = 0.4
"""Between two lanes, in heights of a sublane."""
THUMBNAILS_INCH = (8.6, 0.75)
"""Room for all thumbnails, and the height of each."""


def draw_timeline(title: str,
                  duration_sec: float,
                  rows: Mapping[str, VideoSegments],
                  sequences: Mapping[str, Sequence1D] | None = None,
                  thumbnails: Sequence[tuple[float, np.ndarray]] = ()) -> Figure:
    """Draw one video. A class has the same colour wherever it is drawn, and overlapping bars lie below each other.

    Args:
        title: Heading, usually the video's name.
        duration_sec: End of the time axis.
        rows: Row name, e.g. ``ground truth``, to its segments; detections fade with their score relative to the best of
            the row.
        sequences: Curve name to its times and values. The values of one curve, of all its classes together, are scaled
            to [0, 1] for the picture, and their range is written beside it.
        thumbnails: (time in seconds, (H, W, 3) uint8 image) of frames to show above the bars.
    """
    sequences = sequences or {}
    colour = _class_colours(rows, sequences)
    lanes = [(name, label) for name, row in rows.items() for label in colour if label in row.labels]
    placed = [in_sublanes(rows[name].take(np.array(rows[name].labels) == label)) for name, label in lanes]
    sizes = [1 + max(sublanes) + LANE_GAP for sublanes in placed]
    heights = [*([THUMBNAILS_INCH[1]] if thumbnails else []), max(0.6, 0.25 * sum(sizes)), *[0.75] * len(sequences)]
    figure = Figure(figsize=(12, 1.1 + sum(heights)), layout='constrained')
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0].tolist()
    axes[0].set_title(drawn_title(title))
    axes[-1].set_xlim(0, duration_sec)
    axes[-1].set_xlabel('time in seconds')
    if thumbnails:
        _draw_thumbnails(axes.pop(0), thumbnails)
    bars, *curves = axes
    tops = np.cumsum([0, *sizes])[:-1]
    for (name, label), top, sublanes in zip(lanes, tops, placed):
        _draw_lane(bars, top + np.array(sublanes), rows[name], label, colour[label])
    middles = [top + max(sublanes) / 2 for top, sublanes in zip(tops, placed)]
    bars.set_yticks(middles, [f'{drawn(name)}: {drawn(label)}' for name, label in lanes])
    bars.invert_yaxis()
    for axis, (name, (times, values)) in zip(curves, sequences.items()):
        _draw_sequence(axis, name, times, values if isinstance(values, Mapping) else {'': values}, colour)
    return figure


def in_sublanes(row: VideoSegments) -> list[int]:
    """Choose the sublane of each of N >= 1 segments: the first where it overlaps none with a higher score.

    What finds no free one among the :data:`SUBLANES` goes into the last.

    >>> in_sublanes(VideoSegments(np.array([[0, 9], [1, 3], [4, 6]]), ['Diving'] * 3, np.array([0.5, 0.9, 0.8])))
    [1, 0, 0]
    """
    scores = np.zeros(len(row.labels)) if row.scores is None else row.scores
    taken: list[list[int]] = [[] for _ in range(SUBLANES)]
    for place in np.argsort(-scores, kind='stable').tolist():
        start, end = row.segments[place]
        free = (lane for lane in taken[:-1]
                if all(end <= row.segments[other][0] or start >= row.segments[other][1] for other in lane))
        next(free, taken[-1]).append(place)
    return [next(lane for lane, places in enumerate(taken) if place in places) for place in range(len(row.labels))]


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a picture, whole or not at all; the folder is made and the suffix names the format.

    Raises:
        ValueError: If there is no format of that name.
    """
    known = figure.canvas.get_supported_filetypes()
    if Path(path).suffix.removeprefix('.').lower() not in known:
        raise ValueError(f'{path}: expected a name that ends with one of .{", .".join(known)}.')
    with written_whole(path) as temporary, glyphs_may_be_missing():
        figure.savefig(temporary, dpi=110)


def _class_colours(rows: Mapping[str, VideoSegments], sequences: Mapping[str, Sequence1D]) -> dict[str, Any]:
    labels = {str(label) for row in rows.values() for label in row.labels}
    for _, values in sequences.values():
        labels |= set(values) if isinstance(values, Mapping) else set()
    palette = matplotlib.colormaps['tab10' if len(labels) <= 10 else 'tab20']
    return {label: palette(index % palette.N) for index, label in enumerate(sorted(labels))}


def _draw_thumbnails(axis: Axes, thumbnails: Sequence[tuple[float, np.ndarray]]) -> None:
    """Each image centred on its time, in its own proportions."""
    width, height = THUMBNAILS_INCH[0] / len(thumbnails), THUMBNAILS_INCH[1]
    for time_sec, image in thumbnails:
        zoom = 72 * min(0.96 * width / image.shape[1], height / image.shape[0])  # inches to points
        box = AnnotationBbox(OffsetImage(image, zoom=zoom), (time_sec, 0.5), xycoords=('data', 'axes fraction'),
                             frameon=False, pad=0)
        box.set_in_layout(False)
        axis.add_artist(box)
    axis.set_yticks([])
    axis.tick_params(axis='x', length=0)
    axis.spines[:].set_visible(False)


def _draw_lane(axis: Axes, heights: np.ndarray, row: VideoSegments, label: str, colour: Any) -> None:
    """The N segments of one row and class as bars at the (N,) heights, the best on top."""
    scores = np.ones(len(row.labels)) if row.scores is None else row.scores
    strength = np.clip(scores / max(scores.max(), 1e-12), 0.15, 1.0)
    of_label = [place for place, name in enumerate(row.labels) if str(name) == label]
    for index in np.argsort(scores[of_label], kind='stable'):
        place = of_label[index]
        start, end = row.segments[place]
        axis.barh(heights[index], end - start, left=start, height=0.8, color=colour, alpha=float(strength[place]),
                  edgecolor='black', linewidth=0.4)


def _draw_sequence(axis: Axes, name: str, times: np.ndarray, curves: Mapping[str, np.ndarray],
                   colour: Mapping[str, Any]) -> None:
    low, high = float(np.min(list(curves.values()))), float(np.max(list(curves.values())))
    for label, values in curves.items():
        scaled = (values - low) / max(high - low, 1e-12)
        shade = colour.get(label, '0.55')
        axis.fill_between(times, scaled, step='mid', color=shade, alpha=0.35 if label else 1, linewidth=0)
        if label:
            axis.step(times, scaled, where='mid', color=shade, linewidth=1)
    axis.set_ylim(0, 1.05)
    axis.set_ylabel(drawn_title(name), rotation=0, ha='right', va='center')
    axis.set_yticks([])
    axis.text(1.005, 0.5, f'{high:.2g}\nto\n{low:.2g}', transform=axis.transAxes, fontsize=7, va='center')
