"""Losses of a network whose snippets pass features to each other: DDG-Net."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.attention_losses import EDGE
from rpn_plugin.models.losses.global_batch import global_batch_mean, global_mean
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class FeatureConsistencyLoss(nn.Module):
    """Brings together what a graph passes as it is and what it passes through its layers, where snippets are clear.

    DDG-Net (Tang et al., ICCV 2023). Over the snippets that every stream takes for action, the mean of the streams'
    gaps, weighted by exp(-(1 / a_t - 1) / temperature) with a the mean attention of the streams; over those that no
    stream does, the same with 1 - a. Each is averaged over the videos of the global batch that have such snippets, and
    both are summed. Attention is not learned from it.

    Args:
        loss_weight: Weight in the total loss.
        gap: Name of the gaps (N, S) in the head's output.
        attention: Name of the attentions (N, S) in [0, 1] that the graph was made by.
        temperature: Of the weights.
        level: Of the attention, from which on a stream takes a snippet for action.
    """

    def __init__(self, loss_weight: float = 1.0, gap: str = 'graph_gap', attention: str = 'plain_attention',
                 temperature: float = 0.5, level: float = 0.5) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.gap, self.attention = gap, attention
        self.temperature = temperature
        self.level = level

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        layout, gap = output.embedded.layout, output.tensor(self.gap).mean(dim=1)  # (N,)
        attention = output.tensor(self.attention).detach()  # (N, S)
        above, likely = attention >= self.level, attention.mean(dim=1)
        total = torch.zeros_like(labels[0, 0])
        for clear, sure in ((above.all(dim=1), likely), (~above.any(dim=1), 1 - likely)):
            weight = clear * ((1 - 1 / sure.clamp(min=EDGE)) / self.temperature).exp()  # (N,)
            weights = layout.sum(weight)  # (B,), 0 in a video without such snippets
            mean = layout.sum(weight * gap) / torch.where(weights > 0, weights, 1)  # (B,)
            total = total + global_mean(mean.sum(), (weights > 0).sum().to(mean.dtype))
        return self.loss_weight * total


@MODELS.register_module()
class ComplementaryLoss(nn.Module):
    """Takes from every snippet the classes that its video does not have (DDG-Net).

    The mean over a video's snippets of - sum log(1 - p_tc) over the classes c of the data that it is not labelled with,
    p being the softmax over all classes of a snippet, averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        logits: Name of the snippets' logits (N, K) in the head's output, the C classes of the data first.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'snippet_logits') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits = logits

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, from labels (B, C) in {0, 1}."""
        layout = output.embedded.layout
        likely = output.tensor(self.logits).softmax(dim=1)[:, :labels.shape[1]]  # (N, C)
        absent = 1 - layout.spread(labels)  # (N, C)
        sure = -(absent * torch.log1p(-likely.clamp(max=1 - EDGE))).sum(dim=1)  # (N,)
        return self.loss_weight * global_batch_mean(layout.mean(sure))
