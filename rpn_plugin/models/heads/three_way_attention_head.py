"""Attentions to instances of actions, to their context and to background: ACM-Net."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32

NAMES = ('instance', 'context', 'background')


@MODELS.register_module()
class ThreeWayAttentionHead(WeaklySupervisedHead):
    """Shares each snippet out among instance, context and background (ACM-Net, Qu et al., 2021).

    The three attentions of a snippet are a softmax over three outputs. Each of them times the logits of C + 1 classes
    gives a video's logits by its k largest values of a class, k by the attention. In those of instance there is no
    background, in those of context there is besides the video's classes, in those of background nothing else.
    Localization is on the softmax over classes of the instance attention times the logits.

    Gives the attentions ``instance``, ``context`` and ``background`` and, as extras, ``snippet_logits`` (N, C + 1),
    those of instance, ``context_logits`` and ``background_logits`` (B, C + 1), and the mean features of the k snippets
    of the highest attention, ``instance_features``, ``context_features`` and ``background_features`` (B, E);
    ``video_logits`` are those of instance.

    Args:
        in_channels: E.
        num_classes: C, without background.
        dropout: Before the classifier.
        snippet_dropout: Probability that the classifier sees nothing of a snippet, while training.
        top_ratios: Shares of a video's snippets, rounded down, that are k of instance, context and background.
        loss_instance: Config of the loss on the logits of instance.
        loss_context: Config of the loss on those of context.
        loss_background: Config of the loss on those of background.
        loss_guide: Config of the loss that draws instance attention and background apart.
        loss_magnitude: Config of the loss on the lengths of the mean features.
        loss_norm_instance: Config of the loss that keeps instance attention sparse.
        loss_norm_context: Config of the loss that keeps context attention sparse.
        losses: Further losses by name.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 dropout: float = 0.7,
                 snippet_dropout: float = 0.7,
                 top_ratios: Sequence[float] = (1 / 8, 1 / 3, 1 / 3),
                 loss_instance: Mapping[str, Any] = dict(type='VideoClassificationLoss', background=0),
                 loss_context: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', logits='context_logits', background=1),
                 loss_background: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', logits='background_logits', background=1, actions=False),
                 loss_guide: Mapping[str, Any] = dict(
                     type='AttentionGuideLoss', loss_weight=1.5, attention='instance', detach_attention=True),
                 loss_magnitude: Mapping[str, Any] = dict(type='MagnitudeOrderLoss', loss_weight=5e-5),
                 loss_norm_instance: Mapping[str, Any] = dict(
                     type='AttentionNormLoss', loss_weight=0.075, attention='instance'),
                 loss_norm_context: Mapping[str, Any] = dict(
                     type='AttentionNormLoss', loss_weight=0.075, attention='context'),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(
            loss_instance=loss_instance, loss_context=loss_context, loss_background=loss_background,
            loss_guide=loss_guide, loss_magnitude=loss_magnitude, loss_norm_instance=loss_norm_instance,
            loss_norm_context=loss_norm_context, **losses))
        self.attention = nn.Linear(in_channels, len(NAMES))
        self.dropout, self.snippet_dropout = Dropout(dropout), nn.Dropout(snippet_dropout)
        self.classifier = nn.Linear(in_channels, num_classes + 1)
        self.num_classes = num_classes
        self.top_ratios = dict(zip(NAMES, top_ratios, strict=True))

    def forward(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> HeadOutput:
        """Score the snippets and the videos under every attention.

        Args:
            embedded: Features (N, E).
            prototypes: Unused.
        """
        logits, attention = self.score_snippets(embedded, prototypes)
        layout, features = embedded.layout, at_least_float32(embedded.features)
        chosen = torch.stack([layout.top_k_weights(of_kind, self.top_ratios[name], round_up=False)
                              for name, of_kind in zip(NAMES, attention.detach().unbind(dim=1))], dim=1)  # (N, 3)
        with torch.autocast(features.device.type, enabled=False):
            of_kinds = layout.weighted_sum(chosen, features).unbind(dim=1)  # (B, E) each
        means = {f'{name}_features': of_kind for name, of_kind in zip(NAMES, of_kinds)}
        output = self.pool(embedded, logits, attention, prototypes)
        return replace(output, extras={**output.extras, **means})

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: logits (N, C + 1), background last, and attentions (N, 3)."""
        x = embedded.features
        kept = self.snippet_dropout(torch.ones_like(x[:, :1]))  # (N, 1)
        logits = self.classifier(self.dropout(kept * x))
        return at_least_float32(logits), at_least_float32(self.attention(x)).softmax(dim=1)

    def pool(self, embedded: SnippetBatch, logits: Tensor, attention: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output, without mean features, from the scores of whole videos; of ``embedded`` the layout is read."""
        by_name = dict(zip(NAMES, attention.unbind(dim=1)))  # (N,) each
        attended = {name: of_kind[:, None] * logits for name, of_kind in by_name.items()}  # (N, C + 1) each
        pooled = {f'{name}_logits': embedded.layout.top_k_mean(of, self.top_ratios[name], round_up=False)
                  for name, of in attended.items()}  # (B, C + 1) each
        instance = pooled.pop('instance_logits')
        return HeadOutput(
            embedded=embedded,
            cas=attended['instance'].softmax(dim=1)[:, :-1],
            video_score=instance.softmax(dim=1)[:, :-1],
            video_logits=instance,
            attentions={name: Attention(of_kind, sums_to_one=False) for name, of_kind in by_name.items()},
            extras=dict(snippet_logits=attended['instance'], **pooled))
