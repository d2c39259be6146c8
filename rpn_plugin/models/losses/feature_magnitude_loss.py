"""Uncertainty of a video's snippets as the length of their embedded features."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class FeatureMagnitudeLoss(nn.Module):
    """Makes the features of likely actions long and those of likely background short (UM).

    ([margin - |f_A|]+ + |f_B|)^2, where f_A and f_B are the mean features of the snippets that a video's head takes for
    action and for background, averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        margin: Length that action features should have; a length of embedded features, so it depends on their scale.
        action: Name of f_A (B, E) in the head's output.
        background: Name of f_B (B, E).
    """

    def __init__(self, loss_weight: float = 1.0, margin: float = 100.0, action: str = 'action_features',
                 background: str = 'background_features') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.margin = margin
        self.action, self.background = action, background

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        long, short = output.tensor(self.action).norm(dim=1), output.tensor(self.background).norm(dim=1)  # (B,)
        return self.loss_weight * global_batch_mean(((self.margin - long).relu() + short).square())
