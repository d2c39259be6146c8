"""One classifier on the features and on what a filter leaves of them: BaS-Net."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings import TemporalConvEmbedding
from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class BackgroundSuppressionHead(WeaklySupervisedHead):
    """A class of background that is in every video, and in none once a filter has suppressed it (BaS-Net).

    Lee et al., AAAI 2020. s = g(x) and s' = g(a x) with one temporal network g of C + 1 logits and a_t = sigmoid of a
    small network. The k largest logits of a class, averaged over, are the video's: those of s should show background
    besides the video's classes, those of s' should not.

    Gives the filter as ``attention`` and, as an extra, ``suppressed_logits`` (B, C + 1); ``video_logits`` are those of
    s. Localization is on s'.

    Args:
        in_channels: D, of the features as they are.
        num_classes: C, without background.
        channels: Width of each layer of g but the last.
        filter_channels: Hidden width of the filter.
        kernel_size: Odd number of snippets that a layer of g sees.
        dropout: Before the last layer of g.
        top_ratio: k is this share of a video's snippets, rounded down.
        loss_base: Config of the loss on the logits of s.
        loss_suppressed: Config of the loss on the logits of s'.
        loss_norm: Config of the loss that keeps the filter sparse.
        losses: Further losses by name.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 channels: Sequence[int] = (2048, 2048),
                 filter_channels: int = 512,
                 kernel_size: int = 3,
                 dropout: float = 0.7,
                 top_ratio: float = 1 / 8,
                 loss_base: Mapping[str, Any] = dict(type='SoftmaxBCELoss', background=1),
                 loss_suppressed: Mapping[str, Any] = dict(
                     type='SoftmaxBCELoss', logits='suppressed_logits', background=0),
                 loss_norm: Mapping[str, Any] = dict(type='AttentionNormLoss', loss_weight=0.075),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_base=loss_base, loss_suppressed=loss_suppressed, loss_norm=loss_norm, **losses))
        self.filter = nn.Sequential(
            nn.Linear(in_channels, filter_channels), nn.LeakyReLU(inplace=True), nn.Linear(filter_channels, 1))
        self.network = TemporalConvEmbedding(
            in_channels, channels, kernel_size, dropout=0.0, act_cfg=dict(type='LeakyReLU', inplace=True))
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(channels[-1], num_classes + 1, bias=False)
        self.in_channels, self.num_classes = in_channels, num_classes
        self.top_ratio = top_ratio

    @property
    def reach(self) -> int:
        """Neighbours on either side that the scores of a snippet depend on."""
        return self.network.reach

    def score_snippets(self, embedded: SnippetBatch,
                       prototypes: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The scores that are local in time: logits s and s' (N, C + 1), background last, and the filter (N,)."""
        gate = at_least_float32(self.filter(embedded.features)[:, 0]).sigmoid()
        suppressed = embedded.with_features(gate[:, None] * embedded.features)
        return self.classify(embedded), self.classify(suppressed), gate

    def pool(self, embedded: SnippetBatch, base: Tensor, suppressed: Tensor, gate: Tensor,
             prototypes: Tensor | None = None) -> HeadOutput:
        """The output from the scores of whole videos; of ``embedded`` only the layout is read."""
        pooled, pooled_suppressed = (embedded.layout.top_k_mean(logits, self.top_ratio, round_up=False)
                                     for logits in (base, suppressed))  # (B, C + 1)
        return HeadOutput(
            embedded=embedded,
            cas=suppressed[:, :-1],
            video_score=pooled_suppressed.softmax(dim=1)[:, :-1],
            video_logits=pooled,
            attentions=dict(attention=Attention(gate, sums_to_one=False)),
            extras=dict(suppressed_logits=pooled_suppressed))

    def classify(self, batch: SnippetBatch) -> Tensor:
        """Logits (N, C + 1), background last, of features (N, D)."""
        return at_least_float32(self.classifier(self.dropout(self.network(batch).features)))
