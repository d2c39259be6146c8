"""Video-level classification loss, eq. 9."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean


@MODELS.register_module()
class VideoClassificationLoss(nn.Module):
    """Cross-entropy between softmax(s-bar) and the label vector normalised to sum 1 (eq. 9), mean of the global batch.

    Args:
        loss_weight: Weight in the total loss (1 in eq. 11).
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, video_similarity: Tensor, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            video_similarity: (B, C), s-bar, the logits of eq. 8.
            labels: (B, C) in {0, 1}, at least one class per video.

        Returns:
            Scalar.
        """
        target = labels / labels.sum(dim=1, keepdim=True)  # (B, C), y-hat
        return self.loss_weight * -global_batch_mean((target * video_similarity.log_softmax(dim=1)).sum(dim=1))
