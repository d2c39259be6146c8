"""A trained localizer, frozen, and a second stage that is trained on what it gives."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.runner import load_checkpoint
from torch import Tensor

from rpn_plugin.models.heads import WeaklySupervisedHead
from rpn_plugin.models.interfaces import Inputs, Network, Proposals
from rpn_plugin.models.localizers.base_localizer import BaseLocalizer
from rpn_plugin.models.localizers.weakly_supervised_localizer import select_streams
from rpn_plugin.structures import HeadOutput, PackedLayout, SnippetBatch

SECOND_STAGE = 'second_stage'
"""Name of the network that is trained."""


class TwoStageLocalizer(BaseLocalizer):
    """What localizers on a frozen first stage share: its weights, its scores and the features as it takes them.

    The second stage is a network beside those of the first, this module itself. Its class activation sequence and video
    score, for pictures, are the means of the first stage's.

    Args:
        first_stage: Config of a localizer of networks, trained before. Its ``init_cfg=dict(type='Pretrained',
            checkpoint=...)`` names its checkpoint, which is read when training starts; afterwards its weights are in
            the checkpoints of this model.
        head: Config of the second stage's head.
        streams: Streams that the second stage reads side by side, as the first stage's data preprocessor scales them.
        nms: Config of the suppression among all proposals of a video; None keeps every one.
        data_preprocessor: Config of the data preprocessor, which has to leave the features as they are.

    Raises:
        TypeError: If the first stage is no localizer of networks.
        ValueError: If the data preprocessor scales features.
    """

    def __init__(self,
                 first_stage: Mapping[str, Any],
                 head: Mapping[str, Any],
                 streams: Sequence[str],
                 nms: Mapping[str, Any] | None = None,
                 data_preprocessor: Mapping[str, Any] = dict(type='SnippetDataPreprocessor')) -> None:
        super().__init__(nms, data_preprocessor)
        config = {key: value for key, value in first_stage.items() if key != 'init_cfg'}
        self.checkpoint: str | None = (first_stage.get('init_cfg') or {}).get('checkpoint')
        built = MODELS.build(config)
        if not isinstance(built, BaseLocalizer):
            raise TypeError(f'{type(self).__name__} expects a first stage such as WeaklySupervisedLocalizer or '
                            f'MultiStreamLocalizer, but got {type(built).__name__}.')
        if self.data_preprocessor.standardize or self.data_preprocessor.l2_length is not None:
            raise ValueError(f'{type(self).__name__} expects a data preprocessor that leaves features as they are: the '
                             f'first stage scales them by its own, for both stages.')
        self.first_stage: BaseLocalizer = built
        self.first_stage.requires_grad_(False).eval()
        self.head: WeaklySupervisedHead = MODELS.build(head)
        self.streams: tuple[str, ...] | None = tuple(streams)

    @property
    def networks(self) -> Mapping[str, Network]:
        """The first stage's networks, and this module."""
        return {**self.first_stage.networks, SECOND_STAGE: self}

    def train(self, mode: bool = True) -> Self:
        """Train the second stage; the first stays as it is."""
        super().train(mode)
        self.first_stage.eval()
        return self

    def init_weights(self) -> None:
        """Read the first stage's checkpoint.

        Raises:
            FileNotFoundError: If there is none.
        """
        if not self.checkpoint or not Path(self.checkpoint).is_file():
            raise FileNotFoundError(
                f'{type(self).__name__} expects the checkpoint of its trained first stage, but '
                f'{self.checkpoint or "none that is named"} is no file: train the first stage, and name what it wrote '
                f'in model.first_stage.init_cfg.checkpoint (FIRST_STAGE=... before the command).')
        super().init_weights()
        load_checkpoint(self.first_stage, self.checkpoint, map_location='cpu', strict=True)

    def score(self, inputs: Inputs) -> dict[str, HeadOutput]:
        """Scores of the first stage, and the second's output.

        Raises:
            ValueError: If the batch is padded, as in an exported graph.
        """
        scaled = {stream: batch.with_features(self.first_stage.data_preprocessor.scale(batch.features, stream))
                  for stream, batch in inputs.items()}
        features = select_streams(scaled, self.streams)
        if not isinstance(features.layout, PackedLayout):
            raise ValueError('its second stage proposes by itself, which no graph of scores holds; export the first '
                             'stage')
        with torch.no_grad():
            first = self.first_stage.score(scaled)
        return {**first, SECOND_STAGE: self.second(first, features)}

    def second(self, first: Mapping[str, HeadOutput], features: SnippetBatch) -> HeadOutput:
        """The second stage's output for the snippets: here the first stage's mean scores and the features.

        Args:
            first: Of each of the first stage's networks.
            features: (N, D) of the streams, side by side.
        """
        return HeadOutput(
            embedded=features,
            cas=torch.stack([output.cas for output in first.values()]).mean(dim=0),
            video_score=torch.stack([output.video_score for output in first.values()]).mean(dim=0))

    def run(self, inputs: Inputs) -> HeadOutput:
        """The second stage's output, see :meth:`score`."""
        return self.score(inputs)[SECOND_STAGE]

    def losses(self, outputs: Mapping[str, HeadOutput],
               data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses of the second stage by their own names."""
        return self.loss_of(outputs[SECOND_STAGE], data_samples)

    def loss_of(self, output: HeadOutput, data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses of the second stage from its output and the video-level labels of the samples."""
        raise NotImplementedError

    def localization_sequence(self, output: HeadOutput) -> Tensor:
        """The class activation sequence (N, C) of the first stage."""
        return output.cas

    def cut(self, sequence: Tensor, video_score: Tensor, sample: ActionDataSample,
            scored: Tensor | None = None) -> Proposals:
        """Refuse: what a second stage proposes does not come of one sequence.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f'{type(self).__name__} proposes by itself (detect), not from a sequence.')
