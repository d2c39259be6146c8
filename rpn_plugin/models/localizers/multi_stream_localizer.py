"""Networks of the same shape on several streams, trained together and fused by suppression."""
from __future__ import annotations

import copy
from typing import Any, Mapping, Sequence

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import ConfigDict
from mmengine.model import BaseModel
from torch import Tensor, nn

from rpn_plugin.models.interfaces import Proposals
from rpn_plugin.models.localizers.weakly_supervised_localizer import fill_sample
from rpn_plugin.structures import SnippetBatch


@MODELS.register_module()
class MultiStreamLocalizer(BaseModel):
    """One localizer per stream, sharing nothing but the labels; their proposals meet in one suppression.

    Args:
        localizer: Config that every stream's localizer starts from; any that keeps the calls of
            ``rpn_plugin.models.interfaces.StreamLocalizer`` will do.
        streams: Name of each network to what differs from ``localizer``, e.g. ``dict(rgb={}, flow={})``. A network
            reads the stream of its own name unless it names others (``dict(both=dict(streams=('rgb', 'flow')))``).
        nms: Config of the suppression among all proposals of a video.
        data_preprocessor: Config of the data preprocessor.
    """

    def __init__(self,
                 localizer: Mapping[str, Any],
                 streams: Mapping[str, Mapping[str, Any]],
                 nms: Mapping[str, Any] = dict(type='TemporalNMS'),
                 data_preprocessor: Mapping[str, Any] = dict(type='SnippetDataPreprocessor')) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        if not streams:
            raise ValueError('MultiStreamLocalizer expects at least one stream, but got none.')
        self.localizers = nn.ModuleDict()
        for name, difference in streams.items():
            config = ConfigDict(copy.deepcopy({**localizer, 'streams': (name, )}))
            config.update(difference)
            self.localizers[name] = MODELS.build(config)
        self.nms = MODELS.build(nms)

    def forward(self,
                inputs: Mapping[str, SnippetBatch],
                data_samples: Sequence[ActionDataSample] | None = None,
                mode: str = 'tensor') -> Any:
        """Run every network; the arguments and results are those of ``WeaklySupervisedLocalizer.forward``.

        ``tensor`` gives a dict of one :class:`HeadOutput` per network; the names of losses start with the network's;
        ``pred_score`` is the mean of the networks' video scores.
        """
        if mode == 'loss':
            return {f'{name}.{key}': value for name, localizer in self.localizers.items()
                    for key, value in localizer(inputs, data_samples, mode='loss').items()}
        outputs = {name: localizer(inputs, mode='tensor') for name, localizer in self.localizers.items()}
        if mode == 'tensor':
            return outputs
        if mode != 'predict':
            raise ValueError(f'Expected mode loss, predict or tensor, but got {mode!r}.')
        proposals = [localizer.propose(outputs[name], data_samples) for name, localizer in self.localizers.items()]
        return self.fuse(proposals, [output.video_score for output in outputs.values()], data_samples)

    def fuse(self, proposals: Sequence[Sequence[Proposals]], video_scores: Sequence[Tensor],
             data_samples: Sequence[ActionDataSample]) -> list[ActionDataSample]:
        """Suppress the proposals of all networks together.

        Args:
            proposals: Of each network and video.
            video_scores: (B, C) of each network.
            data_samples: One per video, to fill in.
        """
        mean = torch.stack(list(video_scores)).mean(dim=0)  # (B, C)
        return [fill_sample(sample, self.nms(*map(np.concatenate, zip(*of_video))), score)
                for sample, score, *of_video in zip(data_samples, mean, *proposals)]
