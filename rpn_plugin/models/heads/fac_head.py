"""Foreground and action in agreement: FAC-Net."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import HeadOutput, SnippetBatch, at_least_float32


@MODELS.register_module()
class FACHead(WeaklySupervisedHead):
    """Class weights and a foreground weight that attend for each other, by cosines (FAC-Net, Huang et al., ICCV 2021).

    s_tc is ``scale`` times the cosine of a snippet and the weight w_c of one of C + 1 classes, f_t that with the
    foreground weight v. For each temperature, a softmax over time of s_.c gives a feature g_c of each class and a
    softmax over time of f one feature g of the foreground. A video's logits are: class-wise, how much g_c looks like v;
    class-agnostic, how much g looks like w_c; and the attended s_.c themselves, the multiple instance branch; each the
    mean over temperatures. Localization is on the softmax over classes of s.

    Gives as extras ``over_uniform`` (N, C), that softmax times C + 1, so that 1 is the level of equal logits for any
    number of classes, and ``class_wise_logits`` and ``instance_logits`` (B, C + 1); ``video_logits`` are the
    class-agnostic ones.

    Args:
        in_channels: E.
        num_classes: C, without background.
        scale: Of the cosines of snippets.
        video_scale: Of the cosines of pooled features.
        instance_scale: Factor of the multiple instance branch.
        temperatures: Factors in the softmaxes over time.
        loss_class_wise: Config of the loss on the class-wise logits.
        loss_agnostic: Config of the loss on the class-agnostic logits.
        loss_instance: Config of the loss on the multiple instance branch.
        losses: Further losses by name.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 scale: float = 5.0,
                 video_scale: float = 10.0,
                 instance_scale: float = 2.0,
                 temperatures: Sequence[float] = (1.0, 2.0, 5.0),
                 loss_class_wise: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', logits='class_wise_logits', background=0),
                 loss_agnostic: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', loss_weight=0.1, background=0),
                 loss_instance: Mapping[str, Any] = dict(
                     type='VideoClassificationLoss', loss_weight=0.1, logits='instance_logits', background=1),
                 losses: Mapping[str, Mapping[str, Any]] = {}) -> None:
        super().__init__(dict(
            loss_class_wise=loss_class_wise, loss_agnostic=loss_agnostic, loss_instance=loss_instance, **losses))
        self.class_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_classes + 1, in_channels)))
        self.foreground_weight = nn.Parameter(-self.class_weight.detach()[-1:])  # (1, E), background's opposite
        self.num_classes = num_classes
        self.scale, self.video_scale, self.instance_scale = scale, video_scale, instance_scale
        self.temperatures = tuple(temperatures)

    def forward(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> HeadOutput:
        """Score the snippets and the videos.

        Args:
            embedded: Features (N, E).
            prototypes: Unused.
        """
        with torch.autocast(embedded.features.device.type, enabled=False):
            return self.score(embedded.with_features(at_least_float32(embedded.features)))

    def score(self, embedded: SnippetBatch) -> HeadOutput:
        """Score a batch in full precision, see :meth:`forward`."""
        x, layout = embedded.features, embedded.layout
        both = self.scale * cosines(x, torch.cat([self.class_weight, self.foreground_weight]))  # (N, C + 2)
        s = both[:, :-1]  # (N, C + 1)
        shares = [layout.softmax(temperature * both) for temperature in self.temperatures]
        pooled = layout.weighted_sum(torch.cat(shares, dim=1), x).chunk(len(shares), dim=1)  # (B, C + 2, E) each
        class_wise, agnostic, instance = [], [], []
        for share, of_all in zip(shares, pooled):
            class_wise.append(self.video_scale * cosines(of_all[:, :-1], self.foreground_weight)[..., 0])
            agnostic.append(self.video_scale * cosines(of_all[:, -1], self.class_weight))
            instance.append(self.instance_scale * layout.sum(share[:, :-1] * s))
        logits = torch.stack(agnostic).mean(dim=0)  # (B, C + 1)
        likely = s.softmax(dim=1)[:, :-1]  # (N, C)
        return HeadOutput(
            embedded=embedded,
            cas=likely,
            video_score=logits.softmax(dim=1)[:, :-1],
            video_logits=logits,
            extras=dict(
                over_uniform=likely * (self.num_classes + 1),
                class_wise_logits=torch.stack(class_wise).mean(dim=0),
                instance_logits=torch.stack(instance).mean(dim=0)))


SHORTEST = 1e-12
"""Length that vectors are taken to have at least where something is divided by it, as torch's ``normalize`` does."""


def lengths(vectors: Tensor) -> Tensor:
    """Lengths of vectors (..., E), at least :data:`SHORTEST`: (..., 1)."""
    return torch.linalg.vector_norm(vectors, dim=-1, keepdim=True).clamp(min=SHORTEST)


def cosines(vectors: Tensor, weights: Tensor) -> Tensor:
    """Cosines of vectors (..., E) with weights (K, E): (..., K). The products are divided, not the longer vectors."""
    return vectors @ nn.functional.normalize(weights, dim=-1).T / lengths(vectors)
