"""Prototype matching, temporal attention and video scores, eq. 5-8."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.models.embeddings import TemporalConv
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32


def prototype_similarity(embedded: Tensor, prototypes: Tensor) -> Tensor:
    """Negative squared Euclidean distance s_tj = -||x_t - p_j||^2 (eq. 5), by one matrix product.

    Computed in float32 under autocast: the expanded square loses too much in half precision.

    Args:
        embedded: (..., T, E).
        prototypes: (..., C, E), broadcast against ``embedded``.

    Returns:
        (..., T, C) in (-inf, 0].
    """
    with torch.autocast(embedded.device.type, enabled=False):
        x, p = at_least_float32(embedded), at_least_float32(prototypes)
        cross = x @ p.transpose(-1, -2)  # (..., T, C)
        x_length, p_length = torch.linalg.vector_norm(x, dim=-1), torch.linalg.vector_norm(p, dim=-1)
        squares = x_length.square()[..., :, None] + p_length.square()[..., None, :]  # (..., T, C)
        return (2 * cross - squares).clamp(max=0)


class TemporalAttention(BaseModule):
    """Class-agnostic weight of each snippet (eq. 7): a small temporal network and a softmax over the video's time.

    Args:
        in_channels: E.
        channels: Width of the hidden layer.
        kernel_size: Odd number of snippets seen by the hidden layer.
    """

    def __init__(self, in_channels: int, channels: int, kernel_size: int = 1) -> None:
        super().__init__()
        self.hidden = TemporalConv(in_channels, channels, kernel_size)
        self.output = nn.Linear(channels, 1, bias=False)  # the softmax over time would cancel a bias

    def forward(self, batch: SnippetBatch) -> Tensor:
        """(N,) lambda, summing to 1 over each video."""
        return batch.layout.softmax(self.logits(batch))

    def logits(self, batch: SnippetBatch) -> Tensor:
        """(N,) Phi, before the softmax over time."""
        hidden = self.hidden(batch.features, batch.layout).relu()
        return at_least_float32(self.output(hidden).squeeze(1))


@MODELS.register_module()
class RPNHead(WeaklySupervisedHead):
    """Matches embedded snippets with prototypes and pools them into a video score (eq. 5-8).

    Args:
        in_channels: E.
        attention_channels: Hidden width of the attention network Phi.
        attention_kernel_size: Its kernel, odd.
        gamma_c: Hardness of the class distribution of a snippet (eq. 6). Not published.
        top_ratio: Share of a video's snippets, in (0, 1]. The video similarity s-bar is then half the attended one
            (eq. 8) and half the mean over so many snippets, each class's most similar ones. Ours; None is the paper.
        loss_cls: Config of the video-level classification loss (eq. 9).
        loss_clu: Config of the clustering loss (eq. 10); its ``loss_weight`` is alpha (eq. 11).
        losses: Further losses by name.
    """

    def __init__(self,
                 in_channels: int,
                 attention_channels: int = 256,
                 attention_kernel_size: int = 1,
                 gamma_c: float = 1.0,
                 top_ratio: float | None = None,
                 loss_cls: Mapping[str, Any] = dict(type='VideoClassificationLoss'),
                 loss_clu: Mapping[str, Any] = dict(type='ClusteringLoss'),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, loss_clu=loss_clu, **losses))
        self.attention = TemporalAttention(in_channels, attention_channels, attention_kernel_size)
        if top_ratio is not None and not 0 < top_ratio <= 1:
            raise ValueError(f'RPNHead expects top_ratio in (0, 1] or None, but got {top_ratio}.')
        self.gamma_c = gamma_c
        self.top_ratio = top_ratio

    @property
    def reach(self) -> int:
        """Neighbours on either side that the scores of a snippet depend on."""
        return self.attention.hidden.reach

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: similarity (N, C), eq. 5, and attention before its softmax (N,), eq. 7.

        Raises:
            ValueError: If there are no prototypes, or they are not as wide as the features.
        """
        width = embedded.features.shape[1]
        if prototypes is None or prototypes.ndim != 2 or prototypes.shape[1] != width:
            given = 'none' if prototypes is None else f'shape {tuple(prototypes.shape)}'
            raise ValueError(f'RPNHead expects prototypes of shape (C, {width}), as wide as the embedded features, but '
                             f'got {given}. Give the localizer a neck whose last channel is {width}.')
        return prototype_similarity(embedded.features, prototypes), self.attention.logits(embedded)

    def pool(self, embedded: SnippetBatch, similarity: Tensor, attention_logits: Tensor,
             prototypes: Tensor | None) -> HeadOutput:
        """The output from the scores of whole videos, eq. 6-8; of ``embedded`` only the layout is read."""
        attention = embedded.layout.softmax(attention_logits)  # (N,), eq. 7
        video_similarity = embedded.layout.sum(attention[:, None] * similarity)  # (B, C), eq. 8
        if self.top_ratio is not None:
            video_similarity = (video_similarity + embedded.layout.top_k_mean(similarity, self.top_ratio)) / 2
        return HeadOutput(
            embedded=embedded,
            cas=(self.gamma_c * similarity).softmax(dim=1),  # (N, C), eq. 6
            video_score=video_similarity.softmax(dim=1),  # (B, C), eq. 8
            video_logits=video_similarity,
            attentions=dict(attention=Attention(attention, sums_to_one=True)),
            similarity=similarity,
            prototypes=prototypes)
