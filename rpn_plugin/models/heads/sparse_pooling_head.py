"""Attention that gates every snippet by itself, and a sparse temporal pooling: STPN, MAAN."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, Layout, SnippetBatch, at_least_float32


@MODELS.register_module()
class SparsePoolingHead(WeaklySupervisedHead):
    """Classifies the mean of a video's gated features (STPN, Nguyen et al., CVPR 2018).

    a_t = sigmoid(FC(relu(FC(x_t)))), and a video's logits are W mean_t(a_t x_t) + b. The temporal class activation of
    a snippet is r_t = W x_t; the sequence to cut is a_t sigmoid(r_t).

    The pooling may be MAAN's instead (Yuan et al., ICLR 2019): a_t is the probability that a snippet is drawn, and the
    pooled feature is the expected mean of those drawn, sum_t w_t x_t, see :func:`marginalized_weights`. Then w_t takes
    the place of a_t in everything after it.

    Gives a_t or w_t as ``attention`` and, as an extra, ``gated_activation``, that times r_t (N, C).

    Args:
        in_channels: D, of the features as they are.
        num_classes: C.
        attention_channels: Hidden width of the gate.
        pooling: ``mean``, of gated features over all snippets, or ``marginalized``.
        loss_cls: Config of the video-level classification loss.
        loss_norm: Config of the loss that keeps the gate sparse.
        losses: Further losses by name.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 attention_channels: int = 256,
                 pooling: str = 'mean',
                 loss_cls: Mapping[str, Any] = dict(type='SigmoidBCELoss'),
                 loss_norm: Mapping[str, Any] = dict(type='AttentionNormLoss', loss_weight=0.04),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, loss_norm=loss_norm, **losses))
        if pooling not in ('mean', 'marginalized'):
            raise ValueError(f'SparsePoolingHead expects a pooling of mean or marginalized, but got {pooling!r}.')
        self.pooling = pooling
        self.gate = nn.Sequential(
            nn.Linear(in_channels, attention_channels), nn.ReLU(inplace=True), nn.Linear(attention_channels, 1))
        self.classifier = nn.Linear(in_channels, num_classes)
        self.in_channels, self.num_classes = in_channels, num_classes

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: activations W x_t (N, C) and gate (N,)."""
        x = embedded.features
        activation = at_least_float32(nn.functional.linear(x, self.classifier.weight))
        return activation, at_least_float32(self.gate(x)[:, 0]).sigmoid()

    def pool(self, embedded: SnippetBatch, activation: Tensor, gate: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the scores of whole videos; of ``embedded`` only the layout is read."""
        layout = embedded.layout
        if self.pooling == 'mean':
            gated = gate[:, None] * activation  # (N, C); W mean(a x) = mean(a W x)
            pooled = layout.mean(gated)  # (B, C)
        else:
            gate = marginalized_weights(gate, layout)
            gated = gate[:, None] * activation
            pooled = layout.sum(gated)
        logits = pooled + at_least_float32(self.classifier.bias)
        return HeadOutput(
            embedded=embedded,
            cas=gate[:, None] * activation.sigmoid(),
            video_score=logits.sigmoid(),
            video_logits=logits,
            attentions=dict(attention=Attention(gate, sums_to_one=False)),
            extras=dict(gated_activation=gated))


NODES = 64
"""Of the quadrature: exact for videos of up to 128 snippets, and to 1e-14 for 400."""


def marginalized_weights(probability: Tensor, layout: Layout) -> Tensor:
    """Expected share of each snippet in the mean of the snippets that are drawn, independently, by their probabilities.

    w_t = p_t times the integral over u in [0, 1] of the product over the other snippets j of the video of
    1 - p_j + p_j u: the integral of u^n is 1 / (n + 1), which is the share of snippet t if n others are drawn. MAAN's
    recursion over snippets and counts gives the same in O(T^2); this Gauss-Legendre quadrature takes O(T).

    Args:
        probability: (N,) in [0, 1].
        layout: Of the videos.

    Returns:
        (N,), summing over a video to the probability that any snippet is drawn.
    """
    nodes, shares = np.polynomial.legendre.leggauss(NODES)
    u, share = (torch.from_numpy(values).to(probability, non_blocking=True)
                for values in ((nodes + 1) / 2, shares / 2))  # (Q,), the nodes in (0, 1)
    p = probability[:, None]  # (N, 1)
    factor = torch.log1p(p * (u - 1))  # (N, Q), finite: u is above 0
    others = layout.spread(layout.sum(factor)) - factor
    return p[:, 0] * (others.exp() * share).sum(dim=1)
