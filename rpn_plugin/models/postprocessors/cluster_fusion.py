"""Proposals that overlap become one, instead of the best of them alone."""
from __future__ import annotations

import numpy as np
from mmaction.registry import MODELS

from rpn_plugin.models.interfaces import Floats, Proposals
from rpn_plugin.models.postprocessors.nms import Integers
from rpn_plugin.structures import Segments


@MODELS.register_module()
class ClusterFusion:
    """Merges the proposals of a class around its best ones (GauFuse's fusion).

    The best proposal and all of its class that it covers by more than ``overlap`` of their own length are a cluster and
    become one detection; then the best of the rest, and so on. Borders and score of the detection are the means of its
    members' with the weights exp(score / temperature). The released code weighs by the mean of the sequence inside a
    proposal, which a suppression does not know. It needs no training, and takes the place of ``TemporalNMS`` in any
    model.

    Args:
        overlap: Share in [0, 1] of a proposal's own length.
        temperature: Positive, in units of the scores.
        max_per_video: Keep at most so many of the best detections of a video; None keeps all.

    Raises:
        ValueError: If the temperature is not positive.
    """

    def __init__(self, overlap: float = 0.25, temperature: float = 0.2, max_per_video: int | None = None) -> None:
        if not temperature > 0:
            raise ValueError(f'ClusterFusion expects a positive temperature, but got {temperature}.')
        self.overlap = overlap
        self.temperature = temperature
        self.max_per_video = max_per_video

    def __call__(self, segments: Segments, labels: Integers, scores: Floats) -> Proposals:
        """Merge the proposals of one video.

        Args:
            segments: (N, 2) in seconds.
            labels: (N,) class indices.
            scores: (N,).

        Returns:
            Segments, labels and scores of the clusters, best first; equal proposals give the same in any order.
        """
        waiting = np.lexsort((*segments.T[::-1], labels, -scores))
        found: list[tuple[Floats, int, float]] = []
        while waiting.size:
            member = self._cluster(segments[waiting], labels[waiting])
            members, waiting = waiting[member], waiting[~member]
            weight = np.exp((scores[members] - scores[members[0]]) / self.temperature)  # (M,), at most 1
            weight /= weight.sum()
            found.append((weight @ segments[members], int(labels[members[0]]), float(weight @ scores[members])))
        borders = np.array([of for of, _, _ in found]).reshape(-1, 2)
        score = np.array([of for _, _, of in found])
        order = np.argsort(-score, kind='stable')[:self.max_per_video]
        return borders[order], np.array([of for _, of, _ in found], dtype=np.int64)[order], score[order]

    def _cluster(self, segments: Segments, labels: Integers) -> np.ndarray:
        """(N,) bool: the first of the segments, and those of its class that it covers."""
        (start, end), (starts, ends) = segments[0], segments.T
        covered = np.minimum(ends, end) - np.maximum(starts, start)
        member = (covered > 0) & (covered > self.overlap * (ends - starts)) & (labels == labels[0])
        member[0] = True
        return member
