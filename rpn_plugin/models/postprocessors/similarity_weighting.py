"""Similarity weighting with prototype updating, eq. 12 and algorithm 1. Testing only."""
from __future__ import annotations

import math
from typing import Protocol

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.heads.rpn_head import prototype_similarity
from rpn_plugin.models.interfaces import EmbeddedParts
from rpn_plugin.structures import HeadOutput, PackedLayout, snippets_of_share

SOFTEST, HARDEST, BISECTIONS = 1e-3, 1e3, 24
"""Hardness of a softmax over values of variance 1 that :func:`hardness_of_coverage` looks between, and its steps."""


class EmbeddedVideos(Protocol):
    """The two readings of embedded features that algorithm 1 consists of."""

    def similarity(self, prototypes: Tensor) -> Tensor:
        """Similarity (B, T, C) of every snippet to its video's prototypes (B, C, E), eq. 5."""

    def weighted_sum(self, weight: Tensor) -> Tensor:
        """Sum over the time of each video with weights (B, T, C): (B, C, E) in float64."""


class WholeVideos:
    """Embedded features in memory.

    Args:
        embedded: (B, T, E), padded.
    """

    def __init__(self, embedded: Tensor) -> None:
        self.embedded = embedded

    def similarity(self, prototypes: Tensor) -> Tensor:
        """See :class:`EmbeddedVideos`."""
        return prototype_similarity(self.embedded, prototypes)

    def weighted_sum(self, weight: Tensor) -> Tensor:
        """See :class:`EmbeddedVideos`; float64, so that the order of the sum does not matter."""
        return weight.transpose(1, 2).double() @ self.embedded.double()


class VideoInParts:
    """Embedded features of one video, read once more for every call.

    Args:
        parts: Reads them.
    """

    def __init__(self, parts: EmbeddedParts) -> None:
        self.parts = parts

    def similarity(self, prototypes: Tensor) -> Tensor:
        """See :class:`EmbeddedVideos`."""
        return torch.cat([prototype_similarity(features, prototypes[0]) for features, _ in self.parts()])[None]

    def weighted_sum(self, weight: Tensor) -> Tensor:
        """See :class:`EmbeddedVideos`."""
        total = torch.zeros((), dtype=torch.float64, device=weight.device)
        for features, place in self.parts():
            total = total + weight[0, place].T.double() @ features.double()
        return total[None]


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
        coverage: Share of a video's snippets, in (0, 1), that the softmax over time covers: the exponential of its
            entropy over T. gamma_t is then found anew for every video and class, as t-SNE finds its widths, so that the
            weights are as strong for all features; 1 would be no weighting. Ours; None is the paper, one gamma_t.
    """

    def __init__(self,
                 gamma_t: float = 1.0,
                 num_updates: int = 2,
                 top_ratio: float = 0.1,
                 moving_rate: float = 0.1,
                 coverage: float | None = None) -> None:
        super().__init__()
        if not 0 < top_ratio <= 1 or not 0 <= moving_rate <= 1 or num_updates < 0:
            raise ValueError(f'SimilarityWeighting expects top_ratio in (0, 1], moving_rate in [0, 1] and num_updates '
                             f'>= 0, but got {top_ratio}, {moving_rate} and {num_updates}.')
        if coverage is not None and not 0 < coverage < 1:
            raise ValueError(f'SimilarityWeighting expects a coverage in (0, 1) or None, but got {coverage}.')
        self.gamma_t = gamma_t
        self.num_updates = num_updates
        self.top_ratio = top_ratio
        self.moving_rate = moving_rate
        self.coverage = coverage

    @torch.no_grad()
    def forward(self, output: HeadOutput) -> Tensor:
        """phi, (N, C) in [0, 1].

        Raises:
            ValueError: If the head gives no prototypes to compare with.
        """
        prototypes, layout = _prototypes_and_layout(output)
        videos = WholeVideos(layout.pad(output.embedded.features))
        _, similarity = self.update(videos, layout, _of_each_video(prototypes, layout))
        return self.weigh(output, layout, similarity)

    @torch.no_grad()
    def stream(self, output: HeadOutput, parts: EmbeddedParts) -> Tensor:
        """phi of one long video, (T, C), in 2 n further readings of its embedded features.

        Args:
            output: Of the whole video; its embedded features are not read.
            parts: Reads them.

        Raises:
            ValueError: If the head gives no prototypes to compare with.
        """
        prototypes, layout = _prototypes_and_layout(output)
        known = None if output.similarity is None else output.similarity[None]  # (1, T, C)
        _, similarity = self.update(VideoInParts(parts), layout, prototypes[None], known)
        return self.weigh(output, layout, similarity)

    @torch.no_grad()
    def moved_prototypes(self, output: HeadOutput) -> Tensor | None:
        """Prototypes (B, C, E) as they are after algorithm 1, for each video; None without updates.

        Raises:
            ValueError: If the head gives no prototypes.
        """
        if self.num_updates == 0:
            return None
        prototypes, layout = _prototypes_and_layout(output)
        videos = WholeVideos(layout.pad(output.embedded.features))
        return self.update(videos, layout, _of_each_video(prototypes, layout))[0]

    def update(self, videos: EmbeddedVideos, layout: PackedLayout, prototypes: Tensor,
               similarity: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Algorithm 1, all videos and classes at once.

        Args:
            videos: B of them.
            layout: Theirs.
            prototypes: (B, C, E), as learned.
            similarity: (B, T, C) of the snippets to these; None computes it.

        Returns:
            Prototypes (B, C, E) as moved for each video, and the similarity (B, T, C) to them.
        """
        similarity = videos.similarity(prototypes) if similarity is None else similarity
        for _ in range(self.num_updates):
            centre = videos.weighted_sum(self.nearest_weights(similarity, layout))  # (B, C, E)
            prototypes = prototypes + self.moving_rate * (centre.to(prototypes.dtype) - prototypes)
            similarity = videos.similarity(prototypes)
        return prototypes, similarity

    def nearest_weights(self, similarity: Tensor, layout: PackedLayout) -> Tensor:
        """(B, T, C) shares of each class's k nearest snippets in its centre, 0 elsewhere (alg. 1)."""
        top = torch.tensor([snippets_of_share(self.top_ratio, length, round_up=False) for length in layout.lengths])
        chosen = (torch.arange(int(top.max())) < top[:, None])[..., None].to(similarity.device)  # (B, K, 1)
        hardness = self.hardness(similarity, layout)
        similarity = similarity.masked_fill(~layout.mask[..., None], float('-inf'))
        nearest, index = similarity.topk(chosen.shape[1], dim=1)  # (B, K, C)
        weight = _softmax_over_time(hardness * nearest, chosen)  # (B, K, C)
        return torch.zeros_like(similarity).scatter(1, index, weight)

    def weigh(self, output: HeadOutput, layout: PackedLayout, similarity: Tensor) -> Tensor:
        """CAS (N, C) times the softmax over time of the similarity (B, T, C) (eq. 12)."""
        weight = _softmax_over_time(self.hardness(similarity, layout) * similarity, layout.mask[..., None])
        return output.cas * layout.unpad(weight)

    def hardness(self, similarity: Tensor, layout: PackedLayout) -> Tensor | float:
        """gamma_t, or the (B, 1, C) that give the softmax over time of the similarity (B, T, C) its coverage."""
        if self.coverage is None:
            return self.gamma_t
        return hardness_of_coverage(similarity, layout.mask[..., None], self.coverage)


