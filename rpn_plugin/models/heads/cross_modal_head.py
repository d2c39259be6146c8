"""Two streams that attend together, after each has shown the other which channels matter: CO2-Net, DDG-Net."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from rpn_plugin.models.embeddings import TemporalConv
from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.discriminability_graph import DiscriminabilityGraph
from rpn_plugin.models.heads.hybrid_attention_head import suppressed
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, Layout, SnippetBatch, at_least_float32

SLOPE = 0.2
"""Of the leaky rectifiers."""


class CrossModalGate(BaseModule):
    """Weighs the channels of one stream by its own mean over the video and by the other stream at the snippet.

    Args:
        main_channels: D of the stream that is weighed.
        other_channels: D of the other one.
        dropout: After each of the two layers.
    """

    def __init__(self, main_channels: int, other_channels: int, dropout: float) -> None:
        super().__init__()
        self.of_video = nn.Linear(main_channels, main_channels)
        self.of_snippet = TemporalConv(other_channels, main_channels, kernel_size=3)
        self.dropout = Dropout(dropout)

    def forward(self, main: Tensor, other: Tensor, layout: Layout) -> Tensor:
        """(N, D) and (N, D') to (N, D): sigmoid(g h_t) x_t."""
        g = self.dropout(leaky_relu(self.of_video(layout.mean(main)), SLOPE))  # (B, D)
        h = self.dropout(leaky_relu(self.of_snippet(other, layout), SLOPE))  # (N, D)
        return (layout.spread(g) * h).sigmoid() * main


class GatedAttention(BaseModule):
    """A temporal network that gives each snippet a weight in [0, 1].

    Args:
        in_channels: D.
        channels: Width of both hidden layers.
        dropout: After the first layer and on the last one's output.
    """

    def __init__(self, in_channels: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.first = TemporalConv(in_channels, channels, kernel_size=3)
        self.second = TemporalConv(channels, channels, kernel_size=3)
        self.output = nn.Linear(channels, 1)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """(N, D) to (N,)."""
        hidden = self.dropout(leaky_relu(self.first(x, layout), SLOPE))
        hidden = leaky_relu(self.second(hidden, layout), SLOPE)
        return self.dropout(at_least_float32(self.output(hidden)))[:, 0].sigmoid()


@MODELS.register_module()
class CrossModalHead(WeaklySupervisedHead):
    """Re-weighs the channels of two streams by each other before it attends and classifies (CO2-Net).

    Hong et al., ACM MM 2021. Each stream is weighed by a :class:`CrossModalGate` and gives an attention; attention is
    their mean. A temporal network on both weighed streams gives the logits s of C + 1 classes. The k largest values of
    a class, averaged over, are the video's logits: those of s show background besides the video's classes, those of s
    suppressed by attention, a_t (s_t - m_t) + m_t with m_t the minimum over classes, do not. Localization is on
    a_t s_t, whose k' largest values of a class, averaged over, are the logits of the video's scores. The gates take the
    mean over the whole video, so long videos run in one piece.

    With ``graph`` there are no gates: a :class:`DiscriminabilityGraph` passes each stream's features between the
    snippets of a video, by the attentions on the features as they are, and the same attention networks then attend to
    what it gives (DDG-Net, Tang et al., ICCV 2023).

    Gives the fused features as ``embedded``, the attentions ``attention``, ``first_attention`` and
    ``second_attention``, and, as extras, ``snippet_logits`` and ``suppressed_snippet_logits`` (N, C + 1) and
    ``suppressed_logits`` (B, C + 1); with a graph also ``plain_attention`` and ``graph_gap`` (N, 2), the attentions
    before it and how far its two ways of passing features differ. ``video_logits`` are those of s.

    Args:
        in_channels: D, of both streams side by side as they are.
        num_classes: C, without background.
        split: The two streams in the localizer's order, each with its width.
        fused_channels: Width of the fused features and of the classifier's hidden layer.
        attention_channels: Width of the attention networks' hidden layers.
        gate_dropout: In gates and attention networks.
        dropout: Of the fused features and before each layer of the classifier.
        top_ratio: k is this share of a video's snippets, rounded down.
        score_ratio: k' is this share of them, rounded down.
        loss_base: Config of the loss on the logits of s.
        loss_suppressed: Config of the loss on the logits of suppressed s.
        loss_co_activity: Config of the loss on pairs of videos.
        loss_mutual: Config of the loss that brings both attentions together.
        loss_norm: Config of the loss that keeps attention sparse.
        graph: Arguments of the graph that takes the place of the gates, but the widths.
        losses: Further losses by name.

    Raises:
        ValueError: If there are not two streams, or their widths do not sum to ``in_channels``.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 split: Mapping[str, int],
                 fused_channels: int = 2048,
                 attention_channels: int = 512,
                 gate_dropout: float = 0.5,
                 dropout: float = 0.7,
                 top_ratio: float = 1 / 7,
                 score_ratio: float = 1 / 10,
                 loss_base: Mapping[str, Any] = dict(type='VideoClassificationLoss', background=1),
                 loss_suppressed: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', logits='suppressed_logits', background=0),
                 loss_co_activity: Mapping[str, Any] = dict(type='CoActivityLoss', logits='suppressed_snippet_logits'),
                 loss_mutual: Mapping[str, Any] = dict(type='MutualAttentionLoss'),
                 loss_norm: Mapping[str, Any] = dict(type='AttentionNormLoss', loss_weight=0.8),
                 graph: Mapping[str, Any] | None = None,
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(
            loss_base=loss_base, loss_suppressed=loss_suppressed, loss_co_activity=loss_co_activity,
            loss_mutual=loss_mutual, loss_norm=loss_norm, **losses))
        if len(split) != 2 or sum(split.values()) != in_channels:
            raise ValueError(f'CrossModalHead expects a split of in_channels={in_channels} into the widths of two '
                             f'streams, but got {dict(split)}.')
        self.widths = first, second = tuple(split.values())
        self.gates = nn.ModuleList([] if graph is not None else [
            CrossModalGate(first, second, gate_dropout), CrossModalGate(second, first, gate_dropout)])
        self.attentions = nn.ModuleList([GatedAttention(width, attention_channels, gate_dropout)
                                         for width in self.widths])
        self.fusion = nn.Linear(in_channels, fused_channels)
        self.hidden = TemporalConv(fused_channels, fused_channels, kernel_size=3)
        self.classifier = nn.Linear(fused_channels, num_classes + 1)
        self.graph = None if graph is None else DiscriminabilityGraph(self.widths, **graph)
        self.dropout = Dropout(dropout)
        self.in_channels, self.num_classes = in_channels, num_classes
        self.top_ratio, self.score_ratio = top_ratio, score_ratio

    def forward(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> HeadOutput:
        """Score the snippets and the videos.

        Args:
            embedded: Features (N, D), both streams side by side.
            prototypes: Unused.
        """
        layout = embedded.layout
        streams, of_graph = self.weighed(embedded.features.split(self.widths, dim=1), layout)
        first, second = self.attend(streams, layout)  # (N,)
        attention = (first + second) / 2
        fused = self.dropout(leaky_relu(self.fusion(torch.cat(streams, dim=1)), SLOPE))  # (N, F)
        hidden = self.dropout(leaky_relu(self.hidden(self.dropout(fused), layout), SLOPE))
        logits = at_least_float32(self.classifier(hidden))  # (N, C + 1)
        low, attended = suppressed(logits, attention), attention[:, None] * logits
        pooled, pooled_low = (layout.top_k_mean(of, self.top_ratio, round_up=False) for of in (logits, low))
        pooled_attended = layout.top_k_mean(attended, self.score_ratio, round_up=False)  # (B, C + 1)
        return HeadOutput(
            embedded=embedded.with_features(fused),
            cas=attended[:, :-1],
            video_score=pooled_attended.softmax(dim=1)[:, :-1],
            video_logits=pooled,
            attentions={name: Attention(of, sums_to_one=False) for name, of in dict(
                attention=attention, first_attention=first, second_attention=second).items()},
            extras=dict(
                snippet_logits=logits, suppressed_snippet_logits=low, suppressed_logits=pooled_low, **of_graph))

    def weighed(self, streams: Sequence[Tensor], layout: Layout) -> tuple[list[Tensor], dict[str, Tensor]]:
        """The features of each stream by gates or graph, and what the graph says of them by name."""
        if self.graph is None:
            return [gate(main, other, layout) for gate, main, other in zip(self.gates, streams, streams[::-1])], {}
        plain = self.attend(streams, layout)
        enhanced = self.graph(streams, plain, layout)
        return enhanced.streams, dict(plain_attention=torch.stack(plain, dim=1), graph_gap=enhanced.gaps)

    def attend(self, streams: Sequence[Tensor], layout: Layout) -> list[Tensor]:
        """The attention (N,) of each stream."""
        return [attention(x, layout) for attention, x in zip(self.attentions, streams)]
