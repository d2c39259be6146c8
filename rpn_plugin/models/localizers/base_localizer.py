"""A model as its named networks: scoring, proposing and fusing, once for every localizer."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from torch import Tensor

from rpn_plugin.models.interfaces import Inputs, Network, Proposals, Suppression
from rpn_plugin.models.localizers.samples import best_first, fill_sample
from rpn_plugin.structures import ONLY_STREAM, HeadOutput


class BaseLocalizer(BaseModel):
    """Untrimmed videos to detections: every network scores and proposes, and one suppression fuses.

    Inference, export, pictures, the search and the hooks use :attr:`networks`, :meth:`score` and :meth:`detect` of this
    class and nothing else of a model.

    Args:
        nms: Config of the suppression among all proposals of a video; None keeps every one.
        data_preprocessor: Config of the data preprocessor.
    """

    def __init__(self, nms: Mapping[str, Any] | None, data_preprocessor: Mapping[str, Any]) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.nms: Suppression | None = MODELS.build(nms) if nms else None

    @property
    def networks(self) -> Mapping[str, Network]:
        """The networks by name."""
        raise NotImplementedError

    @property
    def input_streams(self) -> tuple[str, ...]:
        """Streams that the networks read, each once; :data:`ONLY_STREAM` where a network names none."""
        return tuple(dict.fromkeys(stream for network in self.networks.values()
                                   for stream in network.streams or (ONLY_STREAM, )))

    def forward(self,
                inputs: Inputs,
                data_samples: Sequence[ActionDataSample] | None = None,
                mode: str = 'tensor') -> Any:
        """Run every network.

        Args:
            inputs: Stream name to packed features.
            data_samples: One per video, with ``gt_label`` (class indices) for ``loss`` and the metainfo ``clock`` and
                ``duration_second`` for ``predict``.
            mode: ``tensor`` gives the outputs of :meth:`score`, ``loss`` a dict of scalars whose names start with the
                network's, ``predict`` the samples with ``pred_instances`` (segments in seconds, labels, scores; best
                first) and ``pred_score`` (C,), the mean of the networks' video scores (:meth:`mean_video_score`).

        Raises:
            ValueError: If the mode is another.
        """
        if mode not in ('tensor', 'loss', 'predict'):
            raise ValueError(f'Expected mode loss, predict or tensor, but got {mode!r}.')
        outputs = self.score(inputs)
        if mode == 'tensor':
            return outputs
        if mode == 'loss':
            return self.losses(outputs, data_samples or ())
        sequences = {name: output.embedded.layout.split(self.networks[name].localization_sequence(output))
                     for name, output in outputs.items()}
        return self.detect(sequences, outputs, data_samples or ())

    def score(self, inputs: Inputs) -> dict[str, HeadOutput]:
        """Scores of a batch by every network (eq. 1-8)."""
        return {name: network.run(inputs) for name, network in self.networks.items()}

    def losses(self, outputs: Mapping[str, HeadOutput],
               data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses of all networks, each by the network's name, a dot and its own name."""
        return {f'{name}.{key}': value for name, network in self.networks.items()
                for key, value in network.loss_of(outputs[name], data_samples).items()}

    def detect(self, sequences: Mapping[str, Sequence[Tensor]], outputs: Mapping[str, HeadOutput],
               data_samples: Sequence[ActionDataSample]) -> list[ActionDataSample]:
        """Cut the sequences of all networks into proposals, suppress them together, and fill in the samples.

        Args:
            sequences: Localization sequences (T_b, C) of each video, by network.
            outputs: Of :meth:`score`, by network.
            data_samples: One per video.
        """
        video_scores = {name: output.video_score for name, output in outputs.items()}  # (B, C)
        mean = self.mean_video_score(video_scores)  # (B, C)
        return [fill_sample(sample, self.fuse(self.propose(
            {name: of_network[index] for name, of_network in sequences.items()},
            {name: score[index] for name, score in video_scores.items()}, sample)), mean[index])
                for index, sample in enumerate(data_samples)]

    def mean_video_score(self, video_scores: Mapping[str, Tensor]) -> Tensor:
        """(B, C) scores of videos, from those of every network: their mean."""
        return torch.stack(list(video_scores.values())).mean(dim=0)

    def propose(self, sequences: Mapping[str, Tensor], video_scores: Mapping[str, Tensor],
                sample: ActionDataSample) -> list[Proposals]:
        """Proposals of every network for one video in seconds, before suppression.

        Args:
            sequences: (T, C) by network.
            video_scores: (C,) by network.
            sample: With the metainfo ``clock`` and ``duration_second``.
        """
        return [network.cut(sequences[name], video_scores[name], sample) for name, network in self.networks.items()]

    def fuse(self, proposals: Sequence[Proposals]) -> Proposals:
        """Detections of one video, best first, from the proposals of all networks."""
        segments, labels, scores = map(np.concatenate, zip(*proposals))
        return self.nms(segments, labels, scores) if self.nms else best_first((segments, labels, scores))
