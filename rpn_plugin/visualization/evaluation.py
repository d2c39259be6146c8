"""Pictures of an evaluation: kinds of errors, and precision over recall."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from rpn_plugin.evaluation.functional.error_analysis import KINDS, ErrorAnalysis
from rpn_plugin.shown_names import drawn, drawn_title

COLOURS = ('tab:green', 'tab:olive', 'tab:orange', 'tab:red', 'tab:gray')
BUDGETS = (1, 2, 3, 5, 10)
LENGTH_BORDERS_SEC = (0, 2, 4, 8, 16, 32, np.inf)
CROWD_BORDERS = (1, 2, 5, 10, 20, np.inf)


def draw_errors(analysis: ErrorAnalysis, title: str) -> Figure:
    """Shares of each kind over a growing budget of detections, and recall by length and by instances in the video."""
    figure = Figure(figsize=(13, 4.2), layout='constrained')
    figure.suptitle(drawn_title(f'{title}, tIoU {analysis.tiou:g}'))
    kinds, lengths, crowds = figure.subplots(1, 3, width_ratios=[1.3, 1, 1])
    bottom = np.zeros(len(BUDGETS))
    shares = np.nan_to_num(np.array([analysis.shares(budget) for budget in BUDGETS]))  # (budgets, kinds)
    for index, (name, colour) in enumerate(zip(KINDS, COLOURS)):
        kinds.bar(range(len(BUDGETS)), 100 * shares[:, index], bottom=bottom, color=colour, label=name)
        bottom += 100 * shares[:, index]
    kinds.set_xticks(range(len(BUDGETS)), [f'{budget}G' for budget in BUDGETS])
    kinds.set_xlabel('best detections of each class (G: its instances)')
    kinds.set_ylabel('% of detections')
    kinds.legend(loc='lower center', bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8, frameon=False)
    for axes, values, borders, name in ((lengths, analysis.length_sec, LENGTH_BORDERS_SEC, 'length in seconds'),
                                        (crowds, analysis.crowd, CROWD_BORDERS, 'instances in the video')):
        bins = analysis.recall_by(values, borders)
        axes.bar(range(len(bins)), [0 if np.isnan(recall) else 100 * recall for _, _, recall in bins], color='tab:blue')
        for place, (_, count, recall) in enumerate(bins):
            axes.text(place, 1 + (0 if np.isnan(recall) else 100 * recall), f'n={count}', ha='center', fontsize=8)
        axes.set_xticks(range(len(bins)), [name for name, _, _ in bins], fontsize=8)
        axes.set_ylim(0, 110)
        axes.set_xlabel(name)
        axes.set_ylabel('% found')
    return figure


def draw_precision_recall(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str) -> Figure:
    """Precision over recall, one small picture per class.

    Args:
        curves: Class to (recall (N,), precision (N,)), by descending score.
        title: Heading.
    """
    columns = min(5, max(1, len(curves)))
    rows = max(1, -(-len(curves) // columns))
    figure = Figure(figsize=(2.6 * columns, 2.3 * rows + 0.4), layout='constrained')
    figure.suptitle(drawn_title(title))
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axis, (label, (recall, precision)) in zip(axes, curves.items()):
        if len(recall):
            axis.step(np.r_[0, recall], np.r_[precision[:1], precision], where='pre')
        axis.set_title(drawn(label), fontsize=9)
        axis.set_xlim(0, 1)
        axis.set_ylim(0, 1.05)
    for axis in axes[len(curves):]:
        axis.set_visible(False)
    figure.supxlabel('recall')
    figure.supylabel('precision')
    return figure
