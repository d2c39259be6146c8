"""Temporal non-maximum suppression in numpy: no compiled op."""
from __future__ import annotations

import numpy as np
from mmaction.registry import MODELS

from rpn_plugin.structures import pairwise_tiou

SOFT_DECAYS = {
    'linear': lambda tiou, threshold, sigma: np.where(tiou > threshold, 1 - tiou, 1.0),
    'gaussian': lambda tiou, threshold, sigma: np.exp(-tiou**2 / sigma),
}


def hard_nms(segments: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Greedy suppression: a segment goes when a better kept one overlaps it by more than ``threshold``.

    Args:
        segments: (N, 2) in seconds.
        scores: (N,); equal scores keep their input order.
        threshold: tIoU in [0, 1].

    Returns:
        Indices of the kept segments, best first.
    """
    waiting = np.argsort(-scores, kind='stable')
    kept = []
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        waiting = waiting[pairwise_tiou(segments[best:best + 1], segments[waiting])[0] <= threshold]
    return np.array(kept, dtype=np.int64)


def soft_nms(segments: np.ndarray,
             scores: np.ndarray,
             method: str = 'gaussian',
             threshold: float = 0.3,
             sigma: float = 0.5,
             min_score: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
    """Soft-NMS (Bodla et al., ICCV 2017): an overlapping segment loses score instead of going.

    Args:
        segments: (N, 2) in seconds.
        scores: (N,), at least 0; equal scores keep their input order.
        method: ``linear`` (times 1 - tIoU above ``threshold``) or ``gaussian`` (times exp(-tIoU^2 / sigma)).
        threshold: tIoU in [0, 1], for ``linear``.
        sigma: Positive, for ``gaussian``.
        min_score: A segment whose decayed score falls below goes, and so does one that starts below.

    Returns:
        Indices of the kept segments, best first, and their decayed scores.
    """
    decay = SOFT_DECAYS[method]
    waiting, current = np.arange(len(scores)), scores.astype(np.float64)
    kept, kept_scores = [], []
    while waiting.size:
        place = int(np.argmax(current))
        best, best_score = waiting[place], current[place]
        if best_score < min_score:
            break
        kept.append(best)
        kept_scores.append(best_score)
        waiting, current = np.delete(waiting, place), np.delete(current, place)
        tiou = pairwise_tiou(segments[best:best + 1], segments[waiting])[0]
        current = current * decay(tiou, threshold, sigma)
    return np.array(kept, dtype=np.int64), np.array(kept_scores)


@MODELS.register_module()
class TemporalNMS:
    """Suppression class by class.

    Args:
        method: ``hard``, ``linear`` or ``gaussian`` (the last two are Soft-NMS).
        threshold: tIoU above which a segment goes (hard) or decays (linear). Not published in the paper.
        sigma: Width of the gaussian decay.
        min_score: Smallest score that Soft-NMS keeps.
        max_per_video: Keep at most so many of the best detections of a video; None keeps all.
    """

    def __init__(self,
                 method: str = 'hard',
                 threshold: float = 0.5,
                 sigma: float = 0.5,
                 min_score: float = 1e-3,
                 max_per_video: int | None = None) -> None:
        if method not in ('hard', *SOFT_DECAYS):
            raise ValueError(f'TemporalNMS expects method hard, linear or gaussian, but got {method!r}.')
        self.method = method
        self.threshold = threshold
        self.sigma = sigma
        self.min_score = min_score
        self.max_per_video = max_per_video

    def __call__(self, segments: np.ndarray, labels: np.ndarray,
                 scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Suppress the proposals of one video.

        Args:
            segments: (N, 2) in seconds.
            labels: (N,) class indices.
            scores: (N,).

        Returns:
            Segments, labels and scores of what is kept, best first.
        """
        kept, kept_scores = [np.zeros(0, np.int64)], [np.zeros(0)]
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            if self.method == 'hard':
                chosen = hard_nms(segments[members], scores[members], self.threshold)
                new_scores = scores[members][chosen]
            else:
                chosen, new_scores = soft_nms(segments[members], scores[members], self.method, self.threshold,
                                              self.sigma, self.min_score)
            kept.append(members[chosen])
            kept_scores.append(new_scores)
        index, score = np.concatenate(kept), np.concatenate(kept_scores)
        order = np.lexsort((index, -score))[:self.max_per_video]
        return segments[index[order]], labels[index[order]], score[order]
