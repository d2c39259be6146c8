"""Clips that are selected by their rank or by an attention: UntrimmedNet."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class UntrimmedNetHead(WeaklySupervisedHead):
    """A linear classifier of clips and a selection among them (UntrimmedNet, Wang et al., CVPR 2017).

    Hard selection: a class's logit of the video is the mean of its largest ones, as in :class:`TopKMILHead`. Soft
    selection: a linear attention, by a softmax over the video's clips, mixes their class probabilities, and the mixture
    is the video's: ``video_logits`` are its logarithms. In testing the attention is softened by a temperature and mixes
    the logits instead, whose softmax is the video score. Localization is on the softmax over classes of a snippet.

    This is the head on features as they are; the authors train their backbone with it, end to end.

    Args:
        in_channels: D.
        num_classes: C.
        selection: ``soft`` or ``hard``.
        dropout: Of the features.
        top_ratio: Share of a video's clips that hard selection takes, rounded up.
        attention_temperature: Of soft selection in testing.
        loss_cls: Config of the video-level classification loss.
        losses: Further losses by name.

    Raises:
        ValueError: If the selection is another.
    """

    reach = 0
    """Neighbours on either side that the scores of a snippet depend on."""

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 selection: str = 'soft',
                 dropout: float = 0.8,
                 top_ratio: float = 3 / 7,
                 attention_temperature: float = 3.0,
                 loss_cls: Mapping[str, Any] = dict(type='VideoClassificationLoss'),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(loss_cls=loss_cls, **losses))
        if selection not in ('soft', 'hard'):
            raise ValueError(f'UntrimmedNetHead expects a selection of soft or hard, but got {selection!r}.')
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(in_channels, num_classes)
        nn.init.normal_(self.classifier.weight, std=0.001)
        nn.init.zeros_(self.classifier.bias)
        self.attention = None
        if selection == 'soft':
            self.attention = nn.Linear(in_channels, 1, bias=False)  # a bias cancels in the softmax over time
            nn.init.normal_(self.attention.weight, std=0.001)
        self.in_channels, self.num_classes = in_channels, num_classes
        self.top_ratio = top_ratio
        self.attention_temperature = attention_temperature

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> tuple[Tensor, ...]:
        """The scores that are local in time: logits (N, C) and, for soft selection, attention logits (N,)."""
        x = self.dropout(embedded.features)
        logits = at_least_float32(self.classifier(x))
        return (logits, ) if self.attention is None else (logits, at_least_float32(self.attention(x)[:, 0]))

    def pool(self, embedded: SnippetBatch, logits: Tensor, *others: Tensor | None) -> HeadOutput:
        """The output from the scores of whole videos; of ``embedded`` only the layout is read.

        Args:
            embedded: The videos.
            logits: (N, C).
            others: For soft selection the attention logits (N,); last, the prototypes, unused.
        """
        layout, likely = embedded.layout, logits.softmax(dim=1)  # (N, C)
        if self.attention is None:
            pooled = layout.top_k_mean(logits, self.top_ratio)  # (B, C)
            return HeadOutput(embedded=embedded, cas=likely, video_score=pooled.softmax(dim=1), video_logits=pooled)
        attention_logits = others[0]
        assert attention_logits is not None
        attention = layout.softmax(attention_logits)  # (N,)
        softened = layout.softmax(attention_logits / self.attention_temperature)
        mixture = layout.sum(attention[:, None] * likely)  # (B, C)
        return HeadOutput(
            embedded=embedded,
            cas=likely,
            video_score=layout.sum(softened[:, None] * logits).softmax(dim=1),
            video_logits=mixture.clamp(min=torch.finfo(mixture.dtype).tiny).log(),
            attentions=dict(attention=Attention(attention, sums_to_one=True)))
