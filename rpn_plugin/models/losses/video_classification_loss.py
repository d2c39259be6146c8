"""Video-level classification loss, eq. 9."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.models.losses.targets import VideoTarget
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
        actions: Whether the labelled classes are in the target. False, with background=1, for logits of what is
            background alone.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'video_logits', background: int | None = None,
                 actions: bool = True) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits = logits
        self.target = VideoTarget(background, actions)

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
        logits, target = self.target.of(self, output, self.logits, labels)  # (B, K), y-hat
        return self.loss_weight * -global_batch_mean((target * logits.log_softmax(dim=1)).sum(dim=1))
