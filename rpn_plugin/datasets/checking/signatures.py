"""Signatures: what the channels of features look like, from which swapped and permuted features are told."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rpn_plugin.datasets.checking.contents import Content

FEWEST_CHANNELS = 16
FEWEST_VIDEOS = 8
"""With less, channels look alike by chance."""
RELIABLE = 0.8
"""Two halves of one subset agree so well in what tells channels apart."""

Signature = dict[str, np.ndarray]
"""Vectors by what they describe: ``spread`` and ``pace`` of the channels, and how pairs of them are ``tied``."""


def signature(content: Content) -> Signature:
    """Describe the channels of a video by standard deviation, pace and correlation.

    The logarithm of a channel's standard deviation is its spread, and that of its squared steps over twice its
    variance its pace. Scaling and shifting all values leave pace and correlations as they are.
    """
    stds = content.stds.astype(np.float64)
    floor = max(1e-2 * float(np.median(stds)), 1e-9)
    deviations = np.sqrt(np.maximum(np.diag(content.covariances), floor**2))
    correlations = content.covariances / np.outer(deviations, deviations)
    return dict(spread=np.log(np.maximum(stds, floor)),
                pace=np.log(np.maximum(content.steps / (2 * np.maximum(stds, floor)**2), 1e-3)),
                tied=correlations[np.triu_indices(len(correlations), 1)])


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of two vectors; 0 where one is constant."""
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / scale if scale > 0 else 0.0


class Signatures:
    """The signatures of the videos of a subset in one stream, and which of their parts can be relied on.

    Args:
        contents: Video to what is kept of it; all of the most common width D.
    """

    def __init__(self, contents: Mapping[str, Content]) -> None:
        self.videos = {video: signature(content) for video, content in contents.items()}
        self.width = next(iter(contents.values())).width if contents else 0
        self.centre: Signature = {}
        self.deviation: Signature = {}
        self.reliable: set[str] = set()
        if len(self.videos) < FEWEST_VIDEOS or self.width < FEWEST_CHANNELS:
            return
        for name in ('spread', 'pace', 'tied'):
            values = np.stack([found[name] for found in self.videos.values()])
            self.centre[name] = np.median(values, 0)
            self.deviation[name] = values.std(0)
            if agreement(np.median(values[::2], 0), np.median(values[1::2], 0)) > RELIABLE:
                self.reliable.add(name)

    def likeness(self, other: Signature, parts: Sequence[str] | set[str]) -> float:
        """Return the best agreement of the centre with another signature in one of some parts."""
        return max(agreement(self.centre[name], other[name]) for name in parts)


def swap_margin(first: Signature, second: Signature, one: Signatures, two: Signatures) -> float:
    """Return how much better two signatures fit the streams they are in than each other's; negative if swapped.

    Args:
        first: Of a video, or the centre of a subset, in the stream of ``one``.
        second: In the stream of ``two``.
        one: Signatures of a stream.
        two: Signatures of the other, of the same width.
    """
    margin = 0.0
    for name in one.centre:
        variance = (np.square(one.deviation[name]) + np.square(two.deviation[name])) / 2 + 1e-4
        for found, own, other in ((first, one, two), (second, two, one)):
            margin += float(np.mean((np.square(found[name] - other.centre[name])
                                     - np.square(found[name] - own.centre[name])) / variance))
    return margin
