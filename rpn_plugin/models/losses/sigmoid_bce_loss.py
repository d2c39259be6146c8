"""Binary cross-entropy of each class by itself."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.models.losses.targets import VideoTarget
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class SigmoidBCELoss(nn.Module):
    """Binary cross-entropy between a sigmoid of each logit and the label (STPN), averaged over classes and videos.

    The videos are those of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        logits: Name of the logits (B, C) in the head's output.
    """

    def __init__(self, loss_weight: float = 1.0, logits: str = 'video_logits') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.logits = logits

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, from labels (B, C) in {0, 1}.

        Raises:
            ValueError: If the logits are not of the labels' classes.
        """
        logits, _ = VideoTarget().of(self, output, self.logits, labels)
        entropy = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction='none')  # (B, C)
        return self.loss_weight * global_batch_mean(entropy.mean(dim=1))