def hardness_of_coverage(similarity: Tensor, mask: Tensor, coverage: float) -> Tensor:
    """The hardness of a softmax over time that covers a share of the snippets, by bisection of its logarithm.

    Args:
        similarity: (B, T, C).
        mask: (B, T, 1) bool, True at real snippets.
        coverage: Share in (0, 1): exp(entropy) / T.

    Returns:
        (B, 1, C), at least 0. 0 where the similarity is the same at all times: any would cover them all.
    """
    length = mask.sum(dim=1, keepdim=True)  # (B, 1, 1)
    values = similarity.double()
    mean = values.masked_fill(~mask, 0).sum(dim=1, keepdim=True) / length
    deviation = (values - mean).masked_fill(~mask, 0)
    scale = (deviation.square().sum(dim=1, keepdim=True) / length).sqrt()  # (B, 1, C)
    even = scale <= torch.finfo(torch.float32).tiny
    scale = scale.masked_fill(even, 1)
    standard = deviation / scale  # (B, T, C), so that the same range of hardness serves all
    low = standard.new_full(scale.shape, math.log(SOFTEST))
    high = standard.new_full(scale.shape, math.log(HARDEST))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        log_weight = (middle.exp() * standard).masked_fill(~mask, float('-inf')).log_softmax(dim=1)
        entropy = -(log_weight.exp() * log_weight.masked_fill(~mask, 0)).sum(dim=1, keepdim=True)
        too_soft = entropy.exp() > coverage * length
        low, high = torch.where(too_soft, middle, low), torch.where(too_soft, high, middle)
    return (((low + high) / 2).exp() / scale).masked_fill(even, 0).to(similarity.dtype)


def _prototypes_and_layout(output: HeadOutput) -> tuple[Tensor, PackedLayout]:
    """(C, E) and the layout of a packed batch."""
    if output.prototypes is None:
        raise ValueError('SimilarityWeighting needs a head that gives prototypes, such as RPNHead; use '
                         'weighting=None with another head.')
    assert isinstance(output.embedded.layout, PackedLayout)  # testing is never padded
    return output.prototypes, output.embedded.layout


def _of_each_video(prototypes: Tensor, layout: PackedLayout) -> Tensor:
    """(C, E) to (B, C, E), a view."""
    return prototypes.expand(layout.num_videos, -1, -1)


def _softmax_over_time(logits: Tensor, mask: Tensor) -> Tensor:
    return logits.masked_fill(~mask, float('-inf')).softmax(dim=1)
