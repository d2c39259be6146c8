"""The smallest part of each kind that keeps the contract of ``rpn_plugin.models.interfaces``, and models made of them.

They know nothing of the package but its structures and the registry, as somebody else's parts would.
"""
from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from tiny_model import CLASSES, model_config
from torch import nn

from rpn_plugin.models import WeaklySupervisedHead, global_mean
from rpn_plugin.structures import Attention, HeadOutput


@MODELS.register_module()
class SmallestEmbedding(nn.Module):
    """Says neither how far it sees nor how wide its features are."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 6)

    def forward(self, batch):
        return batch.with_features(self.linear(batch.features))


@MODELS.register_module()
class SmallestNeck(nn.Module):
    """Prototypes, and no number of classes."""

    def __init__(self) -> None:
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(len(CLASSES), 6))

    def forward(self):
        return self.prototypes


@MODELS.register_module()
class SmallestHead(nn.Module):
    """The two scores that localization needs."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, len(CLASSES))

    def forward(self, embedded, prototypes):
        cas = self.linear(embedded.features)
        return HeadOutput(embedded, cas, embedded.layout.sum(cas).softmax(dim=1))

    def loss(self, output, labels):
        return dict(loss=-(labels * output.video_score.log()).mean())


@MODELS.register_module()
class BackgroundHead(WeaklySupervisedHead):
    """A background class, a gate, and a second pass over suppressed features, without an embedding before it."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__(dict(
            loss_base=dict(type='VideoClassificationLoss', background=1),
            loss_suppressed=dict(type='VideoClassificationLoss', logits='suppressed_logits', background=0),
            loss_pairs=dict(type='SmallestPairLoss')))
        self.in_channels, self.num_classes = in_channels, num_classes
        self.gate = nn.Linear(in_channels, 1)
        self.classifier = nn.Sequential(nn.Linear(in_channels, 6), nn.ReLU(), nn.Linear(6, num_classes + 1))
        self.classifier.num_classes = num_classes + 1  # its own matter: the data has no class of background

    def forward(self, embedded, prototypes):
        gate = self.gate(embedded.features).sigmoid()  # (N, 1)
        base, suppressed = self.classifier(embedded.features), self.classifier(gate * embedded.features)  # (N, C + 1)
        pooled = [embedded.layout.top_k_mean(logits, 0.125) for logits in (base, suppressed)]  # (B, C + 1)
        return HeadOutput(
            embedded, suppressed[:, :-1], pooled[1].softmax(dim=1)[:, :-1], video_logits=pooled[0],
            attentions=dict(gate=Attention(gate[:, 0], sums_to_one=False)),
            extras=dict(suppressed_logits=pooled[1]))


@MODELS.register_module()
class SmallestPairLoss(nn.Module):
    """Draws together the mean features of videos that share a class, over all such pairs of the global batch."""

    def forward(self, output, labels):
        mean = nn.functional.normalize(torch.stack([video.mean(dim=0) for video in output.embedded.split()]), dim=1)
        shared = (labels @ labels.T).triu(diagonal=1)  # (B, B)
        return global_mean((shared * (1 - mean @ mean.T)).sum(), shared.sum())


@MODELS.register_module()
class SmallestWeighting(nn.Module):
    """A weighting without algorithm 1."""

    def forward(self, output):
        return output.cas * output.embedded.layout.softmax(output.similarity)


@MODELS.register_module()
class SmallestProposals:
    """The whole video for every class."""

    def __call__(self, sequence, video_score):
        count = sequence.shape[1]
        return np.tile([[0.0, len(sequence)]], (count, 1)), np.arange(count), sequence.max(axis=0)


@MODELS.register_module()
class SmallestSuppression:
    """The best proposal alone."""

    def __call__(self, segments, labels, scores):
        best = np.argsort(-scores)[:1]
        return segments[best], labels[best], scores[best]


@MODELS.register_module()
class SmallestNetwork(nn.Module):
    """A way of its own from a stream to proposals."""

    def __init__(self, streams) -> None:
        super().__init__()
        self.streams = tuple(streams)
        self.linear = nn.Linear(4, len(CLASSES))

    def run(self, inputs):
        batch = inputs[self.streams[0]]
        cas = self.linear(batch.features)
        return HeadOutput(batch, cas, batch.layout.top_k_mean(cas, 0.5).softmax(dim=1))

    def loss_of(self, output, data_samples):
        target = torch.stack([torch.eye(len(CLASSES))[sample.gt_label].sum(dim=0).clamp(max=1)
                              for sample in data_samples])
        return dict(loss=-(target * output.video_score.log()).mean())

    def localization_sequence(self, output):
        return output.cas

    def cut(self, sequence, video_score, sample, scored=None):
        borders = np.array([[0.0, len(sequence)]])
        return sample.clock.to_seconds(borders), np.array([int(video_score.argmax())]), np.array([1.0])


def changed(**parts: Any) -> dict:
    """The two-stream model of the tests with other parts."""
    config = copy.deepcopy(model_config())
    config['localizer'].update(parts)
    return config


MODELS_OF_SMALLEST_PARTS: dict[str, dict] = {
    'embedding': changed(embedding=dict(type='SmallestEmbedding')),
    'neck': changed(neck=dict(type='SmallestNeck')),
    'head': changed(neck=None, weighting=None, head=dict(type='SmallestHead')),
    'head with background': changed(embedding=None, neck=None, weighting=None, attention_power=1.0,
                                    head=dict(type='BackgroundHead', in_channels=4, num_classes=3)),
    'loss': changed(head=dict(type='RPNHead', in_channels=6, losses=dict(loss_pairs=dict(type='SmallestPairLoss')))),
    'weighting': changed(weighting=dict(type='SmallestWeighting')),
    'proposals': changed(proposals=dict(type='SmallestProposals')),
    'suppression': model_config(nms=dict(type='SmallestSuppression')),
    'network': model_config(localizer=dict(type='SmallestNetwork')),
    'mixed networks': model_config(
        streams=dict(rgb={}, flow=dict(neck=None, weighting=None, head=dict(
            _delete_=True, type='TopKMILHead', in_channels=6, num_classes=3))),
        weights=dict(rgb=0.5), scored_by=dict(flow=['rgb', 'flow']), network_nms=dict(type='TemporalNMS')),
}
"""By the part that is the smallest of its kind; the others are the project's own."""

RUN_WHOLE = {
    'embedding': 'SmallestEmbedding does not say how far it sees', 'head': 'SmallestHead is not split in time',
    'head with background': 'BackgroundHead is not split in time',
    'weighting': 'SmallestWeighting cannot read a video in parts',
    'network': 'SmallestNetwork is no WeaklySupervisedLocalizer'}
"""Those whose long videos run in one piece, and why."""

NOT_EXPORTED = {
    'embedding': 'Network rgb cannot be exported: SmallestEmbedding does not state the width of the features',
    'network': 'Network rgb cannot be exported: SmallestNetwork does not state the width of the features'}
"""Those that are not exported, and why."""
