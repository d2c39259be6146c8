"""Losses that shape the attention of a head."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput

EDGE = 1e-6
"""Distance from 0 and 1 of attentions that are raised to a power, whose slope is infinite there."""


@MODELS.register_module()
class AttentionNormLoss(nn.Module):
    """Mean attention of a video's snippets, averaged over the videos of the global batch: keeps attention sparse.

    As in STPN, BaS-Net and HAM-Net. Code that sums over time instead has T times the weight.

    Args:
        loss_weight: Weight in the total loss.
        attention: Name of the attention (N,) in the head's output.
    """

    def __init__(self, loss_weight: float = 1.0, attention: str = 'attention') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.attention = attention

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar; the labels are not read."""
        mean = output.embedded.layout.mean(output.tensor(self.attention))  # (B,)
        return self.loss_weight * global_batch_mean(mean)


@MODELS.register_module()
class AttentionGuideLoss(nn.Module):
    """Draws attention and the probability of background apart: mean over snippets of |1 - a_t - P(background)_t|.

    As in HAM-Net and ACM-Net. P is the softmax of a snippet's K = C + 1 logits, background last.

    Args:
        loss_weight: Weight in the total loss.
        attention: Name of the attention (N,) in [0, 1] in the head's output.
        logits: Name of the snippets' logits (N, K) in it.
        detach_attention: Teach the logits only, by the attention as it is (ACM-Net).
    """

    def __init__(self, loss_weight: float = 1.0, attention: str = 'attention', logits: str = 'snippet_logits',
                 detach_attention: bool = False) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.attention = attention
        self.logits = logits
        self.detach_attention = detach_attention

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, averaged over the videos of the global batch; the labels are not read."""
        attention = output.tensor(self.attention)  # (N,)
        background = output.tensor(self.logits).softmax(dim=1)[:, -1]  # (N,)
        gap = (1 - (attention.detach() if self.detach_attention else attention) - background).abs()
        return self.loss_weight * global_batch_mean(output.embedded.layout.mean(gap))


@MODELS.register_module()
class MutualAttentionLoss(nn.Module):
    """Brings the attentions of two streams together, each taking the other as it is (CO2-Net).

    Half the mean over a video's snippets of (a_t - b_t)^2 with b fixed, plus half of it with a fixed, averaged over the
    videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        first: Name of a (N,) in the head's output.
        second: Name of b (N,).
    """

    def __init__(self, loss_weight: float = 1.0, first: str = 'first_attention',
                 second: str = 'second_attention') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.first, self.second = first, second

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        a, b = output.tensor(self.first), output.tensor(self.second)
        gap = ((a - b.detach()).square() + (b - a.detach()).square()) / 2
        return self.loss_weight * global_batch_mean(output.embedded.layout.mean(gap))


@MODELS.register_module()
class AttentionSelectionLoss(nn.Module):
    """Generalised cross-entropy of every attention with the snippets that a head chose for the labelled classes (ASL).

    In each video, the mean over the chosen snippets of (1 - a_t^p) / p plus the mean over the others of
    (1 - (1 - a_t)^p) / p. With p near 0 this is cross-entropy, with p = 1 the absolute difference, which wrong choices
    harm less. Summed over the head's attentions and averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        exponent: p, in (0, 1].
        selection: Name of the choice (N, C) in the head's output, above 0 where a snippet is chosen for a class.

    Raises:
        ValueError: If the exponent is not in (0, 1].
    """

    def __init__(self, loss_weight: float = 1.0, exponent: float = 0.7, selection: str = 'selection') -> None:
        super().__init__()
        if not 0 < exponent <= 1:
            raise ValueError(f'AttentionSelectionLoss expects an exponent in (0, 1], but got {exponent}.')
        self.loss_weight = loss_weight
        self.exponent = exponent
        self.selection = selection

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, from the attentions and the labels (B, C)."""
        layout, p = output.embedded.layout, self.exponent
        chosen = ((output.tensor(self.selection) * layout.spread(labels)).sum(dim=1, keepdim=True) > 0).to(labels.dtype)
        total = torch.zeros_like(labels[:, 0])  # (B,)
        for attention in output.attentions.values():
            a = attention.weight[:, None].clamp(EDGE, 1 - EDGE)  # (N, 1)
            for part, likely in ((chosen, a), (1 - chosen, 1 - a)):
                gap = layout.sum(part * (1 - likely**p) / p)  # (B, 1)
                total = total + (gap / layout.sum(part).clamp(min=1))[:, 0]
        return self.loss_weight * global_batch_mean(total)


@MODELS.register_module()
class AttentionContrastLoss(nn.Module):
    """Parts the highest attentions of a video from its lowest ones (RSKP).

    The mean of the k lowest less the mean of the k highest, averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        attention: Name of the attention (N,) in [0, 1] in the head's output.
        top_ratio: k is this share of a video's snippets, rounded down.
    """

    def __init__(self, loss_weight: float = 1.0, attention: str = 'attention', top_ratio: float = 1 / 8) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.attention = attention
        self.top_ratio = top_ratio

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar in [-1, 0] times the weight; the labels are not read."""
        column, layout = output.tensor(self.attention)[:, None], output.embedded.layout
        lowest, highest = -layout.top_k_mean(-column, self.top_ratio, False), layout.top_k_mean(
            column, self.top_ratio, False)  # (B, 1)
        return self.loss_weight * global_batch_mean((lowest - highest)[:, 0])
