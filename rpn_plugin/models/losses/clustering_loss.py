"""Clustering loss, eq. 10."""
from __future__ import annotations

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput


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

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            output: Of a head that matches prototypes: its ``video_logits`` are s-bar (B, C).
            labels: (B, C) in {0, 1}.

        Returns:
            Scalar, at least 0.

        Raises:
            ValueError: If the head matches no prototypes, so that nothing says how near a video is to its class.
        """
        if output.similarity is None or output.video_logits is None:
            raise ValueError('ClusteringLoss needs a head whose video logits are similarities to prototypes, such as '
                             'RPNHead; leave it out of the losses of another head.')
        single = labels.sum(dim=1) == 1  # (B,), delta
        pulled = (labels * output.video_logits).sum(dim=1)  # (B,)
        return self.loss_weight * -global_batch_mean(single * pulled)
