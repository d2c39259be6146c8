"""Background as what has short features: UM."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class UncertaintyHead(WeaklySupervisedHead):
    """Tells background from action by the length of the embedded features (UM, Lee et al., AAAI 2021).

    In each video the snippets of the longest features are taken for action, those of the shortest for background; the
    losses make the ones longer and the others shorter, and the others show every class alike. The magnitude of a
    snippet is where its length lies between the mean lengths of both, clipped to [0, 1]; it multiplies the softmax over
    classes of the snippet's logits, which gives the sequence to localize on.

    Gives the magnitude as ``magnitude`` and, as extras, ``background_logits`` (B, C), ``action_features`` and
    ``background_features`` (B, E). Training leaves random snippets out of both choices.

    Args:
        in_channels: E.
        num_classes: C; background has no class.
        dropout: Before the classifier.
        snippet_dropout: Probability that a snippet is left out of a choice, while training.
        action_ratio: Share of a video's snippets that are taken for action and pooled into its logits, rounded down.
        background_ratio: Share that is taken for background, rounded down.
        loss_cls: Config of the video-level classification loss.
        loss_background: Config of the loss on the logits of background.
        loss_magnitude: Config of the loss on the lengths.
        losses: Further losses by name.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 dropout: float = 0.7,
                 snippet_dropout: float = 0.7,
                 action_ratio: float = 1 / 9,
                 background_ratio: float = 1 / 4,
                 loss_cls: Mapping[str, Any] = dict(type='SoftmaxBCELoss'),
                 loss_background: Mapping[str, Any] = dict(
                     type='SoftmaxBCELoss', logits='background_logits', uniform=True),
                 loss_magnitude: Mapping[str, Any] = dict(type='FeatureMagnitudeLoss', loss_weight=5e-4),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(
            dict(loss_cls=loss_cls, loss_background=loss_background, loss_magnitude=loss_magnitude, **losses))
        self.dropout = Dropout(dropout)
        self.snippet_dropout = nn.Dropout(snippet_dropout)
        self.classifier = nn.Linear(in_channels, num_classes, bias=False)
        self.num_classes = num_classes
        self.action_ratio, self.background_ratio = action_ratio, background_ratio

    def forward(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> HeadOutput:
        """Score the snippets and the videos.

        Args:
            embedded: Features (N, E).
            prototypes: Unused.
        """
        logits, length = self.score_snippets(embedded, prototypes)
        layout, dropped = embedded.layout, self.snippet_dropout(torch.ones_like(length)) == 0
        action, background = (
            layout.top_k_weights(by.detach().masked_fill(dropped, float('-inf')), ratio, round_up=False)
            for by, ratio in ((length, self.action_ratio), (-length, self.background_ratio)))  # (N,)
        features = at_least_float32(embedded.features)
        with torch.autocast(features.device.type, enabled=False):
            long, short = layout.weighted_sum(torch.stack([action, background], dim=1), features).unbind(dim=1)
        chosen = dict(
            background_logits=layout.sum(background[:, None] * logits), action_features=long, background_features=short)
        return replace(self.pool(embedded, logits, length, prototypes), extras=chosen)

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: logits (N, C) and lengths of the embedded features (N,)."""
        x = embedded.features
        return at_least_float32(self.classifier(self.dropout(x))), at_least_float32(x).norm(dim=1)

    def pool(self, embedded: SnippetBatch, logits: Tensor, length: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output, without extras, from the scores of whole videos; of ``embedded`` only the layout is read."""
        layout, column = embedded.layout, length[:, None]
        action = layout.top_k_mean(column, self.action_ratio, round_up=False)  # (B, 1)
        background = -layout.top_k_mean(-column, self.background_ratio, round_up=False)
        tiny = torch.finfo(length.dtype).tiny  # a video of one length shows nothing: its magnitude is 1
        low, span = layout.spread(background), layout.spread(action - background)
        magnitude = ((column - low + tiny) / (span + tiny)).clamp(0, 1)  # (N, 1)
        pooled = layout.top_k_mean(logits, self.action_ratio, round_up=False)  # (B, C)
        return HeadOutput(
            embedded=embedded,
            cas=logits.softmax(dim=1) * magnitude,
            video_score=pooled.softmax(dim=1),
            video_logits=pooled,
            attentions=dict(magnitude=Attention(magnitude[:, 0], sums_to_one=False)))
