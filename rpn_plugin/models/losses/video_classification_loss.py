"""Video-level classification loss, eq. 9."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class VideoClassificationLoss(nn.Module):
    """Cross-entropy between a softmax over classes and the label vector normalised to sum 1 (eq. 9).

    Averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss (1 in eq. 11).
        logits: Name of the logits (B, K) in the head's output; ``video_logits`` are those of eq. 8.
        background: Label of the class behind the C classes of the data where the head has one (K = C + 1): 1 if every
            video holds background, 0 if the logits are of features without it.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'video_logits', background: int | None = None) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits = logits
        self.background = background

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            output: With the logits.
            labels: (B, C) in {0, 1}, at least one class per video.

        Returns:
            Scalar.

        Raises:
            ValueError: If the logits are not of the labels' classes and of background where that is named.
        """
        logits = output.tensor(self.logits)  # (B, K)
        if self.background is not None:
            labels = torch.cat([labels, labels.new_full((len(labels), 1), self.background)], dim=1)  # (B, C + 1)
        if logits.shape != labels.shape:
            raise ValueError(f'VideoClassificationLoss expects {self.logits} of shape {tuple(labels.shape)}, one logit '
                             f'for each class{"" if self.background is None else " and one for background"}, but the '
                             f'head gives {tuple(logits.shape)}. State background=0 or 1 for a head with a background '
                             f'class.')
        target = labels / labels.sum(dim=1, keepdim=True)  # (B, K), y-hat
        return self.loss_weight * -global_batch_mean((target * logits.log_softmax(dim=1)).sum(dim=1))
