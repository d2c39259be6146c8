"""Embedded features with the prototypes before and after updating: Fig. 3 bottom."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rpn_plugin.shown_names import drawn, drawn_title
from rpn_plugin.structures import BACKGROUND, EmbeddedVideo


def project(points: np.ndarray, seed: int = 0) -> np.ndarray:
    """(N, E) to (N, 2) by t-SNE, started from the principal components.

    Args:
        points: At least 4.
        seed: Of t-SNE.

    Raises:
        ImportError: If scikit-learn is missing.
        ValueError: If there are fewer points.
    """
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise ImportError('t-SNE needs scikit-learn: pip install "rpn-plugin[figures]" (or: pip install scikit-learn).'
                          ) from error
    if len(points) < 4:
        raise ValueError(f't-SNE expects at least 4 points, but got {len(points)}. Choose longer videos.')
    tsne = TSNE(perplexity=min(30.0, (len(points) - 1) / 3), init='pca', random_state=seed)
    return tsne.fit_transform(points.astype(np.float64))


def draw_embedding(networks: Mapping[str, tuple[np.ndarray, Sequence[EmbeddedVideo]]],
                   classes: Sequence[str],
                   title: str,
                   seed: int = 0) -> Figure:
    """One picture per network: features as dots, prototypes as stars, updated prototypes as diamonds.

    Everything of a network is projected together. Drawn are the prototypes of the annotated classes, and those moved
    for a video in its annotated classes, with a line from where they were.

    Args:
        networks: Name to its prototypes (C, E) and the videos.
        classes: C names.
        title: Heading.
        seed: Of t-SNE.
    """
    present = sorted({label for _, videos in networks.values() for video in videos for label in video.classes})
    palette = matplotlib.colormaps['tab10' if len(present) <= 10 else 'tab20']
    colour = {label: palette(index % palette.N) for index, label in enumerate(present)} | {BACKGROUND: '0.8'}
    figure = Figure(figsize=(6.2 * len(networks), 6.0 + 0.22 * (len(present) / 4 + 1)), layout='constrained')
    figure.suptitle(drawn_title(title))
    for axes, (name, (prototypes, videos)) in zip(figure.subplots(1, len(networks), squeeze=False)[0],
                                                  networks.items()):
        _draw_network(axes, dict(zip(classes, prototypes)), videos, present, colour, seed)
        axes.set_title(drawn(name))
    moved = any(video.updated is not None for _, videos in networks.values() for video in videos)
    keys = [('o', 'features', '0.5'), ('*', 'prototypes', 'black'), *([('D', 'updated prototypes', 'white')] * moved)]
    handles = [Line2D([], [], marker=marker, linestyle='', color='0.5', markeredgecolor=edge,
                      markersize=14 if marker == '*' else 7, label=text) for marker, text, edge in keys]
    handles += [Line2D([], [], marker='s', linestyle='', color=colour[label], markersize=9,
                       label=drawn(label))
                for label in (*present, BACKGROUND)]
    figure.legend(handles=handles, loc='outside lower center', ncols=4 if len(networks) == 1 else 6, frameon=False)
    return figure


def _draw_network(axes: Axes, prototypes: Mapping[str, np.ndarray], videos: Sequence[EmbeddedVideo],
                  present: Sequence[str], colour: Mapping[str, Any], seed: int) -> None:
    moves = [(label, video.updated[list(prototypes).index(label)]) for video in videos if video.updated is not None
             for label in video.classes]
    labels = [label for video in videos for label in video.labels]
    points = [*(prototypes[label] for label in present), *(point for _, point in moves)]
    places = project(np.concatenate([*(video.features for video in videos), *(point[None] for point in points)]), seed)
    features, stars, diamonds = np.split(places, [len(labels), len(labels) + len(present)])
    order = np.argsort([label != BACKGROUND for label in labels], kind='stable')  # background below
    colours = [colour[labels[place]] for place in order]
    axes.scatter(features[order, 0], features[order, 1], s=14, c=colours, linewidths=0)
    start = dict(zip(present, stars))
    for (label, _), place in zip(moves, diamonds):
        axes.plot(*np.stack([start[label], place]).T, color='black', linewidth=0.9, zorder=3)
        axes.plot(*place, 'D', color=colour[label], markeredgecolor='white', markersize=7, zorder=6)
    for label, place in start.items():
        axes.plot(*place, '*', color=colour[label], markeredgecolor='black', markersize=20, zorder=5)
    axes.set_xticks([])
    axes.set_yticks([])
