"""Class activation sequence pooled over each class's best snippets: W-TALC's multiple instance learning."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class TopKMILHead(WeaklySupervisedHead):
    """A linear classifier of snippets whose k best logits of a class, averaged over, are the video's logit.

    The k-max multiple instance learning of W-TALC (Paul et al., ECCV 2018): k = ceil(top_ratio T), by default an eighth
    as in the code that its authors released, and the loss is eq. 9, as there; ``CoActivityLoss`` among the further
    losses is its other one. It has no prototypes, so it goes with ``neck=None, weighting=None``.

    Args:
        in_channels: E.
        num_classes: C.
        top_ratio: In (0, 1].
        score: What makes the video score of the logits: ``softmax`` over classes, or ``sigmoid``, as W-TALC's test has
            it, which takes the classes whose logit is above 0.
        loss_cls: Config of the video-level classification loss (eq. 9).
        losses: Further losses by name.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 top_ratio: float = 0.125,
                 score: str = 'softmax',
                 loss_cls: Mapping[str, Any] = dict(type='VideoClassificationLoss'),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, **losses))
        if not 0 < top_ratio <= 1:
            raise ValueError(f'TopKMILHead expects top_ratio in (0, 1], but got {top_ratio}.')
        if score not in ('softmax', 'sigmoid'):
            raise ValueError(f'TopKMILHead expects a score of softmax or sigmoid, but got {score!r}.')
        self.classifier = nn.Linear(in_channels, num_classes)
        self.num_classes = num_classes
        self.top_ratio = top_ratio
        self.score = score

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor]:
        """The scores that are local in time: the classifier's logits (N, C)."""
        return (at_least_float32(self.classifier(embedded.features)), )

    def pool(self, embedded: SnippetBatch, logits: Tensor, prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the logits of whole videos; of ``embedded`` only the layout is read."""
        video_logits = embedded.layout.top_k_mean(logits, self.top_ratio)  # (B, C)
        video_score = video_logits.softmax(dim=1) if self.score == 'softmax' else video_logits.sigmoid()
        return HeadOutput(embedded=embedded, cas=logits, video_score=video_score, video_logits=video_logits)
