"""Similarity weighting with prototype updating, eq. 12 and algorithm 1. Testing only."""
from __future__ import annotations

import math
from typing import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.heads.rpn_head import prototype_similarity
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class SimilarityWeighting(nn.Module):
    """Weights the class activation sequence by each snippet's share of the similarity over time.

    phi_tj = s-hat_tj (eq. 6) times softmax over t of gamma_t s_tj (eq. 12). Before that, each prototype moves
    ``num_updates`` times towards the k snippets of the video that are nearest to it, per video and class (alg. 1).

    Args:
        gamma_t: Hardness of the softmax over time. Not published; meaningful only for a scale of the embedding.
        num_updates: n. 0 leaves the prototypes as they were learned.
        top_ratio: k = max(1, floor(top_ratio * T)); in (0, 1].
        moving_rate: lambda, in [0, 1].
    """

    def __init__(self,
                 gamma_t: float = 1.0,
                 num_updates: int = 2,
                 top_ratio: float = 0.1,
                 moving_rate: float = 0.1) -> None:
        super().__init__()
        if not 0 < top_ratio <= 1 or not 0 <= moving_rate <= 1 or num_updates < 0:
            raise ValueError(f'SimilarityWeighting expects top_ratio in (0, 1], moving_rate in [0, 1] and num_updates '
                             f'>= 0, but got {top_ratio}, {moving_rate} and {num_updates}.')
        self.gamma_t = gamma_t
        self.num_updates = num_updates
        self.top_ratio = top_ratio
        self.moving_rate = moving_rate

    @torch.no_grad()
    def forward(self, output: HeadOutput) -> Tensor:
        """phi, (N, C) in [0, 1].

        Raises:
            ValueError: If the head gives no prototypes to compare with.
        """
        if output.prototypes is None:
            raise ValueError('SimilarityWeighting needs a head that gives prototypes, such as RPNHead; use '
                             'weighting=None with another head.')
        layout = output.embedded.layout
        embedded = layout.pad(output.embedded.features)  # (B, T, E)
        prototypes = self.update_prototypes(embedded, layout.mask, layout.lengths, output.prototypes)
        return output.cas * layout.unpad(self.time_weights(prototype_similarity(embedded, prototypes), layout.mask))

    def time_weights(self, similarity: Tensor, mask: Tensor) -> Tensor:
        """Eq. 12: (B, T, C) similarity to its softmax over the time of each video."""
        return _softmax_over_time(self.gamma_t * similarity, mask[..., None])

    def update_prototypes(self, embedded: Tensor, mask: Tensor, lengths: Sequence[int], prototypes: Tensor) -> Tensor:
        """Algorithm 1, all videos and classes at once.

        Args:
            embedded: (B, T, E).
            mask: (B, T), True at real snippets.
            lengths: T_b of each video.
            prototypes: (C, E), as learned.

        Returns:
            (B, C, E), as moved for each video.
        """
        prototypes = prototypes.expand(embedded.shape[0], -1, -1)  # (B, C, E)
        for _ in range(self.num_updates):
            weight = self.nearest_weights(prototype_similarity(embedded, prototypes), mask, lengths)  # (B, T, C)
            centre = weight.transpose(1, 2).double() @ embedded.double()  # (B, C, E), whatever the order of the sum
            prototypes = self.move(prototypes, centre.to(prototypes.dtype))
        return prototypes

    def nearest_weights(self, similarity: Tensor, mask: Tensor, lengths: Sequence[int]) -> Tensor:
        """(B, T, C) shares of each class's k nearest snippets in its centre, 0 elsewhere (alg. 1)."""
        top = torch.tensor([max(1, math.floor(self.top_ratio * length + 1e-9)) for length in lengths])
        chosen = (torch.arange(int(top.max())) < top[:, None])[..., None].to(similarity.device)  # (B, K, 1)
        similarity = similarity.masked_fill(~mask[..., None], float('-inf'))
        nearest, index = similarity.topk(chosen.shape[1], dim=1)  # (B, K, C)
        weight = _softmax_over_time(self.gamma_t * nearest, chosen)  # (B, K, C)
        return torch.zeros_like(similarity).scatter(1, index, weight)

    def move(self, prototypes: Tensor, centre: Tensor) -> Tensor:
        """One step of (B, C, E) prototypes towards the centres of their nearest snippets (alg. 1)."""
        return prototypes + self.moving_rate * (centre - prototypes)


def _softmax_over_time(logits: Tensor, mask: Tensor) -> Tensor:
    return logits.masked_fill(~mask, float('-inf')).softmax(dim=1)
