"""A video's ground truth, detections and sequences on one time axis."""
from __future__ import annotations

from pathlib import Path
from typing import Mapping

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from rpn_plugin.evaluation.functional import VideoSegments
from rpn_plugin.files import written_whole


def draw_timeline(title: str,
                  duration_sec: float,
                  rows: Mapping[str, VideoSegments],
                  sequences: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None) -> Figure:
    """Draw one video.

    Args:
        title: Heading, usually the video's name.
        duration_sec: End of the time axis.
        rows: Row name, e.g. ``ground truth``, to its segments; detections fade with their score relative to the best of
            the row.
        sequences: Curve name to (times in seconds (T,), values (T,)); each is scaled to [0, 1] for the picture.
    """
    sequences = sequences or {}
    labels = sorted({str(label) for row in rows.values() for label in row.labels})
    palette = matplotlib.colormaps['tab10' if len(labels) <= 10 else 'tab20']
    colour = {label: palette(index % palette.N) for index, label in enumerate(labels)}
    lanes = [(name, label) for name, row in rows.items() for label in labels if label in row.labels]
    figure = Figure(figsize=(12, 1.2 + 0.35 * len(lanes) + 0.9 * len(sequences)), layout='constrained')
    axes = figure.subplots(1 + len(sequences), 1, sharex=True, squeeze=False,
                           height_ratios=[max(1.0, 0.35 * len(lanes)), *[0.9] * len(sequences)])[:, 0]
    for lane, (name, label) in enumerate(lanes):
        row = rows[name]
        scores = np.ones(len(row.labels)) if row.scores is None else row.scores
        strength = np.clip(scores / max(scores.max(), 1e-12), 0.15, 1.0)
        for place in np.argsort(scores, kind='stable'):  # the best on top
            if str(row.labels[place]) == label:
                start, end = row.segments[place]
                axes[0].barh(lane, end - start, left=start, height=0.8, color=colour[label],
                             alpha=float(strength[place]), edgecolor='black', linewidth=0.4)
    axes[0].set_yticks(range(len(lanes)), [f'{name}: {label}' for name, label in lanes])
    axes[0].invert_yaxis()
    axes[0].set_title(title)
    for axis, (name, (times, values)) in zip(axes[1:], sequences.items()):
        low, high = float(values.min()), float(values.max())
        axis.fill_between(times, (values - low) / max(high - low, 1e-12), step='mid', color='0.55')
        axis.set_ylabel(name, rotation=0, ha='right', va='center')
        axis.set_yticks([])
    axes[-1].set_xlim(0, duration_sec)
    axes[-1].set_xlabel('seconds')
    return figure


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a picture, whole or not at all; the folder is made and the suffix names the format."""
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=110)
