"""Binary cross-entropy on a softmax over classes."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.models.losses.targets import VideoTarget
from rpn_plugin.structures import HeadOutput

NEVER = -1e30
"""Logarithm of the probability of what cannot be: finite, so that 0 times it is 0."""


@MODELS.register_module()
class SoftmaxBCELoss(nn.Module):
    """Binary cross-entropy of each class of a softmax, averaged over classes and the videos of the global batch.

    - mean over the K classes of q_c log p_c + (1 - q_c) log(1 - p_c), where p is the softmax of the logits and q the
    label vector normalised to sum 1. The loss of BaS-Net, UM and CoLA as their authors released it: K times smaller
    than a sum, which decides what their other weights mean.

    Args:
        loss_weight: Weight in the total loss.
        logits: Name of the logits (B, K) in the head's output.
        background: Label of the class behind the C classes of the data where the head has one (K = C + 1).
        uniform: Take q_c = 1 / K whatever the labels: for logits of snippets that should show none of the classes.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'video_logits', background: int | None = None,
                 uniform: bool = False) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits = logits
        self.target = VideoTarget(background)
        self.uniform = uniform

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            output: With the logits.
            labels: (B, C) in {0, 1}, at least one class per video.

        Returns:
            Scalar, at least 0.

        Raises:
            ValueError: If the logits are not of the labels' classes and of background where that is named.
        """
        logits, target = self.target.of(self, output, self.logits, labels)  # (B, K)
        if self.uniform:
            target = torch.full_like(target, 1 / target.shape[1])
        total = logits.logsumexp(dim=1, keepdim=True)  # (B, 1)
        same = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
        others = logits[:, None].masked_fill(same, NEVER).logsumexp(dim=2)  # (B, K), of all classes but c
        entropy = target * (logits - total) + (1 - target) * (others - total)
        return self.loss_weight * -global_batch_mean(entropy.mean(dim=1))
