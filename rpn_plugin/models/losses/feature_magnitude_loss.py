"""Lengths of embedded features that tell action from background."""
from __future__ import annotations

from collections.abc import Sequence

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


@MODELS.register_module()
class MagnitudeOrderLoss(nn.Module):
    """Makes features of instances longer than those of context, and these longer than those of background (ACM-Net).

    ([margin - |f_i| + |f_c|]+ + [margin - |f_c| + |f_b|]+ + |f_b|)^2, averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        margin: Between the lengths; a length of embedded features, so it depends on their scale.
        features: Names of f_i, f_c and f_b (B, E) in the head's output.
    """

    def __init__(self, loss_weight: float = 1.0, margin: float = 50.0,
                 features: Sequence[str] = ('instance_features', 'context_features', 'background_features')) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.margin = margin
        self.features = tuple(features)

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        instance, context, background = (output.tensor(name).norm(dim=1) for name in self.features)  # (B,)
        first, second = (self.margin - instance + context).relu(), (self.margin - context + background).relu()
        return self.loss_weight * global_batch_mean((first + second + background).square())
