"""Clustering loss, eq. 10."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class ClusteringLoss(nn.Module):
    """Pulls the attended features of a video to the prototype of its class (eq. 10).

    -s-bar of the class of a video with exactly one, averaged over all videos of the global batch, so that one batch,
    its parts on several processes and the paper's loop over videos give the same gradient.

    Args:
        loss_weight: alpha of eq. 11. Not published; squared distances grow with E and the scale of the features.
        multi_label: What becomes of videos with several classes. ``skip``, the paper: nothing, so that the loss is 0
            where no video has one class. ``nearest``, ours: every snippet is pulled to the nearest prototype of the
            video's classes, weighted by attention: - sum over t of lambda_t times the largest s_tj of its classes,
            which is eq. 10 where there is one. Where videos have many classes it may make things much worse
            (docs/unseen_data.md).
    """

    def __init__(self, loss_weight: float = 1.0, multi_label: str = 'skip') -> None:
        super().__init__()
        if multi_label not in ('skip', 'nearest'):
            raise ValueError(f"ClusteringLoss expects multi_label of ('skip', 'nearest'), but got {multi_label!r}.")
        self.loss_weight = loss_weight
        self.multi_label = multi_label

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            output: Of a head that matches prototypes: its ``video_logits`` are s-bar (B, C).
            labels: (B, C) in {0, 1}.

        Returns:
            Scalar, at least 0.

        Raises:
            ValueError: If the head matches no prototypes, so that nothing says how near a video is to its class, or has
                no attention where it is needed.
        """
        if output.similarity is None or output.video_logits is None:
            raise ValueError('ClusteringLoss needs a head whose video logits are similarities to prototypes, such as '
                             'RPNHead; leave it out of the losses of another head.')
        single = labels.sum(dim=1) == 1  # (B,), delta
        pulled = (labels * output.video_logits).sum(dim=1)  # (B,)
        if self.multi_label == 'nearest':
            return self.loss_weight * -global_batch_mean(torch.where(single, pulled, nearest_present(output, labels)))
        return self.loss_weight * -global_batch_mean(single * pulled)


def nearest_present(output: HeadOutput, labels: Tensor) -> Tensor:
    """Similarity of the attended snippets of each video to the nearest prototype of its classes.

    Args:
        output: Of a head with similarity and an attention that sums to one over each video.
        labels: (B, C) in {0, 1}.

    Returns:
        (B,).

    Raises:
        ValueError: If the head gives no such attention.
    """
    attention = next(iter(output.attentions.values()), None)
    if attention is None or not attention.sums_to_one:
        raise ValueError("ClusteringLoss(multi_label='nearest') needs a head whose attention sums to one over a "
                         "video, such as RPNHead; use multi_label='skip' with another head.")
    layout = output.embedded.layout
    absent = layout.spread(labels) == 0  # (N, C)
    assert output.similarity is not None, 'checked by the caller'
    nearest = output.similarity.masked_fill(absent, float('-inf')).amax(dim=1)  # (N,)
    return layout.sum((attention.weight * nearest)[:, None])[:, 0]
