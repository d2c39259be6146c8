"""Proposals from a class activation sequence: rejection, thresholds, grouping, confidence."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from mmaction.registry import MODELS

from rpn_plugin.models.interfaces import Floats, Proposals

Runs = npt.NDArray[np.int64]
"""(N, 4): threshold index, class, first snippet, one past the last snippet."""


def group_runs(above: npt.NDArray[np.bool_]) -> Runs:
    """Maximal runs of True along the time of every threshold and class.

    Args:
        above: (H, T, C) bool, H thresholds.

    Returns:
        (N, 4) int64: threshold index, class, first snippet, one past the last; sorted by these.
    """
    cuts, length, classes = above.shape
    rows = np.zeros((cuts, classes, length + 1), dtype=bool)  # ends in False, so that no run reaches the next row
    rows[..., :-1] = above.transpose(0, 2, 1)
    flat = rows.ravel()
    borders = np.flatnonzero(flat[1:] != flat[:-1]) + 1  # start, end, start, end, ...
    if flat.size and flat[0]:
        borders = np.concatenate([[0], borders])
    row, start = np.divmod(borders[::2], length + 1)
    end = start + borders[1::2] - borders[::2]
    return np.column_stack([*np.divmod(row, max(classes, 1)), start, end])


class RunStatistics:
    """Means and maxima of a sequence inside and around runs, each in one vectorised pass.

    Args:
        sequence: (T, C).
        runs: (N, 4), see :func:`group_runs`.
    """

    def __init__(self, sequence: Floats, runs: Runs) -> None:
        self.sequence = sequence
        self.label, self.start, self.end = runs[:, 1], runs[:, 2], runs[:, 3]
        self._cumulative = np.pad(self.sequence.cumsum(axis=0), ((1, 0), (0, 0)))  # (T + 1, C)

    def _sum(self, start: Runs, end: Runs) -> Floats:
        return self._cumulative[end, self.label] - self._cumulative[start, self.label]

    def mean(self) -> Floats:
        """(N,) mean inside."""
        return self._sum(self.start, self.end) / (self.end - self.start)

    def max(self) -> Floats:
        """(N,) maximum inside."""
        flat = np.append(self.sequence.T.ravel(), -np.inf)  # (C * T + 1), one class after another
        base = self.label * len(self.sequence)
        borders = np.column_stack([base + self.start, base + self.end]).ravel()  # start, end, start, end, ...
        return np.maximum.reduceat(flat, borders)[::2]

    def outer_mean(self, inflation: float) -> Floats:
        """(N,) mean within ``inflation`` times the run's length, rounded up, on either side; 0 if nothing is there."""
        margin = np.ceil((self.end - self.start) * inflation).astype(np.int64)
        left, right = np.maximum(self.start - margin, 0), np.minimum(self.end + margin, len(self.sequence))
        outside = self._sum(left, self.start) + self._sum(self.end, right)
        count = (self.start - left) + (right - self.end)
        return outside / np.maximum(count, 1)


class ConfidenceOptions(NamedTuple):
    """What a confidence depends on besides the sequence and the class scores; see :class:`ThresholdProposals`."""

    video_weight: float
    inflation: float
    video_power: float
    outer_weight: float = 1.0


Confidence = Callable[[RunStatistics, Floats, ConfidenceOptions], Floats]


def _outer_inner(runs: RunStatistics, options: ConfidenceOptions) -> Floats:
    return runs.mean() - options.outer_weight * runs.outer_mean(options.inflation)


def _logit(probability: Floats) -> Floats:
    """The logit of a sigmoid, as far as float32 told it from 0 and 1."""
    certain = float(np.finfo(np.float32).eps)
    kept = probability.clip(certain, 1 - certain)
    return np.log(kept / (1 - kept))


