"""Snippets chosen by classes and attentions together, whose choice teaches the attentions: ASL."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class ActionSelectionHead(WeaklySupervisedHead):
    """A classifier of snippets, an attention of each stream, and a choice by both (ASL, Ma et al., CVPR 2021).

    q_tc is the mean of the softmax over classes of a snippet's logits s_t and of each stream's attention. In each video
    and class the snippets of largest q_tc are chosen; their mean logit is the video's, and ``AttentionSelectionLoss``
    teaches every attention to be 1 at those that are chosen for a labelled class and 0 elsewhere. Localization is on q.

    Gives the attentions ``<stream>_attention`` and, as an extra, ``selection`` (N, C): 1 / k at the chosen snippets.

    Args:
        in_channels: D, of all streams side by side as they are.
        num_classes: C; background has no class.
        split: The streams in the localizer's order, each with its width.
        channels: Hidden width of the classifier and of each attention network.
        top_ratio: k is this share of a video's snippets, rounded down.
        loss_cls: Config of the video-level classification loss.
        loss_selection: Config of the loss on the attentions.
        losses: Further losses by name.

    Raises:
        ValueError: If the streams' widths do not sum to ``in_channels``.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 split: Mapping[str, int],
                 channels: int = 512,
                 top_ratio: float = 1 / 8,
                 loss_cls: Mapping[str, Any] = dict(type='VideoClassificationLoss'),
                 loss_selection: Mapping[str, Any] = dict(type='AttentionSelectionLoss'),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, loss_selection=loss_selection, **losses))
        if sum(split.values()) != in_channels:
            raise ValueError(f'ActionSelectionHead expects a split of in_channels={in_channels} into the widths of the '
                             f'streams, but got {dict(split)}.')
        self.split = dict(split)
        self.classifier = two_layers(in_channels, channels, num_classes)
        self.attentions = nn.ModuleList([two_layers(width, channels, 1) for width in split.values()])
        self.in_channels, self.num_classes = in_channels, num_classes
        self.top_ratio = top_ratio

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: logits s (N, C) and the attention of each stream (N, S)."""
        streams = embedded.features.split(tuple(self.split.values()), dim=1)
        attention = torch.cat([network(x) for network, x in zip(self.attentions, streams)], dim=1)
        return at_least_float32(self.classifier(embedded.features)), at_least_float32(attention).sigmoid()

    def pool(self, embedded: SnippetBatch, logits: Tensor, attention: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the scores of whole videos; of ``embedded`` only the layout is read."""
        likely = (logits.softmax(dim=1) + attention.sum(dim=1, keepdim=True)) / (1 + len(self.split))  # (N, C), q
        selection = embedded.layout.top_k_weights(likely.detach(), self.top_ratio, round_up=False)  # (N, C)
        video_logits = embedded.layout.sum(selection * logits)  # (B, C)
        return HeadOutput(
            embedded=embedded,
            cas=likely,
            video_score=video_logits.softmax(dim=1),
            video_logits=video_logits,
            attentions={f'{name}_attention': Attention(of, sums_to_one=False)
                        for name, of in zip(self.split, attention.unbind(dim=1))},
            extras=dict(selection=selection))


def two_layers(in_channels: int, channels: int, out_channels: int) -> nn.Sequential:
    """A network of one hidden layer."""
    return nn.Sequential(nn.Linear(in_channels, channels), nn.ReLU(inplace=True), nn.Linear(channels, out_channels))
