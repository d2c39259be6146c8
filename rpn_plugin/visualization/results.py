"""A picture of the numbers of one evaluation."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from rpn_plugin.shown_names import drawn, drawn_title

ROW_INCH = 0.22


def draw_results(tiou: Sequence[float], mean_ap: Sequence[float], ap: Mapping[str, Sequence[float]],
                 averaged: Sequence[bool], title: str) -> Figure:
    """Draw mAP over tIoU, and the average precision of each class, best first.

    Args:
        tiou: H thresholds.
        mean_ap: H values in [0, 1].
        ap: Class to H values in [0, 1].
        averaged: Which of the H thresholds the bars are the mean over.
        title: Heading.
    """
    bars = {label: float(np.mean(np.asarray(values)[np.asarray(averaged)])) for label, values in ap.items()}
    bars = dict(sorted(bars.items(), key=lambda item: item[1]))
    figure = Figure(figsize=(11, max(3.6, 1.4 + ROW_INCH * len(bars))), layout='constrained')
    figure.suptitle(drawn_title(title))
    over, classes = figure.subplots(1, 2)
    over.plot(tiou, 100 * np.asarray(mean_ap), marker='o')
    for threshold, value in zip(tiou, mean_ap):
        over.annotate(f'{100 * value:.1f}', (threshold, 100 * value), xytext=(0, 6), textcoords='offset points',
                      ha='center', fontsize=8)
    over.set_xlabel('tIoU')
    over.set_ylabel('mAP in %')
    over.set_ylim(0, 105)
    classes.barh(range(len(bars)), [100 * value for value in bars.values()])
    classes.set_yticks(range(len(bars)), [drawn(label) for label in bars], fontsize=8)
    classes.set_xlabel('average precision in %, mean over the averaged tIoU')
    classes.set_xlim(0, 100)
    return figure
