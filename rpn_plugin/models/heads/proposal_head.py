"""Proposals as the instances of multiple instance learning: P-MIL's head."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.heads.action_selection_head import two_layers
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch, at_least_float32

NAMES = ('first', 'second')
"""Of the streams, in the order of the localizer."""


class StreamScores(nn.Module):
    """Scores of proposals by one stream: logits of C + 1 classes, attention and completeness.

    Args:
        in_channels: Width of a proposal's features.
        num_outputs: C + 1.
        channels: Width of the common layer.
        hidden_channels: Width of the hidden layer of each score.
        dropout: After the common layer.
    """

    def __init__(self, in_channels: int, num_outputs: int, channels: int, hidden_channels: int,
                 dropout: float) -> None:
        super().__init__()
        self.common = nn.Linear(in_channels, channels)
        self.dropout = Dropout(dropout)
        self.classifier, self.attention, self.completeness = (
            two_layers(channels, hidden_channels, number) for number in (num_outputs, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(P, D') to logits (P, C + 1), attention and completeness (P,)."""
        x = self.dropout(self.common(x).relu())
        attention, completeness = (at_least_float32(of(x))[:, 0].sigmoid()
                                   for of in (self.attention, self.completeness))
        return at_least_float32(self.classifier(x)), attention, completeness


@MODELS.register_module()
class ProposalHead(WeaklySupervisedHead):
    """Classifies proposals, attends to them and says how complete they are, by each of two streams (P-MIL).

    Ren et al., CVPR 2023. Rows are proposals in place of snippets. Of each stream, the k largest logits of a class,
    averaged over, are the video's, with background in every video; those of the logits times attention have none. With
    P, a and q the means over streams of the softmax over classes, of attention and of completeness, the score of a
    proposal for a class is P a q, and that of a video the mean of P weighted by a.

    Gives ``attention`` (a), ``completeness`` (q) and, of each stream, ``<stream>_attention`` and
    ``<stream>_completeness`` with stream ``first`` or ``second``; as extras ``<stream>_logits`` (P, C + 1),
    ``<stream>_base_logits`` and ``<stream>_attended_logits`` (B, C + 1).

    Args:
        in_channels: D, of both streams side by side; a proposal has 3 D.
        num_classes: C, without background.
        split: The two streams in the localizer's order, each with its width.
        losses: Losses by name.
        channels: Width of the common layer of a stream.
        hidden_channels: Width of the hidden layer of each score.
        dropout: After the common layer.
        top_ratio: k is this share of a video's proposals, rounded down.

    Raises:
        ValueError: If there are not two streams, or their widths do not sum to ``in_channels``.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 split: Mapping[str, int],
                 losses: Mapping[str, Mapping[str, Any]],
                 channels: int = 1024,
                 hidden_channels: int = 512,
                 dropout: float = 0.5,
                 top_ratio: float = 1 / 8) -> None:
        super().__init__(losses)
        if len(split) != 2 or sum(split.values()) != in_channels:
            raise ValueError(f'ProposalHead expects a split of in_channels={in_channels} into the widths of two '
                             f'streams, but got {dict(split)}.')
        self.widths = tuple(split.values())
        self.scores = nn.ModuleList([StreamScores(3 * width, num_classes + 1, channels, hidden_channels, dropout)
                                     for width in self.widths])
        self.in_channels, self.num_classes = in_channels, num_classes
        self.top_ratio = top_ratio

    def forward(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> HeadOutput:
        """Score the proposals and the videos.

        Args:
            embedded: Features (P, 3 D) of the proposals of each video, as ``proposal_features`` gives them.
            prototypes: Unused.
        """
        layout = embedded.layout
        parts = embedded.features.unflatten(1, (3, self.in_channels)).split(self.widths, dim=2)
        logits, attentions, completeness = zip(*(score(x.flatten(1)) for score, x in zip(self.scores, parts)))
        likely = torch.stack([of_stream.softmax(dim=1) for of_stream in logits]).mean(dim=0)  # (P, C + 1)
        attention, complete = (torch.stack(of_streams).mean(dim=0) for of_streams in (attentions, completeness))  # (P,)
        weight = (attention / layout.spread(layout.sum(attention)))[:, None]  # (P, 1)
        named = dict(attention=attention, completeness=complete)
        extras: dict[str, Tensor] = {}
        for name, s, a, q in zip(NAMES, logits, attentions, completeness):
            named |= {f'{name}_attention': a, f'{name}_completeness': q}
            extras |= {f'{name}_logits': s} | {
                f'{name}_{kind}_logits': layout.top_k_mean(of, self.top_ratio, round_up=False)
                for kind, of in dict(base=s, attended=a[:, None] * s).items()}
        return HeadOutput(
            embedded=embedded,
            cas=likely[:, :-1] * (attention * complete)[:, None],
            video_score=layout.sum(weight * likely)[:, :-1].clamp(max=1),
            attentions={name: Attention(of, sums_to_one=False) for name, of in named.items()},
            extras=extras)
