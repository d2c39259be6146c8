"""Attention that gates every snippet by itself, and a sparse temporal pooling: STPN."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class SparsePoolingHead(WeaklySupervisedHead):
    """Classifies the mean of a video's gated features (STPN, Nguyen et al., CVPR 2018).

    a_t = sigmoid(FC(relu(FC(x_t)))), and a video's logits are W mean_t(a_t x_t) + b. The temporal class activation of
    a snippet is r_t = W x_t; the sequence to cut is a_t sigmoid(r_t).

    Gives the gate as ``attention`` and, as an extra, ``gated_activation`` a_t r_t (N, C), to read confidences from.

    Args:
        in_channels: D, of the features as they are.
        num_classes: C.
        attention_channels: Hidden width of the gate.
        loss_cls: Config of the video-level classification loss.
        loss_norm: Config of the loss that keeps the gate sparse.
        losses: Further losses by name.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 attention_channels: int = 256,
                 loss_cls: Mapping[str, Any] = dict(type='SigmoidBCELoss'),
                 loss_norm: Mapping[str, Any] = dict(type='AttentionNormLoss', loss_weight=0.04),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, loss_norm=loss_norm, **losses))
        self.gate = nn.Sequential(
            nn.Linear(in_channels, attention_channels), nn.ReLU(inplace=True), nn.Linear(attention_channels, 1))
        self.classifier = nn.Linear(in_channels, num_classes)
        self.in_channels, self.num_classes = in_channels, num_classes

    def forward(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> HeadOutput:
        """Score the snippets and the videos.

        Args:
            embedded: Features (N, D).
            prototypes: Unused.
        """
        return self.pool(embedded, *self.score_snippets(embedded, prototypes), prototypes)

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: activations W x_t (N, C) and gate (N,)."""
        x = embedded.features
        activation = at_least_float32(nn.functional.linear(x, self.classifier.weight))
        return activation, at_least_float32(self.gate(x)[:, 0]).sigmoid()

    def pool(self, embedded: SnippetBatch, activation: Tensor, gate: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the scores of whole videos; of ``embedded`` only the layout is read."""
        gated = gate[:, None] * activation  # (N, C); W mean(a x) = mean(a W x)
        logits = embedded.layout.mean(gated) + at_least_float32(self.classifier.bias)  # (B, C)
        return HeadOutput(
            embedded=embedded,
            cas=gate[:, None] * activation.sigmoid(),
            video_score=logits.sigmoid(),
            video_logits=logits,
            attentions=dict(attention=Attention(gate, sums_to_one=False)),
            extras=dict(gated_activation=gated))