CONFIDENCES: dict[str, Confidence] = {
    'mean': lambda runs, video_score, options: runs.mean(),
    'max': lambda runs, video_score, options: runs.max(),
    'mean+video': lambda runs, video_score, options: runs.mean() + options.video_weight * video_score,
    'max+video': lambda runs, video_score, options: runs.max() + options.video_weight * video_score,
    'max+logit': lambda runs, video_score, options: runs.max() + options.video_weight * _logit(video_score),
    'mean*video': lambda runs, video_score, options: runs.mean() * video_score**options.video_power,
    'outer-inner': lambda runs, video_score, options: _outer_inner(runs, options),
    'outer-inner+video':
    lambda runs, video_score, options: _outer_inner(runs, options) + options.video_weight * video_score,
    'outer-inner*video':
    lambda runs, video_score, options: _outer_inner(runs, options) * video_score**options.video_power,
}
"""Confidence q of a proposal by name. ``mean``: as in STPN. ``max+logit``: as in W-TALC (weight 0.7), for a head whose
video score is the sigmoid of its logit; ``max+video`` with the score itself. ``outer-inner``: as in AutoLoc and CMCS
(inflation 0.25). ``outer-inner+video``: as in BaS-Net and CoLA (weights 0.2 and 0.25). ``outer-inner*video``: ours;
with a small power it ranks the classes of a video without hiding the less likely ones, of which a video with several
labels has some. Each is computed on the localization sequence, see :class:`ThresholdProposals`."""


@MODELS.register_module()
class ThresholdProposals:
    """Cuts the localization sequence phi of each likely class into proposals.

    Args:
        min_class_score: p_c, a class below it is rejected (0.1 in the paper).
        thresholds: One or several cuts. The paper's are not published.
        relative: Thresholds are shares in [0, 1] of the sequence's own range in the video, min + h (max - min), instead
            of absolute values.
        confidence: A name in :data:`CONFIDENCES`. The paper's is not published.
        normalize: Scale every class's sequence to [0, 1] over the video before the confidence is read off it. phi sums
            to at most 1 over time, so without this a long video's proposals score less than a short one's.
        video_weight: Weight of the video's class score in the ``+video`` confidences.
        inflation: Reach of the outer region in the ``outer-inner`` confidences, in lengths of the proposal.
        video_power: Power of the video's class score in the ``*video`` confidences.
        scales: Odd numbers of snippets. The sequence is cut once for each, smoothed by a moving mean of so many, and
            the confidences of all cuts are read off the mean of the smoothed sequences. 1 leaves it as it is, which is
            the paper; more than one is ours.
    """

    def __init__(self,
                 min_class_score: float = 0.1,
                 thresholds: Sequence[float] = (0.5, ),
                 relative: bool = True,
                 confidence: str = 'outer-inner+video',
                 normalize: bool = True,
                 video_weight: float = 0.25,
                 inflation: float = 0.25,
                 video_power: float = 1.0,
                 scales: Sequence[int] = (1, )) -> None:
        if confidence not in CONFIDENCES:
            raise ValueError(f'ThresholdProposals expects a confidence of {sorted(CONFIDENCES)}, but got '
                             f'{confidence!r}.')
        if not len(thresholds):
            raise ValueError('ThresholdProposals expects at least one threshold, but got none.')
        if not len(scales) or any(scale < 1 or scale % 2 == 0 for scale in scales):
            raise ValueError(f'ThresholdProposals expects at least one scale, each an odd number of snippets, but got '
                             f'{list(scales)}.')
        self.min_class_score = min_class_score
        self.thresholds = np.asarray(thresholds, dtype=np.float64)
        self.relative = relative
        self.confidence = CONFIDENCES[confidence]
        self.normalize = normalize
        self.options = ConfidenceOptions(video_weight, inflation, video_power)
        self.scales = tuple(scales)

    def __call__(self, sequence: Floats, video_score: Floats) -> Proposals:
        """Proposals of one video, cut from a sequence and scored on it, see :meth:`cut_and_score`."""
        return self.cut_and_score(sequence, sequence, video_score)

    def cut_and_score(self, sequence: Floats, scored: Floats, video_score: Floats) -> Proposals:
        """Proposals of one video.

        Args:
            sequence: phi, (T, C), which the borders are cut from.
            scored: (T, C), which the confidences are read from.
            video_score: (C,) in [0, 1].

        Returns:
            Snippet borders (N, 2) in int64, class indices (N,) and confidences (N,) in float64. None at all is a valid
            answer. A class whose sequence is flat gives one proposal, the whole video.

        Raises:
            ValueError: If a score is not finite, or there are several sequences.
        """
        if sequence.ndim != 2:
            raise ValueError(f'ThresholdProposals expects one sequence (T, C), but got shape {sequence.shape}; use '
                             f'MultiCutProposals for a weighting that gives several.')
        require_finite(self, sequence, scored, video_score)
        classes = np.flatnonzero(video_score >= self.min_class_score)
        smoothed = self._smoothed(sequence, classes)
        runs = np.concatenate([self._runs(rows) for rows in smoothed])
        rows = self._mean(smoothed if scored is sequence else self._smoothed(scored, classes))
        labels = classes[runs[:, 1]]
        scores = self.confidence(RunStatistics(rows.T, runs), video_score[labels], self.options)
        return runs[:, 2:], labels, scores

    def _smoothed(self, sequence: Floats, classes: npt.NDArray[np.int64]) -> list[Floats]:
        """The sequences of some classes at every scale, (C', T) each."""
        rows = np.ascontiguousarray(sequence[:, classes].T, dtype=np.float64)
        return [moving_mean(rows, scale) for scale in self.scales]

    def _runs(self, rows: Floats) -> Runs:
        cuts = self.thresholds[:, None, None]  # (H, 1, 1)
        if self.relative:
            low, high = _range(rows)
            cuts = np.minimum(low + cuts * (high - low), high)  # (H, C', 1)
        return group_runs((rows >= cuts).transpose(0, 2, 1))

    def _mean(self, smoothed: Sequence[Floats]) -> Floats:
        """The sequences (C', T) that confidences are read off."""
        if not self.normalize:
            return np.mean(smoothed, axis=0)
        normalized = [_normalized(rows) for rows in smoothed]
        return normalized[0] if len(normalized) == 1 else _normalized(np.mean(normalized, axis=0))


