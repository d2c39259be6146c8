"""One network on one stream, or on several concatenated."""
from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor

from rpn_plugin.models.interfaces import (Embedding, Head, Neck, ProposalGenerator, Proposals, Suppression,
                                          Weighting)
from rpn_plugin.structures import HeadOutput, SnippetBatch, clip_segments, to_numpy


def multi_hot_labels(data_samples: Sequence[ActionDataSample], like: Tensor) -> Tensor:
    """Video-level labels (B, C) in {0, 1} from each sample's ``gt_label`` indices, of the kind of ``like`` (B, C).

    Labels are read on the host, where the data preprocessor leaves them, so that nothing waits for the device.

    Raises:
        ValueError: If a video has no label, or one outside [0, C).
    """
    labels = torch.zeros(like.shape, dtype=like.dtype)
    for row, sample in zip(labels, data_samples):
        index = sample.gt_label
        if not len(index) or int(index.max()) >= len(row):
            raise ValueError(f'Training video {sample.video_name} has the labels {index.tolist()}; expected at least '
                             f'one, each below the model\'s {len(row)} classes (num_classes of its neck or head).')
        row[index] = 1
    return labels.to(like.device, non_blocking=True)


def fill_sample(sample: ActionDataSample, detections: Proposals, video_score: Tensor | None = None) -> ActionDataSample:
    """Write detections, best first, and the video's class scores, where there are any, into its sample."""
    segments, labels, scores = detections
    sample.pred_instances = InstanceData(
        segments=torch.from_numpy(segments), labels=torch.from_numpy(labels), scores=torch.from_numpy(scores))
    if video_score is not None:
        sample.set_pred_score(video_score.detach())
    return sample


