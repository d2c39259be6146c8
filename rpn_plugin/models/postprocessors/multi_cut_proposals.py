"""Proposals from several sequences of a video, as the attention-based methods cut them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from mmaction.registry import MODELS

from rpn_plugin.models.interfaces import Floats, Proposals
from rpn_plugin.models.postprocessors.proposals import (
    CONFIDENCES,
    ConfidenceOptions,
    RunStatistics,
    group_runs,
    require_finite,
)


class Cut(NamedTuple):
    """What is done with one sequence; see :class:`MultiCutProposals`."""

    thresholds: Sequence[float]
    normalize: bool = False
    relative: bool = False
    of_maximum: bool = False
    of_mean: bool = False
    zero_below: bool = False


@MODELS.register_module()
class MultiCutProposals:
    """Cuts every sequence of each likely class at its own thresholds; confidences are read off the first sequence.

    Runs at or above a threshold are proposals; at the threshold 0 they have to lie above it. The proposals of all
    sequences and thresholds go into one suppression.

    Args:
        cuts: For each sequence, in the order in which the weighting gives them, a dict with ``thresholds`` (none for a
            sequence that is only scored) and, as needed: ``normalize``, to scale each class's values above 0 to [0, 1]
            over the video, in what is cut and what is scored; ``relative``, for thresholds that are shares of the
            sequence's own range, ``of_maximum``, of its own maximum, or ``of_mean``, of its own mean, above which runs
            have to lie (CMCS); ``zero_below``, to score runs of a threshold with 0 in place of what lies outside them
            (as BaS-Net, UM and CoLA do, whose outer means are nearly 0 so).
        min_class_score: A class below it is rejected.
        fallback: Take the likeliest class of a video where all are rejected.
        confidence: A name in ``CONFIDENCES``.
        video_weight: Weight of the video's class score in the ``+video`` confidences.
        inflation: Reach of the outer region in the ``outer-inner`` confidences, in lengths of the proposal.
        outer_weight: Weight of the outer region in them.
        upsample: Points per snippet. They lie evenly in the time that the snippet covers, and their values are
            interpolated linearly between the middles of snippets.
        min_length: Shorter runs are left out, in points.
        dilation: Snippets by which runs grow on either side, rounded to points; runs that meet become one.

    Raises:
        ValueError: If the confidence or an option of a cut is unknown, or nothing is cut.
    """

    def __init__(self,
                 cuts: Sequence[Mapping[str, Any]],
                 min_class_score: float = 0.1,
                 fallback: bool = False,
                 confidence: str = 'outer-inner+video',
                 video_weight: float = 0.2,
                 inflation: float = 0.25,
                 outer_weight: float = 1.0,
                 upsample: int = 1,
                 min_length: int = 1,
                 dilation: float = 0.0) -> None:
        if confidence not in CONFIDENCES:
            raise ValueError(f'MultiCutProposals expects a confidence of {sorted(CONFIDENCES)}, but got '
                             f'{confidence!r}.')
        unknown = sorted({key for cut in cuts for key in cut} - set(Cut._fields))
        if unknown or not all('thresholds' in cut for cut in cuts) or not any(cut['thresholds'] for cut in cuts):
            raise ValueError(f'MultiCutProposals expects cuts of {list(Cut._fields)}, each with thresholds and one of '
                             f'them with some, but got {[dict(cut) for cut in cuts]}.')
        if upsample < 1 or min_length < 1:
            raise ValueError(f'MultiCutProposals expects upsample and min_length of at least 1, but got {upsample} and '
                             f'{min_length}.')
        if dilation < 0:
            raise ValueError(f'MultiCutProposals expects a dilation of at least 0 snippets, but got {dilation}.')
        self.cuts = [Cut(**cut) for cut in cuts]
        self.min_class_score = min_class_score
        self.fallback = fallback
        self.confidence = CONFIDENCES[confidence]
        self.options = ConfidenceOptions(video_weight, inflation, 1.0, outer_weight)
        self.upsample = upsample
        self.min_length = min_length
        self.margin = round(dilation * upsample)

    def __call__(self, sequence: Floats, video_score: Floats) -> Proposals:
        """Proposals of one video, see :meth:`cut_and_score`."""
        return self.cut_and_score(sequence, sequence, video_score)

    def cut_and_score(self, sequence: Floats, scored: Floats, video_score: Floats) -> Proposals:
        """Proposals of one video.

        Args:
            sequence: (T, S, C), or (T, C) for one cut; the borders are cut from all S.
            scored: Of the same shape; the confidences are read from the first of S.
            video_score: (C,) in [0, 1].

        Returns:
            Borders (N, 2) in snippets, class indices (N,) and confidences (N,), all but the indices in float64.

        Raises:
            ValueError: If a score is not finite, or there are not as many sequences as cuts.
        """
        require_finite(self, sequence, scored, video_score)
        if sequence.ndim == 2:
            sequence, scored = sequence[:, None], scored[:, None]
        if sequence.shape[1] != len(self.cuts):
            raise ValueError(f'MultiCutProposals has {len(self.cuts)} cuts, but the weighting gives '
                             f'{sequence.shape[1]} sequences: state one cut for each.')
        classes = np.flatnonzero(video_score >= self.min_class_score)
        if self.fallback and not classes.size:
            classes = video_score.argmax(axis=0, keepdims=True)
        values = self._points(scored[:, 0, classes], self.cuts[0].normalize)  # (r T, C')
        runs, scores = [np.zeros((0, 4), dtype=np.int64)], [np.zeros(0)]
        for index, cut in enumerate(self.cuts):
            points = self._points(sequence[:, index, classes], cut.normalize)
            for threshold in cut.thresholds:
                above = dilated(_above(points, threshold, cut), self.margin)
                found = group_runs(above[None])
                found = found[found[:, 3] - found[:, 2] >= self.min_length]
                statistics = RunStatistics(np.where(above, values, 0) if cut.zero_below else values, found)
                runs.append(found)
                scores.append(self.confidence(statistics, video_score[classes[found[:, 1]]], self.options))
        whole = np.concatenate(runs)
        return whole[:, 2:] / self.upsample, classes[whole[:, 1]], np.concatenate(scores)

    def _points(self, sequence: Floats, normalize: bool) -> Floats:
        """(T, C') to (r T, C') as they are cut and scored."""
        return upsampled(positive_range(sequence) if normalize else sequence, self.upsample)


def _above(points: Floats, threshold: float, cut: Cut) -> npt.NDArray[np.bool_]:
    """Whether points (T, C) reach a threshold."""
    if cut.relative or cut.of_maximum:
        low, high = points.min(axis=0) if cut.relative else 0.0, points.max(axis=0)
        return points >= np.minimum(low + threshold * (high - low), high)
    if cut.of_mean:
        return points > threshold * points.mean(axis=0)
    return points >= threshold if threshold else points > 0


def dilated(above: npt.NDArray[np.bool_], margin: int) -> npt.NDArray[np.bool_]:
    """Whether any point of a column (T, C) within a margin of points is True.

    >>> dilated(np.array([[False], [False], [True], [False]]), 1)[:, 0].tolist()
    [False, True, True, True]
    """
    if not margin:
        return above
    count = np.pad(above.cumsum(axis=0), ((1, 0), (0, 0)))  # (T + 1, C)
    place = np.arange(len(above))
    return count[np.minimum(place + margin + 1, len(above))] > count[np.maximum(place - margin, 0)]


def positive_range(sequence: Floats) -> Floats:
    """Scale the values above 0 of each column to [0, 1]; smaller ones become 0.

    >>> positive_range(np.array([[-1.0, 1.0], [2.0, 3.0]])).tolist()
    [[0.0, 0.0], [1.0, 1.0]]

    Args:
        sequence: (T, C).
    """
    low, high = sequence.min(axis=0).clip(min=0), sequence.max(axis=0).clip(min=0)
    return ((sequence - low) / np.where(high > low, high - low, 1)).clip(0, 1)


def upsampled(sequence: Floats, points: int) -> Floats:
    """Interpolate between the middles of snippets, and hold the values of the first and last half snippet.

    >>> upsampled(np.array([[0.0], [4.0]]), 2)[:, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]

    Args:
        sequence: (T, C).
        points: r, per snippet.

    Returns:
        (r T, C).
    """
    if points == 1:
        return sequence
    place = ((np.arange(points * len(sequence)) + 0.5) / points - 0.5).clip(0, len(sequence) - 1)  # in snippets
    left = np.floor(place).astype(np.int64)
    right = np.minimum(left + 1, len(sequence) - 1)
    share = (place - left)[:, None]
    return (1 - share) * sequence[left] + share * sequence[right]
