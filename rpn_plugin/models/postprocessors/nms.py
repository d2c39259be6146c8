"""Temporal non-maximum suppression of all classes at once, in numpy: no compiled op."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from mmaction.registry import MODELS

from rpn_plugin.models.interfaces import Floats, Proposals
from rpn_plugin.models.postprocessors.overlap import TimeAxis
from rpn_plugin.structures import Segments, pairwise_tiou

BLOCK = 256  # best proposals that hard NMS settles at once; more make more pairs within, fewer more blocks
WIDE = 512  # window from which on soft NMS first drops what ends before the pick begins

Integers = npt.NDArray[np.int64]
Decay = Callable[[Floats, float, float], Floats]

SOFT_DECAYS: dict[str, Decay] = {
    'linear': lambda tiou, threshold, sigma: np.where(tiou > threshold, 1 - tiou, 1.0),
    'gaussian': lambda tiou, threshold, sigma: np.exp(-tiou**2 / sigma),
}


def hard_nms(segments: Segments, scores: Floats, threshold: float, labels: Integers | None = None) -> Integers:
    """Greedy suppression: a segment goes when a better kept one of its class overlaps it by more than ``threshold``.

    Args:
        segments: (N, 2) in seconds, compared in float64; an empty or reversed one overlaps nothing.
        scores: (N,); equal scores keep their input order.
        threshold: tIoU in [0, 1].
        labels: (N,) class indices; None if all are of one class.

    Returns:
        Indices of the kept segments of all classes, best first.
    """
    bounds, label, score = _as_proposals(segments, scores, labels)
    proper = np.flatnonzero(bounds[:, 1] > bounds[:, 0])
    axis = TimeAxis(bounds[proper], label[proper], threshold)
    members = proper[axis.order]
    best_first = np.lexsort((members, -score[members]))  # places on the axis
    waiting = np.ones(len(proper), dtype=bool)
    kept = np.ones(len(score), dtype=bool)
    kept[proper] = False
    while best_first.size:
        block, best_first = best_first[:BLOCK], best_first[BLOCK:]
        winners = _greedy(axis, block)
        kept[members[winners]] = True
        waiting[block] = False
        waiting[axis.pairs(winners, np.flatnonzero(waiting))[1]] = False
        best_first = best_first[waiting[best_first]]
    index = np.flatnonzero(kept)
    return index[np.argsort(-score[index], kind='stable')]


def _greedy(axis: TimeAxis, block: Integers) -> Integers:
    """The members of ``block``, best first, that no better kept one overlaps.

    Only those that overlap a worse one are visited.
    """
    better, worse = axis.pairs(block, np.sort(block))
    rank = np.empty(len(axis.order), dtype=np.int64)
    rank[block] = np.arange(len(block))
    better, worse = rank[better], rank[worse]
    better, worse = better[better < worse], worse[better < worse]  # ascending in better
    kept = np.ones(len(block), dtype=bool)
    rivals, first = np.unique(better, return_index=True)
    for place, group in zip(rivals.tolist(), np.split(worse, first[1:])):
        if kept[place]:
            kept[group] = False
    return block[kept]


def own_length_nms(segments: Segments, scores: Floats, threshold: float, labels: Integers | None = None) -> Integers:
    """Greedy suppression by the share of a segment that a better kept one of its class covers (FAC-Net, RSKP).

    So a segment inside a better one goes however much longer that is, and a longer one around a better one may stay.

    Args:
        segments: (N, 2) in seconds, compared in float64; an empty or reversed one is covered by nothing.
        scores: (N,); equal scores keep their input order.
        threshold: Share in [0, 1] of its own length above which a segment goes.
        labels: (N,) class indices; None if all are of one class.

    Returns:
        Indices of the kept segments of all classes, best first.
    """
    bounds, label, score = _as_proposals(segments, scores, labels)
    waiting = np.argsort(-score, kind='stable')
    kept = []
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        (start, end), (starts, ends) = bounds[best], bounds[waiting].T
        covered = np.minimum(ends, end) - np.maximum(starts, start)
        waiting = waiting[(covered <= threshold * (ends - starts)) | (covered <= 0) | (label[waiting] != label[best])]
    return np.array(kept, dtype=np.int64)


def once_decayed_nms(segments: Segments, scores: Floats, threshold: float, sigma: float,
                     labels: Integers | None = None) -> tuple[Integers, Floats]:
    """Greedy suppression in which what would go stays, with a score that its better rival decays once (ASL).

    Args:
        segments: (N, 2) in seconds, compared in float64.
        scores: (N,); equal scores keep their input order.
        threshold: tIoU in [0, 1] above which a better segment of its class, not decayed itself, decays a segment.
        sigma: Positive; the factor is exp(-tIoU^2 / sigma).
        labels: (N,) class indices; None if all are of one class.

    Returns:
        Indices of all segments, best first, and their scores in float64.
    """
    bounds, label, score = _as_proposals(segments, scores, labels)
    final, waiting = score.astype(np.float64), np.argsort(-score, kind='stable')
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        tiou = pairwise_tiou(bounds[[best]], bounds[waiting])[0]
        rivals = (tiou > threshold) & (label[waiting] == label[best])
        final[waiting[rivals]] *= np.exp(-tiou[rivals]**2 / sigma)
        waiting = waiting[~rivals]
    index = np.argsort(-final, kind='stable')
    return index, final[index]


def soft_nms(segments: Segments,
             scores: Floats,
             method: str = 'gaussian',
             threshold: float = 0.3,
             sigma: float = 0.5,
             min_score: float = 1e-3,
             labels: Integers | None = None) -> tuple[Integers, Floats]:
    """Soft-NMS (Bodla et al., ICCV 2017): an overlapping segment of its class loses score instead of going.

    Args:
        segments: (N, 2) in seconds, compared in float64; an empty or reversed one overlaps nothing.
        scores: (N,), at least 0; equal scores keep their input order.
        method: ``linear`` (times 1 - tIoU above ``threshold``) or ``gaussian`` (times exp(-tIoU^2 / sigma)).
        threshold: tIoU in [0, 1], for ``linear``.
        sigma: Positive, for ``gaussian``.
        min_score: A segment whose decayed score falls below goes, and so does one that starts below.
        labels: (N,) class indices; None if all are of one class.

    Returns:
        Indices of the kept segments of all classes, best first, and their decayed scores in float64.
    """
    bounds, label, score = _as_proposals(segments, scores, labels)
    decay = SOFT_DECAYS[method]
    decayed = score.astype(np.float64)
    proper = np.flatnonzero((bounds[:, 1] > bounds[:, 0]) & (decayed >= min_score))
    decayed[proper] = _decay(bounds[proper], label[proper], decayed[proper], min_score,
                             threshold if method == 'linear' else 0.0, lambda tiou: decay(tiou, threshold, sigma))
    index = np.flatnonzero(decayed >= min_score)
    index = index[np.argsort(-decayed[index], kind='stable')]
    return index, decayed[index]


def _as_proposals(segments: Segments, scores: Floats,
                  labels: Integers | None) -> tuple[Segments, Integers, Floats]:
    """Segments in float64, and a label for each."""
    labels = np.zeros(len(scores), dtype=np.int64) if labels is None else labels
    return segments.astype(np.float64), labels, scores


def _decay(segments: Segments, labels: Integers, scores: Floats, min_score: float, threshold: float,
           decay: Callable[[Floats], Floats]) -> Floats:
    """Scores at which each segment was picked, or the score below ``min_score`` that it fell to.

    Every pick decays a slice of the segments sorted by class and start. After as many picks as half of those that wait,
    whatever is gone is cleared away.

    Args:
        segments: (N, 2) float64, each of positive length.
        labels: (N,) class indices.
        scores: (N,) float64.
        min_score: Where to stop.
        threshold: tIoU up to which nothing decays.
        decay: tIoU to factor, 1 for a tIoU of 0.
    """
    final, waiting = scores.copy(), np.arange(len(scores))
    while waiting.size:
        axis = TimeAxis(segments[waiting], labels[waiting], threshold)
        everyone = np.arange(len(waiting))
        low, high = (border.tolist() for border in axis.windows_among(everyone, everyone))
        place = np.argsort(axis.order).tolist()
        score = final[waiting]  # in input order, so that the first of the best is the one to pick
        for _ in range(len(waiting) // 2 + 1):
            best = int(score.argmax())
            if score[best] < min_score:
                break
            query = place[best]
            near = slice(low[query], high[query])
            if near.stop - near.start > WIDE:
                near = near.start + np.flatnonzero(axis.end[near] > axis.start[query])
            final[waiting[best]] = score[best]
            score[axis.order[near]] *= decay(axis.tiou(query, near))
            score[best], axis.end[query] = -np.inf, -np.inf  # picked: overlaps nothing from now on
        left = score > -np.inf
        final[waiting[left]] = score[left]
        waiting = waiting[score >= min_score]
    return final


@MODELS.register_module()
class TemporalNMS:
    """Suppression class by class.

    Args:
        method: ``hard``, ``linear`` or ``gaussian`` (these two are Soft-NMS), or ``once``, see
            :func:`once_decayed_nms`, which drops nothing.
        threshold: Overlap above which a segment goes (hard) or decays (linear, once). Not published in the paper.
        sigma: Width of the gaussian decay, and of the one of ``once``.
        min_score: Smallest score that Soft-NMS keeps.
        max_per_video: Keep at most so many of the best detections of a video; None keeps all.
        overlap: ``union``, the tIoU, or, for ``hard``, ``own``: the share of the worse segment that the better one
            covers, see :func:`own_length_nms`.
    """

    def __init__(self,
                 method: str = 'hard',
                 threshold: float = 0.5,
                 sigma: float = 0.5,
                 min_score: float = 1e-3,
                 max_per_video: int | None = None,
                 overlap: str = 'union') -> None:
        if method not in ('hard', 'once', *SOFT_DECAYS):
            raise ValueError(f'TemporalNMS expects method hard, linear, gaussian or once, but got {method!r}.')
        if overlap not in (('union', 'own') if method == 'hard' else ('union', )):
            raise ValueError(f"TemporalNMS expects an overlap of union, or own with method='hard', but got {overlap!r} "
                             f'with {method!r}.')
        self.method = method
        self.overlap = overlap
        self.threshold = threshold
        self.sigma = sigma
        self.min_score = min_score
        self.max_per_video = max_per_video

    def __call__(self, segments: Segments, labels: Integers, scores: Floats) -> Proposals:
        """Suppress the proposals of one video.

        Args:
            segments: (N, 2) in seconds.
            labels: (N,) class indices.
            scores: (N,).

        Returns:
            Segments, labels and scores of what is kept, best first.
        """
        if self.method == 'hard':
            suppress = hard_nms if self.overlap == 'union' else own_length_nms
            index = suppress(segments, scores, self.threshold, labels)[:self.max_per_video]
            return segments[index], labels[index], scores[index]
        if self.method == 'once':
            index, decayed = once_decayed_nms(segments, scores, self.threshold, self.sigma, labels)
        else:
            index, decayed = soft_nms(segments, scores, self.method, self.threshold, self.sigma, self.min_score, labels)
        index = index[:self.max_per_video]
        return segments[index], labels[index], decayed[:self.max_per_video]
