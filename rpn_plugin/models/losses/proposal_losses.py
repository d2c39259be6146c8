"""Losses on the proposals of a video, between two streams: P-MIL."""
from __future__ import annotations

import math

import numpy as np
import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.models.postprocessors.nms import hard_nms
from rpn_plugin.structures import HeadOutput, pairwise_tiou, to_numpy

STREAMS = (('first', 'second'), ('second', 'first'))
"""Each stream with the other one."""


class RampedLoss(nn.Module):
    """A loss that begins small: times exp(-5 (1 - min(progress / ramp, 1))^2).

    ``ProgressHook`` has to tell it how far training is.

    Args:
        loss_weight: Weight in the total loss, once the ramp is over.
        ramp: Share of the training that the ramp takes, in (0, 1].

    Raises:
        ValueError: If the ramp is outside (0, 1].
    """

    def __init__(self, loss_weight: float, ramp: float) -> None:
        super().__init__()
        if not 0 < ramp <= 1:
            raise ValueError(f'{type(self).__name__} expects a ramp in (0, 1], but got {ramp}.')
        self.loss_weight = loss_weight
        self.ramp = ramp
        self.progress: float | None = None
        """Share of the training that is done, in [0, 1]; None where nobody tells."""

    def factor(self) -> float:
        """The weight at this point of the training; the full one where it does not train.

        Raises:
            RuntimeError: If it trains and does not know how far.
        """
        if self.progress is None:
            if self.training:
                raise RuntimeError(f"{type(self).__name__} does not know how far training is: add default_hooks = dict("
                                   f"progress=dict(type='ProgressHook')) to the config.")
            return self.loss_weight
        return self.loss_weight * math.exp(-5 * (1 - min(self.progress / self.ramp, 1))**2)


@MODELS.register_module()
class ProposalConsistencyLoss(RampedLoss):
    """Lets each of two streams rank overlapping proposals as the other does (P-MIL, Ren et al., CVPR 2023).

    For a labelled class and a proposal whose attention by the teaching stream is above its mean in the video, the
    Kullback-Leibler divergence between the softmaxes over the proposals that overlap it, itself too, of the teacher's
    logits, which do not learn, and of the other stream's. Averaged over those proposals, the labels, the videos of the
    global batch, and both directions.

    Args:
        loss_weight: Weight in the total loss, once the ramp is over.
        ramp: As :class:`RampedLoss`.
    """

    def __init__(self, loss_weight: float = 1.0, ramp: float = 0.15) -> None:
        super().__init__(loss_weight, ramp)

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0, from labels (B, C) in {0, 1}.

        Args:
            output: With ``borders`` (P, 2) and of each stream logits (P, K) and attention (P,).
            labels: At least one class per video.
        """
        split, found = output.embedded.layout.split, []
        streams = {name: (split(output.tensor(f'{name}_logits')), split(output.tensor(f'{name}_attention')))
                   for name, _ in STREAMS}
        for index, borders in enumerate(split(output.tensor('borders'))):
            apart = ~overlapping(borders)
            classes = labels[index].nonzero()[:, 0]
            gaps = []
            for student, teacher in STREAMS:
                attention = streams[teacher][1][index].detach()
                chosen = (attention > attention.mean()).to(labels.dtype)  # (P,)
                told, said = ((streams[name][0][index][:, classes].T[:, None].masked_fill(apart, -math.inf)
                               ).log_softmax(dim=2).masked_fill(apart, 0) for name in (teacher, student))  # (L, P, P)
                told = told.detach()
                divergence = (told.exp().masked_fill(apart, 0) * (told - said)).sum(dim=2)  # (L, P)
                gaps.append((divergence * chosen).sum(dim=1).mean() / chosen.sum().clamp(min=1))
            found.append(torch.stack(gaps).mean())
        return self.factor() * global_batch_mean(torch.stack(found))


@MODELS.register_module()
class CompletenessLoss(RampedLoss):
    """Teaches a stream how well a proposal covers what the other stream takes for an action (P-MIL).

    Of the proposals whose attention by the other stream is above a share of the video's largest one, the best are
    picked one after another, each taking those that it overlaps out of the choice. The completeness of every proposal
    should be its largest tIoU with a pick: the squared difference, averaged over the proposals, the videos of the
    global batch, and both streams.

    Args:
        loss_weight: Weight in the total loss, once the ramp is over.
        ramp: As :class:`RampedLoss`.
        share: In [0, 1), of the largest attention.
    """

    def __init__(self, loss_weight: float = 1.0, ramp: float = 0.15, share: float = 0.8) -> None:
        super().__init__(loss_weight, ramp)
        self.share = share

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read."""
        layout, total = output.embedded.layout, torch.zeros_like(labels[:, 0])
        for student, teacher in STREAMS:
            targets = [self.target(borders, attention) for borders, attention in zip(
                layout.split(output.tensor('borders')), layout.split(output.tensor(f'{teacher}_attention').detach()))]
            gap = (output.tensor(f'{student}_completeness') - torch.cat(targets)).square()
            total = total + layout.mean(gap) / 2
        return self.factor() * global_batch_mean(total)

    def target(self, borders: Tensor, attention: Tensor) -> Tensor:
        """(P,) largest tIoU of each proposal of one video with a pick; 0 where nothing is attended to at all."""
        segments, score = to_numpy(borders.double()), to_numpy(attention.double())
        likely = np.flatnonzero(score > self.share * score.max())
        picks = likely[hard_nms(segments[likely], score[likely], 0.0)]
        return torch.from_numpy(pairwise_tiou(segments, segments[picks]).max(axis=1, initial=0.0)).to(attention)


def overlapping(borders: Tensor) -> Tensor:
    """Whether proposals (P, 2) have time in common: (P, P)."""
    start, end = borders.unbind(dim=1)
    return torch.minimum(end[:, None], end) > torch.maximum(start[:, None], start)