def require_finite(generator: object, *scores: Floats) -> None:
    """Refuse scores of a diverged network.

    Raises:
        ValueError: If one is NaN or infinite.
    """
    if not all(np.isfinite(values).all() for values in scores):
        raise ValueError(f'{type(generator).__name__} expects finite scores, but got NaN or infinity: the features are '
                         f'out of range, which tools/data/check_dataset.py tells, or the network has diverged, which a '
                         f'lower learning rate or alpha (head.loss_clu.loss_weight) prevents.')


def moving_mean(rows: Floats, scale: int) -> Floats:
    """The mean of each value and its neighbours along the last axis; at the ends, of those that there are.

    >>> moving_mean(np.array([0.0, 3.0, 6.0, 0.0]), 3).tolist()
    [1.5, 3.0, 3.0, 3.0]

    Args:
        rows: (..., T).
        scale: Odd number of values, the middle one included.
    """
    if scale == 1:
        return rows
    reach, length = scale // 2, rows.shape[-1]
    total = np.concatenate([np.zeros((*rows.shape[:-1], 1)), rows.cumsum(axis=-1)], axis=-1)  # (..., T + 1)
    place = np.arange(length)
    left, right = np.maximum(place - reach, 0), np.minimum(place + reach + 1, length)
    return (total[..., right] - total[..., left]) / (right - left)


def _range(rows: Floats) -> tuple[Floats, Floats]:
    """The smallest and largest value of each row (C', 1)."""
    return rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)


def _normalized(rows: Floats) -> Floats:
    low, high = _range(rows)
    return (rows - low) / np.maximum(high - low, np.finfo(np.float64).tiny)
