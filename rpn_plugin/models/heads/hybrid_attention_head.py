"""Attention by which the best part of an action is hidden, so that the rest of it is learned: HAM-Net."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings import TemporalConvEmbedding
from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, Layout, SnippetBatch, at_least_float32


def suppressed(logits: Tensor, attention: Tensor) -> Tensor:
    """Logits between themselves, where attention is 1, and the smallest of the snippet's classes, where it is 0.

    Args:
        logits: (N, K).
        attention: (N,) in [0, 1].

    Returns:
        (N, K): a_t (s_t - m_t) + m_t with m_t the minimum over all classes of s_t.
    """
    low = logits.amin(dim=1, keepdim=True)
    return attention[:, None] * (logits - low) + low


@MODELS.register_module()
class HybridAttentionHead(WeaklySupervisedHead):
    """Soft, semi-soft and hard attention on the logits of C + 1 classes (HAM-Net, Islam et al., AAAI 2021).

    a_t = sigmoid of a temporal network. The semi-soft attention is a_t where it lies below a share of its maximum in
    the video and 0 above, so that the most discriminative snippets are erased; the hard one is 1 where the semi-soft
    one is positive. Each of four sequences gives a video's logits by its k largest values of a class: the logits s
    themselves and s suppressed by hard attention (background in every video), a_t s_t and s suppressed by semi-soft
    attention (none). Localization is on a_t s_t.

    Gives ``attention`` and, as extras, ``snippet_logits`` (N, C + 1), ``attended_logits``, ``hard_logits`` and
    ``semi_soft_logits`` (B, C + 1); ``video_logits`` are those of s.

    Args:
        in_channels: D, of the features as they are.
        num_classes: C, without background.
        channels: Width of each layer of the classifier but the last.
        attention_channels: Width of each layer of the attention network but the last.
        kernel_size: Odd number of snippets that a layer sees.
        dropout: Before the last layer of the classifier.
        erased_above: Share of the largest attention in the video, in (0, 1), from which on it is erased.
        top_ratio: k is this share of a video's snippets, rounded down.
        loss_base: Config of the loss on the logits of s.
        loss_hard: Config of the loss on s suppressed by hard attention.
        loss_attended: Config of the loss on a_t s_t.
        loss_semi_soft: Config of the loss on s suppressed by semi-soft attention.
        loss_norm: Config of the loss that keeps attention sparse.
        loss_guide: Config of the loss that draws attention and background apart.
        losses: Further losses by name.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 channels: Sequence[int] = (2048, 2048),
                 attention_channels: Sequence[int] = (512, 512),
                 kernel_size: int = 3,
                 dropout: float = 0.7,
                 erased_above: float = 0.2,
                 top_ratio: float = 1 / 10,
                 loss_base: Mapping[str, Any] = dict(type='VideoClassificationLoss', loss_weight=0.8, background=1),
                 loss_hard: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', loss_weight=0.2, logits='hard_logits', background=1),
                 loss_attended: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', loss_weight=0.8, logits='attended_logits', background=0),
                 loss_semi_soft: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', loss_weight=0.2, logits='semi_soft_logits', background=0),
                 loss_norm: Mapping[str, Any] = dict(type='AttentionNormLoss', loss_weight=0.8),
                 loss_guide: Mapping[str, Any] = dict(type='AttentionGuideLoss', loss_weight=0.8),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(
            loss_base=loss_base, loss_hard=loss_hard, loss_attended=loss_attended, loss_semi_soft=loss_semi_soft,
            loss_norm=loss_norm, loss_guide=loss_guide, **losses))
        activation = dict(type='LeakyReLU', negative_slope=0.2, inplace=True)
        self.network = TemporalConvEmbedding(in_channels, channels, kernel_size, dropout=0.0, act_cfg=activation)
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(channels[-1], num_classes + 1)
        self.attention = TemporalConvEmbedding(
            in_channels, attention_channels, kernel_size, dropout=0.0, act_cfg=activation)
        self.attention_output = nn.Linear(attention_channels[-1], 1)
        self.in_channels, self.num_classes = in_channels, num_classes
        self.erased_above = erased_above
        self.top_ratio = top_ratio

    @property
    def reach(self) -> int:
        """Neighbours on either side that the scores of a snippet depend on."""
        return max(self.network.reach, self.attention.reach)

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores that are local in time: logits s (N, C + 1), background last, and attention (N,)."""
        logits = self.classifier(self.dropout(self.network(embedded).features))
        attention = self.attention_output(self.attention(embedded).features)[:, 0]
        return at_least_float32(logits), at_least_float32(attention).sigmoid()

    def pool(self, embedded: SnippetBatch, logits: Tensor, attention: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the scores of whole videos; of ``embedded`` only the layout is read."""
        layout = embedded.layout
        semi_soft = attention * (attention < self.erasing_level(attention, layout))  # (N,)
        attended = attention[:, None] * logits  # (N, C + 1)
        sequences = dict(
            base=logits, attended=attended, hard=suppressed(logits, (semi_soft > 0).to(logits.dtype)),
            semi_soft=suppressed(logits, semi_soft))
        pooled = {f'{name}_logits': layout.top_k_mean(of, self.top_ratio, round_up=False)
                  for name, of in sequences.items()}  # (B, C + 1) each
        return HeadOutput(
            embedded=embedded,
            cas=attended[:, :-1],
            video_score=pooled['attended_logits'].softmax(dim=1)[:, :-1],
            video_logits=pooled.pop('base_logits'),
            attentions=dict(attention=Attention(attention, sums_to_one=False)),
            extras=dict(snippet_logits=logits, **pooled))

    def erasing_level(self, attention: Tensor, layout: Layout) -> Tensor:
        """(N,) attention of each snippet's video from which on it is erased."""
        return layout.spread(self.erased_above * layout.max(attention))
