"""One page about a data set."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from rpn_plugin.shown_names import drawn, drawn_title
from rpn_plugin.structures import SubsetStatistics

COLOURS = ('tab:blue', 'tab:orange', 'tab:green', 'tab:red')
MOST_PAIRED = 20


def draw_dataset(statistics: Sequence[SubsetStatistics], title: str, seconds_per_snippet: float | None) -> Figure:
    """Durations, instances per class, lengths of instances, classes that come together, and seconds per snippet.

    Args:
        statistics: One per subset.
        title: Heading.
        seconds_per_snippet: What the recipe states, where there is one.
    """
    figure = Figure(figsize=(15, 11.5), layout='constrained')
    figure.suptitle(drawn_title(title))
    grid = figure.add_gridspec(3, 6, height_ratios=[1, 1.1, 1.6])
    _histogram(figure.add_subplot(grid[0, :2]), {one.name: one.durations_sec for one in statistics},
               'duration in seconds', 'videos')
    _histogram(figure.add_subplot(grid[0, 2:4]), {one.name: one.instance_lengths_sec for one in statistics},
               'length of an instance in seconds', 'instances')
    _draw_rate(figure.add_subplot(grid[0, 4:]), statistics, seconds_per_snippet)
    _draw_classes(figure.add_subplot(grid[1, :]), statistics)
    for index, one in enumerate(statistics[:2]):
        _draw_pairs(figure.add_subplot(grid[2, 3 * index:3 * index + 3]), one)
    return figure


def _histogram(axes: Axes, values: Mapping[str, np.ndarray], name: str, counted: str) -> None:
    """Values of each subset in common bins, on a logarithmic axis."""
    positive = {subset: each[each > 0] for subset, each in values.items()}
    everything = np.concatenate([np.zeros(0), *positive.values()])
    axes.set_xlabel(name)
    axes.set_ylabel(counted)
    if not len(everything):
        _say(axes, 'none known')
        return
    bins = np.geomspace(everything.min() * 0.999, everything.max() * 1.001, 30).tolist()
    for (subset, each), colour in zip(positive.items(), COLOURS):
        axes.hist(each, bins, histtype='stepfilled', alpha=0.35, color=colour)
        axes.hist(each, bins, histtype='step', color=colour, label=f'{drawn(subset)} ({len(each)})')
    axes.set_xscale('log')
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if everything.max() < 1000 * everything.min() else (1, )))
    axes.xaxis.set_major_formatter('{x:g}')
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend(fontsize=8)


def _draw_rate(axes: Axes, statistics: Sequence[SubsetStatistics], stated: float | None) -> None:
    """Seconds per snippet of every video: its duration over its T."""
    axes.set_xlabel('duration in seconds')
    axes.set_ylabel('seconds per snippet: duration / T')
    if not any(len(one.seconds_per_snippet) for one in statistics):
        _say(axes, 'no features, or no durations')
        return
    for one, colour in zip(statistics, COLOURS):
        axes.plot(one.timed_durations_sec, one.seconds_per_snippet, '.', color=colour, alpha=0.5,
                  label=drawn(one.name))
    if stated is not None:
        axes.axhline(stated, color='black', linewidth=1, linestyle='--', label=f'recipe: {stated:.4g} s')
    axes.set_ylim(0, 1.3 * max([stated or 0, *(one.seconds_per_snippet.max() for one in statistics
                                              if len(one.seconds_per_snippet))]))
    axes.legend(fontsize=8)


def _draw_classes(axes: Axes, statistics: Sequence[SubsetStatistics]) -> None:
    classes = statistics[0].classes
    places, width = np.arange(len(classes)), 0.8 / len(statistics)
    for index, (one, colour) in enumerate(zip(statistics, COLOURS)):
        if one.classes == classes:
            axes.bar(places + (index - (len(statistics) - 1) / 2) * width, one.instances_per_class, width, color=colour,
                     label=f'{drawn(one.name)} ({one.num_instances})')
    axes.set_xticks(places, map(drawn, classes), rotation=90 if len(classes) > 12 else 0,
                    fontsize=8 if len(classes) <= 40 else 6)
    axes.set_xlim(-0.6, len(classes) - 0.4)
    axes.set_ylabel('instances')
    axes.legend(fontsize=8)


def _draw_pairs(axes: Axes, one: SubsetStatistics) -> None:
    """Videos with both of two classes; classes that never come together with another are left out."""
    together = one.cooccurrence - np.diag(one.videos_per_class)
    shown = np.flatnonzero(together.any(1))
    shown = np.sort(shown[np.argsort(-together[shown].sum(1), kind='stable')][:MOST_PAIRED])
    most = f' (the {MOST_PAIRED} with most)' if together.any(1).sum() > MOST_PAIRED else ''
    axes.set_title(f'{drawn(one.name)}: videos with two classes{most}', fontsize=10)
    if not len(shown):
        _say(axes, 'every video has one class')
        return
    names = [drawn(one.classes[index]) for index in shown]
    counts = together[np.ix_(shown, shown)]
    axes.imshow(np.ma.masked_equal(counts, 0), cmap='viridis_r', vmin=0)
    for row, column in zip(*np.nonzero(counts)):
        axes.text(column, row, counts[row, column], ha='center', va='center', fontsize=8,
                  color='white' if counts[row, column] > counts.max() / 2 else 'black')
    axes.set_xticks(range(len(names)), names, rotation=45, ha='right', fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha='center', va='center', transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])
