"""Which parts of the training videos look alike, so that a split can keep them on one side."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BLOCK = 1024  # runs compared at once with all others


@dataclass(frozen=True)
class Run:
    """Consecutive snippets of one video that belong together.

    Args:
        video: Its name.
        start: First snippet.
        end: One past the last.
        part: What must stay on one side of a split has the same number.
        label: Action of its snippets; '' for background, or where several actions share them.
    """

    video: str
    start: int
    end: int
    part: int
    label: str = ''


@dataclass(frozen=True)
class TimedVideo:
    """A training video with what its split is made of.

    Args:
        features: (T, D).
        borders: (N, 2) int, first snippet and one past the last of every annotated instance.
        labels: N class names.
    """

    features: np.ndarray
    borders: np.ndarray
    labels: Sequence[str]


def runs_by_look(videos: Mapping[str, TimedVideo], same_run: float = 0.7, same_look: float = 0.85) -> list[Run]:
    """Cut the videos where their look changes, and number what looks alike.

    Similarities are cosines between features without the mean of all snippets. A video is cut between neighbours of a
    similarity below ``same_run`` and at the borders of its instances. Runs whose mean features are more similar than
    ``same_look``, and the runs of one instance, belong together, and so does what belongs together with either
    (connected components).

    Args:
        videos: By name.
        same_run: In [-1, 1].
        same_look: In [-1, 1].
    """
    mean = np.mean([video.features.mean(axis=0, dtype=np.float64) for video in videos.values()], axis=0)
    runs, looks, links = [], [], []
    for name, video in videos.items():
        directions = _unit(video.features - mean)  # (T, D)
        similar = np.einsum('td,td->t', directions[1:], directions[:-1])  # (T - 1,)
        inner = video.borders[(video.borders > 0) & (video.borders < len(directions))]
        cuts = np.unique(np.concatenate([[0, len(directions)], 1 + np.flatnonzero(similar < same_run), inner]))
        first = len(runs)
        runs += [(name, int(start), int(end), _label(video, start, end)) for start, end in zip(cuts, cuts[1:])]
        looks += [directions[start:end].mean(axis=0) for start, end in zip(cuts, cuts[1:])]
        for start, end in video.borders:
            inside = first + np.flatnonzero((cuts[:-1] >= start) & (cuts[1:] <= end))
            links += list(zip(inside, inside[1:]))
    parts = _components(_unit(np.array(looks)), links, same_look)
    return [Run(name, start, end, int(part), label) for (name, start, end, label), part in zip(runs, parts)]


def runs_by_video(videos: Mapping[str, TimedVideo]) -> list[Run]:
    """Every video whole and by itself."""
    return [Run(name, 0, len(video.features), part, ' + '.join(sorted(set(video.labels))))
            for part, (name, video) in enumerate(videos.items())]


def deal_parts(runs: Sequence[Run], folds: int, seed: int) -> np.ndarray:
    """Fold of each part, (number of parts,): the snippets of every label are spread evenly, the largest parts first.

    A label of fewer parts than folds cannot be; its parts go where the fewest snippets of all are.

    Args:
        runs: All of them.
        folds: K, at least 2.
        seed: Orders parts of the same size.
    """
    sizes: dict[int, dict[str, int]] = {}
    for run in runs:
        of_part = sizes.setdefault(run.part, {})
        of_part[run.label] = of_part.get(run.label, 0) + run.end - run.start
    order = np.random.default_rng(seed).permutation(sorted(sizes))
    # An action counts before the background that looks like it.
    label_of = {part: max(of_part, key=lambda label: (bool(label), of_part[label])) for part, of_part in sizes.items()}
    parts_of = Counter(label_of.values())
    fold, total = np.zeros(max(sizes) + 1, dtype=np.int64), np.zeros(folds)
    filled = {label: np.zeros(folds) for label in parts_of}
    for part in sorted(order.tolist(), key=lambda part: -sum(sizes[part].values())):
        label = label_of[part]
        load = filled[label]
        fold[part] = load.argmin() if parts_of[label] >= folds else np.lexsort((total, load))[0]
        filled[label][fold[part]] += sizes[part][label]
        total[fold[part]] += sum(sizes[part].values())
    return fold


def nearest_look(queries: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) cosine of each query (N, D) to the nearest of ``others`` (M, D), without the mean of the latter."""
    mean = others.mean(axis=0)
    return (_unit(queries - mean) @ _unit(others - mean).T).max(axis=1)


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def _label(video: TimedVideo, start: int, end: int) -> str:
    """Label of the one action whose instances hold the run, else ''."""
    inside = (video.borders[:, 0] <= start) & (end <= video.borders[:, 1])
    names = {label for label, within in zip(video.labels, inside) if within}
    return names.pop() if len(names) == 1 else ''


def _components(looks: np.ndarray, links: Sequence[tuple[int, int]], same_look: float) -> np.ndarray:
    pairs = [np.array(links, dtype=np.int64).reshape(-1, 2)]
    for first in range(0, len(looks), BLOCK):
        near = np.argwhere(looks[first:first + BLOCK] @ looks.T > same_look)
        pairs.append(near + [first, 0])
    row, column = np.concatenate(pairs).T
    graph = coo_array((np.ones(len(row)), (row, column)), shape=(len(looks), len(looks)))
    return connected_components(graph, directed=False)[1]
