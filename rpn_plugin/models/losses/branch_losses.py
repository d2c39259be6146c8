"""Losses between the branches of a head: CMCS."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class BranchDiversityLoss(nn.Module):
    """Parts the branches of a head in time (CMCS, Liu et al., CVPR 2019).

    The cosine over a video's time of what two branches give a class, by the softmax over classes of each snippet's
    logits, averaged over pairs of branches and over classes, and over the videos of the global batch. A class that is
    nowhere likely hardly counts: 1e-6 is added to the product of the two lengths, as in the released code.

    Args:
        loss_weight: Weight in the total loss.
        logits: Name of the branches' logits (N, J, K) in the head's output, J at least 2.
        added: To the product of the lengths of what two branches give a class.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'branch_logits', added: float = 1e-6) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits = logits
        self.added = added

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar in [0, 1] times the weight; the labels are not read.

        Raises:
            ValueError: If there is one branch alone.
        """
        likely, layout = output.tensor(self.logits).softmax(dim=2), output.embedded.layout  # (N, J, K)
        branches = likely.shape[1]
        if branches < 2:
            raise ValueError(f'BranchDiversityLoss expects {self.logits} of at least 2 branches, but got {branches}.')
        first, second = torch.triu_indices(branches, branches, offset=1, device=likely.device)  # (P,)
        smallest = torch.finfo(likely.dtype).tiny
        length = layout.sum(likely.square()).clamp(min=smallest).sqrt()  # (B, J, K)
        together = layout.sum(likely[:, first] * likely[:, second])  # (B, P, K)
        cosine = together / (length[:, first] * length[:, second] + self.added)
        return self.loss_weight * global_batch_mean(cosine.mean(dim=(1, 2)))


@MODELS.register_module()
class BranchNormLoss(nn.Module):
    """Keeps the branches of a head at one strength, so that none falls silent (CMCS).

    The strength of a branch for a class is the mean absolute logit over a video's time; the loss is the mean absolute
    difference of the strengths from the mean over branches, averaged over branches, classes and the videos of the
    global batch.

    Args:
        loss_weight: Weight in the total loss.
        logits: Name of the branches' logits (N, J, K) in the head's output.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'branch_logits') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits = logits

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        strength = output.embedded.layout.mean(output.tensor(self.logits).abs())  # (B, J, K)
        gap = (strength - strength.mean(dim=1, keepdim=True)).abs()
        return self.loss_weight * global_batch_mean(gap.mean(dim=(1, 2)))
