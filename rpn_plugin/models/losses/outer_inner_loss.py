"""Boxes that should be hot inside and cold around: AutoLoc's loss."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import pad

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.models.postprocessors.nms import hard_nms
from rpn_plugin.structures import HeadOutput, to_numpy

GROWTH, LEAST_GROWTH = 0.25, 1.0
"""Of a box to its outer box, on either side: in lengths of the box, and in snippets at least."""


class Boxes(NamedTuple):
    """Borders (M, 2) in snippets and scores (M,) in [0, 1], best first."""

    borders: Tensor
    scores: Tensor


def contrast(heat: Tensor, borders: Tensor) -> Tensor:
    """Mean heat inside a box less that around it, brought to [0, 1].

    Heat is constant over a snippet and 0 outside the video. The gradient is that of the borders: moving one takes in or
    leaves out the heat beside it.

    >>> contrast(torch.tensor([0.0, 1.0, 1.0, 0.0]), torch.tensor([[1.0, 3.0], [0.0, 4.0], [2.0, 2.0]])).tolist()
    [1.0, 0.75, 0.0]

    Args:
        heat: (T,) in [0, 1].
        borders: (..., 2) in snippets, within the video.

    Returns:
        (...,); 0 for an empty box.
    """
    total = pad(heat.cumsum(dim=0), (1, 0))  # (T + 1,)

    def until(place: Tensor) -> Tensor:
        place = place.clamp(0, len(heat))
        left = place.detach().floor().long().clamp(max=len(heat) - 1)
        return torch.lerp(total[left], total[left + 1], place - left)

    start, end = borders.unbind(dim=-1)
    length = end - start
    growth = (GROWTH * length).clamp(min=LEAST_GROWTH)
    inside = until(end) - until(start)
    around = until(end + growth) - until(start - growth) - inside
    proper = length > 0
    score = (inside / torch.where(proper, length, 1) - around / (2 * growth) + 1) / 2
    return torch.where(proper, score, 0)


def best_boxes(heat: Tensor, borders: Tensor, min_heat: float, min_score: float, overlap: float) -> Boxes:
    """The boxes of one video and class: at each hot snippet its best anchor, and of these who stay after suppression.

    Args:
        heat: (T,) in [0, 1].
        borders: (T, A, 2) in snippets of each anchor, within the video.
        min_heat: Heat from above which a snippet has a box.
        min_score: Score of :func:`contrast` from above which a box may stay.
        overlap: tIoU with a better box above which one goes.
    """
    of_anchors, anchor = contrast(heat, borders).max(dim=1)  # (T,)
    place = ((heat > min_heat) & (of_anchors > min_score)).nonzero()[:, 0]
    chosen, scores = borders[place, anchor[place]], of_anchors[place]  # (M, 2), (M,)
    kept = hard_nms(to_numpy(chosen.detach().double()), to_numpy(scores.detach().double()), overlap)
    index = torch.from_numpy(np.ascontiguousarray(kept)).to(place.device)
    return Boxes(chosen[index], scores[index])


@MODELS.register_module()
class OuterInnerLoss(nn.Module):
    """1 less the mean score of a video's boxes of its labelled classes; 1 where there is none (AutoLoc).

    Shou et al., ECCV 2018, their outer-inner contrastive loss; averaged over the videos of the global batch.

    Args:
        loss_weight: Weight in the total loss.
        min_heat: As :func:`best_boxes`.
        min_score: Likewise.
        overlap: Likewise.
    """

    def __init__(self, loss_weight: float = 1.0, min_heat: float = 0.1, min_score: float = 0.3,
                 overlap: float = 0.4) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.selection = dict(min_heat=min_heat, min_score=min_score, overlap=overlap)

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar in [0, 1] times the weight.

        Args:
            output: With ``heat`` (N, C) in [0, 1] and ``borders`` (N, A, 2) in snippets.
            labels: (B, C) in {0, 1}.
        """
        layout, found = output.embedded.layout, []
        for heat, borders, label in zip(
                layout.split(output.tensor('heat')), layout.split(output.tensor('borders')), labels):
            scores = torch.cat([best_boxes(heat[:, place], borders, **self.selection).scores
                                for place in label.nonzero()[:, 0].tolist()])
            found.append(1 - scores.mean() if len(scores) else 1 + 0 * borders.sum())
        return self.loss_weight * global_batch_mean(torch.stack(found))
