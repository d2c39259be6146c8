"""Proposals from a class activation sequence: rejection, thresholds, grouping, confidence."""
from __future__ import annotations

from collections.abc import Callable, Sequence

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


Confidence = Callable[[RunStatistics, Floats, float, float], Floats]

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
            ValueError: If a score is not finite.
        """
        if not all(np.isfinite(values).all() for values in (sequence, scored, video_score)):
            raise ValueError('ThresholdProposals expects finite scores, but got NaN or infinity: the network has '
                             'diverged. Lower the learning rate or alpha (head.loss_clu.loss_weight).')
        classes = np.flatnonzero(video_score >= self.min_class_score)
        rows, low, high = _rows_and_range(sequence, classes)
        cuts = self.thresholds[:, None, None]  # (H, 1, 1)
        if self.relative:
            cuts = np.minimum(low + cuts * (high - low), high)  # (H, C', 1)
        runs = group_runs((rows >= cuts).transpose(0, 2, 1))
        if scored is not sequence:
            rows, low, high = _rows_and_range(scored, classes)
        if self.normalize:
            rows = (rows - low) / np.maximum(high - low, np.finfo(np.float64).tiny)
        labels = classes[runs[:, 1]]
        scores = self.confidence(RunStatistics(rows.T, runs), video_score[labels], self.video_weight, self.inflation)
        return runs[:, 2:], labels, scores


def _rows_and_range(sequence: Floats, classes: npt.NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """The sequences of some classes (C', T) and the smallest and largest value of each (C', 1)."""
    rows = np.ascontiguousarray(sequence[:, classes].T, dtype=np.float64)
    return rows, rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)