@MODELS.register_module()
class WeaklySupervisedLocalizer(BaseModel):
    """Embedding, prototypes and head on the snippets of untrimmed videos; trained with video-level labels only.

    Any registered part fits that keeps its call in ``rpn_plugin.models.interfaces``.

    Args:
        embedding: Config of the feature embedding (eq. 1).
        neck: Config of the prototype embedding (eq. 2-4); None for a head without prototypes.
        head: Config of the head (eq. 5-11).
        weighting: Config of the similarity weighting (eq. 12, alg. 1); None localizes on the class activation sequence.
        proposals: Config of the proposals.
        nms: Config of the suppression; None keeps every proposal.
        attention_power: The sequence that is localized on is multiplied by the attention, relative to its largest value
            in the video, to this power. 0 is the paper's score, which leaves attention out.
        streams: Streams to concatenate along D; None takes the only one there is.
        data_preprocessor: Config of the data preprocessor.
    """

    def __init__(self,
                 embedding: Mapping[str, Any],
                 head: Mapping[str, Any],
                 neck: Mapping[str, Any] | None = None,
                 weighting: Mapping[str, Any] | None = None,
                 proposals: Mapping[str, Any] = dict(type='ThresholdProposals'),
                 nms: Mapping[str, Any] | None = None,
                 attention_power: float = 0.0,
                 streams: Sequence[str] | None = None,
                 data_preprocessor: Mapping[str, Any] = dict(type='SnippetDataPreprocessor')) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.embedding: Embedding = MODELS.build(embedding)
        self.neck: Neck | None = MODELS.build(neck) if neck else None
        self.head: Head = MODELS.build(head)
        self.weighting: Weighting | None = MODELS.build(weighting) if weighting else None
        self.proposals: ProposalGenerator = MODELS.build(proposals)
        self.nms: Suppression | None = MODELS.build(nms) if nms else None
        self.attention_power = attention_power
        self.streams = tuple(streams) if streams else None

    def forward(self,
                inputs: Mapping[str, SnippetBatch],
                data_samples: Sequence[ActionDataSample] | None = None,
                mode: str = 'tensor') -> Any:
        """Run the network.

        Args:
            inputs: Stream name to packed features.
            data_samples: One per video, with ``gt_label`` (class indices) for ``loss`` and the metainfo ``clock`` and
                ``duration_second`` for ``predict``.
            mode: ``tensor`` gives the :class:`HeadOutput`, ``loss`` a dict of scalars, ``predict`` the samples with
                ``pred_instances`` (segments in seconds, labels, scores; best first) and ``pred_score`` (C,).
        """
        output = self.score(inputs)
        if mode == 'tensor':
            return output
        if mode == 'loss':
            return self.head.loss(output, multi_hot_labels(data_samples, like=output.video_score))
        if mode == 'predict':
            return self.fuse([self.propose(output, data_samples)], [output.video_score], data_samples)
        raise ValueError(f'Expected mode loss, predict or tensor, but got {mode!r}.')

    def score(self, inputs: Mapping[str, SnippetBatch]) -> HeadOutput:
        """Embed, match and pool (eq. 1-8)."""
        batch = select_streams(inputs, self.streams)
        embedded = self.embedding(batch)
        output = self.head(embedded, self.neck() if self.neck is not None else None)
        if not isinstance(output, HeadOutput):
            raise TypeError(f'A head must return a HeadOutput, but {type(self.head).__name__} returned '
                            f'{type(output).__name__}; see rpn_plugin.models.interfaces.Head.')
        return output

    def propose(self, output: HeadOutput, data_samples: Sequence[ActionDataSample]) -> list[Proposals]:
        """Proposals of every video in seconds, before suppression."""
        sequence = self.localization_sequence(output)
        return [self.cut(*video) for video in
                zip(output.embedded.layout.split(sequence), output.video_score, data_samples)]

    def cut(self, sequence: Tensor, video_score: Tensor, sample: ActionDataSample) -> Proposals:
        """Proposals of one video in seconds from its localization sequence (T, C) and class scores (C,)."""
        phi, likely = (to_numpy(values.detach().double()) for values in (sequence, video_score))
        borders, labels, scores = self.proposals(phi, likely)
        segments, inside = clip_segments(sample.clock.to_seconds(borders), sample.duration_second)
        return segments, labels[inside], scores[inside]

    def fuse(self, proposals: Sequence[Sequence[Proposals]], video_scores: Sequence[Tensor],
             data_samples: Sequence[ActionDataSample]) -> list[ActionDataSample]:
        """As ``MultiStreamLocalizer.fuse``, of this one network."""
        return [fill_sample(sample, self.nms(*of_video) if self.nms else best_first(of_video), score)
                for sample, of_video, score in zip(data_samples, proposals[0], video_scores[0])]

    def localization_sequence(self, output: HeadOutput) -> Tensor:
        """What proposals are cut from: phi with attention's part, (N, C)."""
        return self.with_attention(self.weighting(output) if self.weighting else output.cas, output)

    def with_attention(self, sequence: Tensor, output: HeadOutput) -> Tensor:
        """A localization sequence (N, C) with attention's part.

        Raises:
            ValueError: If attention is to count and the head gives none.
        """
        if not self.attention_power:
            return sequence
        if output.attention is None:
            raise ValueError('attention_power needs a head that gives attention, such as RPNHead; use '
                             'attention_power=0 with another head.')
        relative = torch.cat([video / video.max() for video in output.embedded.layout.split(output.attention)])  # (N,)
        return sequence * relative[:, None]**self.attention_power


def best_first(proposals: Proposals) -> Proposals:
    """Sort by confidence, equal ones in input order."""
    segments, labels, scores = proposals
    order = np.argsort(-scores, kind='stable')
    return segments[order], labels[order], scores[order]


def select_streams(inputs: Mapping[str, SnippetBatch], streams: Sequence[str] | None) -> SnippetBatch:
    """Concatenate streams along D.

    Raises:
        ValueError: If a stream is not there, or none is named and there are several.
    """
    if streams is None and len(inputs) > 1:
        raise ValueError(f'The data has the streams {list(inputs)}: name those to use in the localizer\'s streams.')
    streams = streams or tuple(inputs)
    if any(stream not in inputs for stream in streams):
        raise ValueError(f'The localizer expects the streams {list(streams)}, but the data has {list(inputs)}.')
    batches = [inputs[stream] for stream in streams]
    return batches[0].with_features(torch.cat([batch.features for batch in batches], dim=1))
