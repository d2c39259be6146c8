"""Clustering loss, eq. 10."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean


@MODELS.register_module()
class ClusteringLoss(nn.Module):
    """Pulls the attended features of a single-class video to its prototype (eq. 10).

    -s-bar of the video's class, only for videos with exactly one class, averaged over all videos of the global batch,
    so that one batch, its parts on several processes and the paper's loop over videos give the same gradient. 0 when no
    video has one class.

    Args:
        loss_weight: alpha of eq. 11. Not published; squared distances grow with E and the scale of the features.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, video_similarity: Tensor, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            video_similarity: (B, C), s-bar.
            labels: (B, C) in {0, 1}.

        Returns:
            Scalar, at least 0.
        """
        single = labels.sum(dim=1) == 1  # (B,), delta
        pulled = (labels * video_similarity).sum(dim=1)  # (B,)
        return self.loss_weight * -global_batch_mean(single * pulled)
