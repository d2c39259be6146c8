"""Similarity of two videos' activity of a class: W-TALC's loss."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_mean
from rpn_plugin.structures import HeadOutput, at_least_float32


@MODELS.register_module()
class CoActivityLoss(nn.Module):
    """Two videos that share a class should look alike where they show it, and unlike elsewhere (W-TALC).

    For a shared class, A is the softmax over time of a video's logits of it, H = sum_t A_t h_t its features where the
    class is shown, and L = sum_t (1 - A_t) h_t / (T - 1) elsewhere. With d(u, v) = 1 - cosine the loss of videos i, j
    is half of [d(H_i, H_j) - d(H_i, L_j) + margin]+ plus half of [d(H_i, H_j) - d(L_i, H_j) + margin]+. It is averaged
    over the pairs and shared classes of the global batch; without any it is 0.

    Args:
        loss_weight: Weight in the total loss.
        pairs: The first and the second video of a batch are a pair, the third and the fourth, and so on for so many
            pairs; ``PairedClassSampler`` puts videos that share a class there. None takes every two videos.
        margin: 0.5 in the released code.
        logits: Name of the snippets' logits (N, K) in the head's output, the C classes of the data first.

    Raises:
        ValueError: If ``pairs`` is not positive.
    """

    def __init__(self, loss_weight: float = 1.0, pairs: int | None = 3, margin: float = 0.5,
                 logits: str = 'cas') -> None:
        super().__init__()
        if pairs is not None and pairs < 1:
            raise ValueError(f'CoActivityLoss expects at least one pair, or None for all, but got {pairs}.')
        self.loss_weight = loss_weight
        self.pairs = pairs
        self.margin = margin
        self.logits = logits

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, from the embedded features and logits of the batch and its labels (B, C)."""
        first, second = self.members(len(labels), labels.device)  # (P,) each
        shared = labels[first] * labels[second]  # (P, C)
        with torch.autocast(labels.device.type, enabled=False):
            there, elsewhere = activity(output, at_least_float32(output.tensor(self.logits)[:, :labels.shape[1]]))
            together = distance(there[first], there[second])  # (P, C)
            apart = (distance(there[first], elsewhere[second]), distance(elsewhere[first], there[second]))
            loss = sum((together - one + self.margin).relu() for one in apart) / 2  # (P, C)
        return self.loss_weight * global_mean((shared * loss).sum(), shared.sum())

    def members(self, num_videos: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Indices (P,) of the first and of the second video of each pair."""
        if self.pairs is None:
            first, second = torch.triu_indices(num_videos, num_videos, offset=1, device=device)
            return first, second
        first = torch.arange(0, min(2 * self.pairs, num_videos - num_videos % 2), 2, device=device)
        return first, first + 1


def activity(output: HeadOutput, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Mean features of each video where it shows a class, and elsewhere.

    Args:
        output: With the embedded features.
        logits: (N, C) of the snippets.

    Returns:
        H and L, (B, C, E).
    """
    layout, features = output.embedded.layout, at_least_float32(output.embedded.features)
    there = layout.weighted_sum(layout.softmax(logits), features)  # (B, C, E)
    others = (layout.sum(torch.ones_like(features[:, :1])) - 1).clamp(min=1)  # (B, 1), T - 1
    return there, (layout.sum(features)[:, None] - there) / others[:, None]


def distance(first: Tensor, second: Tensor) -> Tensor:
    """1 - cosine along the last axis; 1 where one of them is 0."""
    return 1 - nn.functional.cosine_similarity(first, second, dim=-1)
