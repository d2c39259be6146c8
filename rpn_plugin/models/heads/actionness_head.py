"""Activations that are never negative and whose sum is actionness: CoLA."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class ActionnessHead(WeaklySupervisedHead):
    """A classifier of snippets whose summed activations are actionness, with CoLA's contrast (Zhang et al., CVPR 2021).

    s = relu(W drop(x)); the k largest activations of a class, averaged over, are the video's logit; A_t, the sum of s_t
    over classes, says whether there is any action. ``SnippetContrastLoss`` mines snippets by it.

    Gives ``actionness`` (N,), at least 0, as an extra.

    Args:
        in_channels: E.
        num_classes: C.
        dropout: Before the classifier.
        top_ratio: k is this share of a video's snippets, rounded down.
        loss_cls: Config of the video-level classification loss.
        loss_contrast: Config of the loss on hard snippets.
        losses: Further losses by name.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 dropout: float = 0.7,
                 top_ratio: float = 1 / 5,
                 loss_cls: Mapping[str, Any] = dict(type='SoftmaxBCELoss'),
                 loss_contrast: Mapping[str, Any] = dict(type='SnippetContrastLoss'),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, loss_contrast=loss_contrast, **losses))
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(in_channels, num_classes, bias=False)
        self.num_classes = num_classes
        self.top_ratio = top_ratio

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor]:
        """The scores that are local in time: activations (N, C), at least 0."""
        return (at_least_float32(self.classifier(self.dropout(embedded.features))).relu(), )

    def pool(self, embedded: SnippetBatch, activation: Tensor, prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the activations of whole videos; of ``embedded`` only the layout is read."""
        logits = embedded.layout.top_k_mean(activation, self.top_ratio, round_up=False)  # (B, C)
        return HeadOutput(
            embedded=embedded,
            cas=activation,
            video_score=logits.softmax(dim=1),
            video_logits=logits,
            extras=dict(actionness=activation.sum(dim=1)))
