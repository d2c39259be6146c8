"""A second stage that regresses borders on the heat of a first one: AutoLoc."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from rpn_plugin.models.heads import BoundaryHead
from rpn_plugin.models.localizers.samples import best_first, fill_sample, multi_hot_labels
from rpn_plugin.models.localizers.two_stage_localizer import SECOND_STAGE, TwoStageLocalizer
from rpn_plugin.structures import HeadOutput, SnippetBatch, clip_segments, to_numpy

ROUNDING = 1e-6
"""Of a mean attention: snippets that are attended to alike all are attended to."""


@MODELS.register_module()
class BoundaryLocalizer(TwoStageLocalizer):
    """Borders that are regressed to be hot inside and cold around, by the scores of any first stage (AutoLoc).

    Shou et al., ECCV 2018, without their prior on the lengths of annotated segments. The heat of a snippet for a class
    is the mean class activation of the first stage's networks, times the share of those that attend to the snippet at
    least ``attention_level`` times as much as to the video's mean snippet; a network without attention attends to all.

    Args:
        first_stage: As :class:`TwoStageLocalizer`; its class activations have to be in [0, 1].
        head: Config of a :class:`BoundaryHead`.
        streams: As :class:`TwoStageLocalizer`.
        attention_level: In mean attentions of the video.
        num_classes_per_video: Classes of highest mean heat that a video is searched for.
        nms: As :class:`TwoStageLocalizer`; classes are suppressed by the head already.
        data_preprocessor: Likewise.

    Raises:
        TypeError: If the head is another.
    """

    head: BoundaryHead

    def __init__(self,
                 first_stage: Mapping[str, Any],
                 head: Mapping[str, Any],
                 streams: Sequence[str],
                 attention_level: float = 1.0,
                 num_classes_per_video: int = 2,
                 nms: Mapping[str, Any] | None = None,
                 data_preprocessor: Mapping[str, Any] = dict(type='SnippetDataPreprocessor')) -> None:
        super().__init__(first_stage, head, streams, nms, data_preprocessor)
        if not isinstance(self.head, BoundaryHead):
            raise TypeError(f'BoundaryLocalizer expects a BoundaryHead, but got {type(self.head).__name__}.')
        self.attention_level = attention_level
        self.num_classes_per_video = num_classes_per_video

    def second(self, first: Mapping[str, HeadOutput], features: SnippetBatch) -> HeadOutput:
        """The first stage's mean scores, with ``heat`` (N, C) and ``borders`` (N, A, 2)."""
        output = super().second(first, features)
        layout, gates = features.layout, []
        for of_network in first.values():
            attention = of_network.attention
            attended = torch.ones_like(output.cas[:, 0]) if attention is None else (
                attention >= (self.attention_level - ROUNDING) * layout.spread(layout.mean(attention))
            ).to(output.cas.dtype)
            gates.append(attended)
        heat = output.cas * torch.stack(gates).mean(dim=0)[:, None]
        return replace(output, extras=dict(heat=heat, borders=self.head.borders(features)))

    def loss_of(self, output: HeadOutput, data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses of the boxes of the labelled classes."""
        return self.head.loss(output, multi_hot_labels(data_samples, like=output.video_score))

    def detect(self, sequences: Mapping[str, Sequence[Tensor]], outputs: Mapping[str, HeadOutput],
               data_samples: Sequence[ActionDataSample]) -> list[ActionDataSample]:
        """Select the boxes of each video's hottest classes and fill in the samples."""
        output = outputs[SECOND_STAGE]
        layout = output.embedded.layout
        for sample, heat, borders, likely in zip(
                data_samples, layout.split(output.tensor('heat')), layout.split(output.tensor('borders')),
                output.video_score):
            classes = heat.mean(dim=0).topk(min(self.num_classes_per_video, heat.shape[1])).indices.tolist()
            boxes = {label: self.head.select(heat[:, label], borders) for label in classes}
            found = to_numpy(torch.cat([of_class.borders for of_class in boxes.values()]).detach().double())
            scores = to_numpy(torch.cat([of_class.scores for of_class in boxes.values()]).detach().double())
            labels = np.repeat(classes, [len(of_class.scores) for of_class in boxes.values()]).astype(np.int64)
            segments, inside = clip_segments(sample.clock.to_seconds(found), sample.duration_second)
            proposals = segments, labels[inside], scores[inside]
            fill_sample(sample, self.nms(*proposals) if self.nms else best_first(proposals), likely)
        return list(data_samples)
