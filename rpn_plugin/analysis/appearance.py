"""Cuts training videos into pieces and finds those that look alike, so that a split can keep them on one side."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BLOCK = 1024  # pieces compared at once with all others


@dataclass(frozen=True)
class Piece:
    """Consecutive snippets of one video that belong together.

    Args:
        video: Its name.
        start: First snippet.
        end: One past the last.
        group: Pieces with the same number must stay on one side of a split.
        label: Action of its snippets; '' for background, or where several actions share them.
    """

    video: str
    start: int
    end: int
    group: int
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


def pieces_by_appearance(videos: Mapping[str, TimedVideo], same_piece: float = 0.7,
                         same_group: float = 0.85) -> list[Piece]:
    """Cut the videos where their appearance changes, and group the pieces of similar appearance.

    Similarities are cosines between features without the mean of all snippets. A video is cut between neighbours of a
    similarity below ``same_piece`` and at the borders of its instances. Pieces whose mean features are more similar
    than ``same_group``, and the pieces of one instance, are in one group, and so is what shares a group with either
    (connected components).

    Args:
        videos: By name.
        same_piece: In [-1, 1].
        same_group: In [-1, 1].
    """
    mean = np.mean([video.features.mean(axis=0, dtype=np.float64) for video in videos.values()], axis=0)
    pieces: list[tuple[str, int, int, str]] = []
    means: list[np.ndarray] = []
    links: list[tuple[int, int]] = []
    for name, video in videos.items():
        directions = _unit(video.features - mean)  # (T, D)
        similar = np.einsum('td,td->t', directions[1:], directions[:-1])  # (T - 1,)
        inner = video.borders[(video.borders > 0) & (video.borders < len(directions))]
        cuts = np.unique(np.concatenate([[0, len(directions)], 1 + np.flatnonzero(similar < same_piece), inner]))
        first = len(pieces)
        for start, end in zip(cuts[:-1], cuts[1:], strict=True):
            pieces.append((name, int(start), int(end), _label(video, start, end)))
            means.append(directions[start:end].mean(axis=0))
        for start, end in video.borders:
            inside = (first + np.flatnonzero((cuts[:-1] >= start) & (cuts[1:] <= end))).tolist()
            links += zip(inside[:-1], inside[1:], strict=True)
    groups = _components(_unit(np.array(means)), links, same_group)
    return [Piece(name, start, end, int(group), label)
            for (name, start, end, label), group in zip(pieces, groups, strict=True)]


def pieces_by_video(videos: Mapping[str, TimedVideo]) -> list[Piece]:
    """Return every video as one piece in a group of its own."""
    return [Piece(name, 0, len(video.features), group, ' + '.join(sorted(set(video.labels))))
            for group, (name, video) in enumerate(videos.items())]


def deal_groups(pieces: Sequence[Piece], folds: int, seed: int) -> np.ndarray:
    """Deal groups to folds: the snippets of every label are divided evenly, the largest groups first.

    A label of fewer groups than folds cannot be; its groups go where the fewest snippets of all are.

    Args:
        pieces: All of them.
        folds: K, at least 2.
        seed: Orders groups of the same size.

    Returns:
        (number of groups,) int64, the fold of each.
    """
    sizes: dict[int, dict[str, int]] = {}
    for piece in pieces:
        of_group = sizes.setdefault(piece.group, {})
        of_group[piece.label] = of_group.get(piece.label, 0) + piece.end - piece.start
    order = np.random.default_rng(seed).permutation(sorted(sizes))
    label_of = {group: _main_label(of_group) for group, of_group in sizes.items()}
    groups_of = Counter(label_of.values())
    fold, total = np.zeros(max(sizes) + 1, dtype=np.int64), np.zeros(folds)
    filled = {label: np.zeros(folds) for label in groups_of}
    for group in sorted(order.tolist(), key=lambda group: -sum(sizes[group].values())):
        label = label_of[group]
        load = filled[label]
        fold[group] = load.argmin() if groups_of[label] >= folds else np.lexsort((total, load))[0]
        filled[label][fold[group]] += sizes[group][label]
        total[fold[group]] += sum(sizes[group].values())
    return fold


def nearest_similarity(queries: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) cosine of each query (N, D) to the nearest of ``others`` (M, D), without the mean of the latter."""
    mean = others.mean(axis=0)
    return (_unit(queries - mean) @ _unit(others - mean).T).max(axis=1)


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def _label(video: TimedVideo, start: int, end: int) -> str:
    """Label of the one action whose instances hold the piece, else ''."""
    inside = (video.borders[:, 0] <= start) & (end <= video.borders[:, 1])
    names = {label for label, within in zip(video.labels, inside, strict=True) if within}
    return names.pop() if len(names) == 1 else ''


def _main_label(sizes: Mapping[str, int]) -> str:
    """Label of the most snippets; an action counts before a background of similar appearance."""
    return max(sizes, key=lambda label: (bool(label), sizes[label]))


def _components(means: np.ndarray, links: Sequence[tuple[int, int]], same_group: float) -> np.ndarray:
    pairs: list[np.ndarray] = [np.array(links, dtype=np.int64).reshape(-1, 2)]
    for first in range(0, len(means), BLOCK):
        near = np.argwhere(means[first:first + BLOCK] @ means.T > same_group)
        pairs.append(near + [first, 0])
    row, column = np.concatenate(pairs).T
    graph = coo_array((np.ones(len(row)), (row, column)), shape=(len(means), len(means)))
    return connected_components(graph, directed=False)[1]
