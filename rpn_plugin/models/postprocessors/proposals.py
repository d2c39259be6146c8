"""From a class activation sequence to proposals: rejection, thresholds, grouping, confidence."""
from __future__ import annotations

from typing import Callable, Sequence

import numpy as np
from mmaction.registry import MODELS

Runs = np.ndarray
"""(N, 4) int: threshold index, class, first snippet, one past the last snippet."""


def group_runs(above: np.ndarray) -> Runs:
    """Maximal runs of True along the time of every threshold and class.

    Args:
        above: (H, T, C) bool, H thresholds.

    Returns:
        (N, 4) int: threshold index, class, first snippet, one past the last.
    """
    steps = np.diff(np.pad(above.transpose(0, 2, 1).astype(np.int8), ((0, 0), (0, 0), (1, 1))), axis=2)  # (H, C, T + 1)
    starts, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
    return np.column_stack([starts, ends[:, 2]])


class RunStatistics:
    """Means and maxima of a sequence inside and around runs, each in one vectorised pass.

    Args:
        sequence: (T, C).
        runs: (N, 4), see :func:`group_runs`.
    """

    def __init__(self, sequence: np.ndarray, runs: Runs) -> None:
        self.sequence = sequence
        self.label, self.start, self.end = runs[:, 1], runs[:, 2], runs[:, 3]
        self._cumulative = np.pad(sequence.cumsum(axis=0), ((1, 0), (0, 0)))  # (T + 1, C)

    def _sum(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return self._cumulative[end, self.label] - self._cumulative[start, self.label]

    def mean(self) -> np.ndarray:
        """(N,) mean inside."""
        return self._sum(self.start, self.end) / (self.end - self.start)

    def max(self) -> np.ndarray:
        """(N,) maximum inside."""
        flat = np.append(self.sequence.T.ravel(), -np.inf)  # (C * T + 1), one class after another
        base = self.label * len(self.sequence)
        borders = np.column_stack([base + self.start, base + self.end]).ravel()  # start, end, start, end, ...
        return np.maximum.reduceat(flat, borders)[::2]

    def outer_mean(self, inflation: float) -> np.ndarray:
        """(N,) mean within ``inflation`` times the run's length, rounded up, on either side; 0 if nothing is there."""
        margin = np.ceil((self.end - self.start) * inflation).astype(np.int64)
        left, right = np.maximum(self.start - margin, 0), np.minimum(self.end + margin, len(self.sequence))
        outside = self._sum(left, self.start) + self._sum(self.end, right)
        count = (self.start - left) + (right - self.end)
        return outside / np.maximum(count, 1)


Confidence = Callable[[RunStatistics, np.ndarray, float, float], np.ndarray]

CONFIDENCES: dict[str, Confidence] = {
    'mean': lambda runs, video_score, weight, inflation: runs.mean(),
    'max': lambda runs, video_score, weight, inflation: runs.max(),
    'mean+video': lambda runs, video_score, weight, inflation: runs.mean() + weight * video_score,
    'max+video': lambda runs, video_score, weight, inflation: runs.max() + weight * video_score,
    'mean*video': lambda runs, video_score, weight, inflation: runs.mean() * video_score,
    'outer-inner': lambda runs, video_score, weight, inflation: runs.mean() - runs.outer_mean(inflation),
    'outer-inner+video':
    lambda runs, video_score, weight, inflation: runs.mean() - runs.outer_mean(inflation) + weight * video_score,
}
"""Confidence q of a proposal by name. ``mean``: as in STPN. ``max+video``: as in W-TALC (weight 0.7). ``outer-inner``:
as in AutoLoc and CMCS (inflation 0.25). ``outer-inner+video``: as in BaS-Net and CoLA (weights 0.2 and 0.25). Each is
computed on the localization sequence, see :class:`ThresholdProposals`."""


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
    """

    def __init__(self,
                 min_class_score: float = 0.1,
                 thresholds: Sequence[float] = (0.5, ),
                 relative: bool = True,
                 confidence: str = 'outer-inner+video',
                 normalize: bool = True,
                 video_weight: float = 0.25,
                 inflation: float = 0.25) -> None:
        if confidence not in CONFIDENCES:
            raise ValueError(f'ThresholdProposals expects a confidence of {sorted(CONFIDENCES)}, but got '
                             f'{confidence!r}.')
        if not len(thresholds):
            raise ValueError('ThresholdProposals expects at least one threshold, but got none.')
        self.min_class_score = min_class_score
        self.thresholds = np.asarray(thresholds, dtype=np.float64)
        self.relative = relative
        self.confidence = CONFIDENCES[confidence]
        self.normalize = normalize
        self.video_weight = video_weight
        self.inflation = inflation

    def __call__(self, sequence: np.ndarray, video_score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Proposals of one video.

        Args:
            sequence: phi, (T, C).
            video_score: (C,) in [0, 1].

        Returns:
            Snippet borders (N, 2), class indices (N,) and confidences (N,). None at all is a valid answer. A class
            whose sequence is flat gives one proposal, the whole video.

        Raises:
            ValueError: If a score is not finite.
        """
        if not (np.isfinite(sequence).all() and np.isfinite(video_score).all()):
            raise ValueError('ThresholdProposals expects finite scores, but got NaN or infinity: the network has '
                             'diverged. Lower the learning rate or alpha (head.loss_clu.loss_weight).')
        classes = np.flatnonzero(video_score >= self.min_class_score)
        sequence = sequence[:, classes].astype(np.float64)  # (T, C')
        low, high = sequence.min(axis=0), sequence.max(axis=0)
        cuts = self.thresholds[:, None]  # (H, 1)
        if self.relative:
            cuts = np.minimum(low + cuts * (high - low), high)  # (H, C')
        runs = group_runs(sequence[None] >= cuts[:, None, :])
        if self.normalize:
            sequence = (sequence - low) / np.maximum(high - low, np.finfo(np.float64).tiny)
        labels = classes[runs[:, 1]]
        scores = self.confidence(RunStatistics(sequence, runs), video_score[labels], self.video_weight, self.inflation)
        return runs[:, 2:], labels, scores
