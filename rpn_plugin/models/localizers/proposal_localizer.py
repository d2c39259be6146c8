"""A second stage that classifies the proposals of a first one: P-MIL."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from rpn_plugin.models.interfaces import Floats, Proposals
from rpn_plugin.models.localizers.samples import best_first, fill_sample, multi_hot_labels
from rpn_plugin.models.localizers.two_stage_localizer import SECOND_STAGE, TwoStageLocalizer
from rpn_plugin.structures import HeadOutput, SnippetBatch, SnippetClock, clip_segments, to_numpy

AT_ONCE = 128
"""Proposals whose bins are read together."""


@MODELS.register_module()
class ProposalLocalizer(TwoStageLocalizer):
    """Multiple instance learning on the proposals of any first stage (P-MIL, Ren et al., CVPR 2023).

    The proposals of the first stage before its suppression, whatever their classes, are described by the features
    inside and around them (:func:`proposal_features`), and a head scores them for every class. Training and testing
    take the same proposals, each border pair once; a video without one has itself as its proposal.

    Args:
        first_stage: As :class:`TwoStageLocalizer`.
        head: Likewise; such as :class:`ProposalHead`.
        streams: Likewise.
        max_proposals: Of a video, those of the first stage's highest confidence.
        min_class_score: A class below it is rejected; the likeliest one of a video never is.
        video_weight: Weight of the video's class score in confidences.
        nms: As :class:`TwoStageLocalizer`.
        data_preprocessor: Likewise.
    """

    def __init__(self,
                 first_stage: Mapping[str, Any],
                 head: Mapping[str, Any],
                 streams: Sequence[str],
                 max_proposals: int = 1000,
                 min_class_score: float = 0.2,
                 video_weight: float = 0.2,
                 nms: Mapping[str, Any] | None = None,
                 data_preprocessor: Mapping[str, Any] = dict(type='SnippetDataPreprocessor')) -> None:
        super().__init__(first_stage, head, streams, nms, data_preprocessor)
        if max_proposals < 1:
            raise ValueError(f'ProposalLocalizer expects max_proposals of at least 1, but got {max_proposals}.')
        self.max_proposals = max_proposals
        self.min_class_score = min_class_score
        self.video_weight = video_weight

    def losses(self, outputs: Mapping[str, HeadOutput],
               data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses of the head on the proposals and the video-level labels of the samples."""
        sequences = {name: output.embedded.layout.split(self.networks[name].localization_sequence(output))
                     for name, output in outputs.items()}
        scored = self.scored_proposals(sequences, outputs)
        return self.head.loss(scored, multi_hot_labels(data_samples, like=scored.video_score))

    def detect(self, sequences: Mapping[str, Sequence[Tensor]], outputs: Mapping[str, HeadOutput],
               data_samples: Sequence[ActionDataSample]) -> list[ActionDataSample]:
        """Score the proposals for each likely class, suppress them and fill in the samples."""
        scored = self.scored_proposals(sequences, outputs)
        layout = scored.embedded.layout
        for sample, borders, score, likely in zip(
                data_samples, layout.split(scored.tensor('borders')), layout.split(scored.cas), scored.video_score):
            found = self._detections(to_numpy(borders.double()), to_numpy(score.detach().double()),
                                     to_numpy(likely.detach().double()), sample)
            fill_sample(sample, self.nms(*found) if self.nms else best_first(found), likely)
        return list(data_samples)

    def _detections(self, borders: Floats, score: Floats, likely: Floats, sample: ActionDataSample) -> Proposals:
        """Every proposal (P, 2) of a video as a detection of each likely class."""
        classes = np.flatnonzero(likely >= self.min_class_score)
        if not classes.size:
            classes = likely.argmax(axis=0, keepdims=True)
        confidence = score[:, classes] + self.video_weight * likely[classes]  # (P, C')
        segments, inside = clip_segments(sample.clock.to_seconds(borders), sample.duration_second)
        number = len(segments)
        return (np.tile(segments, (len(classes), 1)), np.repeat(classes, number), confidence[inside].T.ravel())

    def scored_proposals(self, sequences: Mapping[str, Sequence[Tensor]],
                         outputs: Mapping[str, HeadOutput]) -> HeadOutput:
        """The head's output, whose rows are the proposals of a batch, with their ``borders`` (P, 2) in snippets."""
        features = outputs[SECOND_STAGE].embedded
        described, places = [], []
        for index, video in enumerate(features.split()):
            borders = torch.from_numpy(self.borders(
                {name: sequences[name][index] for name in self.first_stage.networks},
                {name: outputs[name].video_score[index] for name in self.first_stage.networks}, len(video)))
            places.append(borders.to(video))
            described.append(proposal_features(video, borders.to(video.device)))
        output = self.head(SnippetBatch.from_videos(described), None)
        return replace(output, extras={**output.extras, 'borders': torch.cat(places)})

    def borders(self, sequences: Mapping[str, Tensor], video_scores: Mapping[str, Tensor],
                num_snippets: int) -> Floats:
        """Borders (P, 2) in snippets of one video's proposals, in order of time."""
        in_snippets = ActionDataSample(metainfo=dict(clock=SnippetClock(1.0, 1.0), duration_second=float(num_snippets)))
        proposals = self.first_stage.propose(sequences, video_scores, in_snippets)
        segments, scores = (np.concatenate([found[part] for found in proposals]) for part in (0, 2))
        order = np.argsort(-scores, kind='stable')
        _, first = np.unique(segments[order], axis=0, return_index=True)  # of equal ones the most confident
        chosen = segments[order][np.sort(first)[:self.max_proposals]]
        if not len(chosen):
            chosen = np.array([[0.0, num_snippets]])
        return chosen[np.lexsort((chosen[:, 1], chosen[:, 0]))]


def proposal_features(video: Tensor, borders: Tensor, inflation: float = 0.25, bins: int = 12) -> Tensor:
    """What is inside a proposal and how that differs from what is around it.

    A proposal grown by a quarter of its length on either side is cut into twelve equal bins; a bin's feature is the
    mean over its time, where nothing counts as 0 outside the video. The maxima over the two bins before the proposal,
    its own eight and the two behind it are L, M and R.

    Args:
        video: (T, D).
        borders: (P, 2) in snippets, of positive length.
        inflation: Growth on either side in lengths of the proposal.
        bins: A multiple of 6.

    Returns:
        (P, 3 D): M - L, M and M - R.
    """
    total = torch.nn.functional.pad(video.double().cumsum(dim=0), (0, 0, 1, 0))  # (T + 1, D)
    steps = torch.linspace(0, 1, bins + 1, dtype=torch.float64, device=video.device)
    side, found = bins // 6, []
    for part in borders.double().split(AT_ONCE):
        length = (part[:, 1:] - part[:, :1]) * (1 + 2 * inflation)  # (p, 1)
        edges = part[:, :1] - inflation * (part[:, 1:] - part[:, :1]) + length * steps  # (p, bins + 1)
        place = edges.clamp(0, len(video))
        left = place.floor().long().clamp(max=len(video) - 1)
        reached = torch.lerp(total[left], total[left + 1], (place - left)[..., None])  # (p, bins + 1, D)
        means = reached.diff(dim=1) / (length / bins)[..., None]  # (p, bins, D)
        before, inside, behind = (means[:, of].amax(dim=1) for of in (
            slice(side), slice(side, bins - side), slice(bins - side, bins)))  # (p, D)
        found.append(torch.cat([inside - before, inside, inside - behind], dim=1).to(video.dtype))
    return torch.cat(found)
