"""Several branches that have to show different parts of an action: CMCS."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings import TemporalConv
from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.still_snippets import StillSnippets
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class MultiBranchHead(WeaklySupervisedHead):
    """Branches that classify snippets alike and apart, and an attention that pools their mean (CMCS).

    Liu et al., CVPR 2019. Of the shared features b_t = relu(FC(x_t)) each branch j makes logits s^j of C + 1 classes by
    a temporal convolution and a linear layer, and attention is a softmax over time of a small network. s is the mean
    over branches and sum_t a_t s_t the video's logits. ``BranchDiversityLoss`` lets branches find different snippets
    and ``BranchNormLoss`` keeps any of them from falling silent. Localization is on the softmax over classes of s.

    Background is a class that no training video is labelled with. Its examples are hard negatives: stretches of
    training videos in which nothing moves, which look like the actions and are none. The authors find them by the
    optical flow of frames; here :class:`StillSnippets` finds them by how little features change. While training, every
    video that has some gives one more video of them alone, with background as its only class.

    Gives ``attention`` and, as an extra, ``branch_logits`` (N, J, C + 1). The losses get labels of C + 1 classes.

    Args:
        in_channels: D, of the features as they are.
        num_classes: C, without background.
        num_branches: J.
        shared_channels: Width of b.
        branch_channels: Hidden width of each branch.
        attention_channels: Hidden width of the attention network.
        dropout: Of whole channels of a video: a channel goes from all its snippets or from none.
        still: Arguments of :class:`StillSnippets`; None trains without hard negatives.
        loss_cls: Config of the video-level classification loss.
        loss_diversity: Config of the loss that parts branches.
        loss_norm: Config of the loss that keeps branches at one strength.
        losses: Further losses by name.

    Raises:
        ValueError: If there is no branch.
    """

    reach = 1
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 num_branches: int = 4,
                 shared_channels: int = 32,
                 branch_channels: int = 16,
                 attention_channels: int = 16,
                 dropout: float = 0.5,
                 still: Mapping[str, Any] | None = dict(),
                 loss_cls: Mapping[str, Any] = dict(type='VideoClassificationLoss'),
                 loss_diversity: Mapping[str, Any] = dict(type='BranchDiversityLoss', loss_weight=0.2),
                 loss_norm: Mapping[str, Any] = dict(type='BranchNormLoss', loss_weight=0.2),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, loss_diversity=loss_diversity, loss_norm=loss_norm, **losses))
        if num_branches < 1:
            raise ValueError(f'MultiBranchHead expects at least one branch, but got num_branches={num_branches}.')
        self.dropout = Dropout(dropout)
        self.shared = nn.Linear(in_channels, shared_channels)
        self.branches = nn.ModuleList([TemporalConv(shared_channels, branch_channels, kernel_size=3)
                                       for _ in range(num_branches)])
        self.classifiers = nn.ModuleList([nn.Linear(branch_channels, num_classes + 1) for _ in range(num_branches)])
        self.attention = nn.Sequential(
            nn.Linear(shared_channels, attention_channels), nn.ReLU(inplace=True),
            nn.Linear(attention_channels, 1, bias=False))  # the softmax over time would cancel a bias
        self.still = None if still is None else StillSnippets(**still)
        self.in_channels, self.num_classes = in_channels, num_classes

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: logits of each branch (N, J, C + 1) and of attention (N,)."""
        x, layout = embedded.features, embedded.layout
        if self.training:
            x = x * layout.spread(self.dropout(x.new_ones(layout.num_videos, x.shape[1])))
        b = self.shared(x).relu()  # (N, S)
        logits = [classifier(branch(b, layout).relu()) for branch, classifier in zip(self.branches, self.classifiers)]
        return at_least_float32(torch.stack(logits, dim=1)), at_least_float32(self.attention(b)[:, 0])

    def pool(self, embedded: SnippetBatch, branch_logits: Tensor, attention_logits: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the scores of whole videos; of ``embedded`` only the layout is read."""
        attention = embedded.layout.softmax(attention_logits)  # (N,)
        logits = branch_logits.mean(dim=1)  # (N, C + 1)
        pooled = embedded.layout.sum(attention[:, None] * logits)  # (B, C + 1)
        return HeadOutput(
            embedded=embedded,
            cas=logits.softmax(dim=1)[:, :-1],
            video_score=pooled.softmax(dim=1)[:, :-1],
            video_logits=pooled,
            attentions=dict(attention=Attention(attention, sums_to_one=True)),
            extras=dict(branch_logits=branch_logits))

    def loss(self, output: HeadOutput, labels: Tensor) -> dict[str, Tensor]:
        """Losses by name, while training of the hard negatives, too.

        Args:
            output: Of :meth:`forward`.
            labels: (B, C) in {0, 1}, at least one class per video.
        """
        background = torch.zeros_like(labels[:, :1])  # (B, 1)
        labels = torch.cat([labels, background], dim=1)  # (B, C + 1)
        negatives = self.still(output.embedded) if self.training and self.still is not None else None
        if negatives is not None:
            output = joined(output, self(negatives))
            of_negatives = torch.zeros_like(labels[:1]).expand(negatives.layout.num_videos, -1).clone()
            of_negatives[:, -1] = 1
            labels = torch.cat([labels, of_negatives])
        return super().loss(output, labels)


def joined(first: HeadOutput, second: HeadOutput) -> HeadOutput:
    """Two packed batches of one head as one."""
    def both(one: Tensor | None, two: Tensor | None) -> Tensor | None:
        return None if one is None or two is None else torch.cat([one, two])

    return replace(
        first,
        embedded=SnippetBatch.from_videos([*first.embedded.split(), *second.embedded.split()]),
        cas=torch.cat([first.cas, second.cas]),
        video_score=torch.cat([first.video_score, second.video_score]),
        video_logits=both(first.video_logits, second.video_logits),
        attentions={name: Attention(torch.cat([of.weight, second.attentions[name].weight]), of.sums_to_one)
                    for name, of in first.attentions.items()},
        similarity=both(first.similarity, second.similarity),
        extras={name: torch.cat([of, second.extras[name]]) for name, of in first.extras.items()})
