"""Snippets that represent a video, spread over it, and a memory of those of other videos: RSKP."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from mmaction.registry import MODELS
from mmengine.dist import all_gather_object, is_distributed
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.models.heads.fac_head import cosines
from rpn_plugin.models.heads.snippet_walk import representatives, walked
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.structures import Attention, HeadOutput, Layout, SnippetBatch, at_least_float32


class Scores(NamedTuple):
    """What the class weights say of features: logits of snippets and attention, foreground and background of videos."""

    snippets: Tensor
    attention: Tensor
    video: Tensor
    background: Tensor


class ClassMemory(BaseModule):
    """The features of each class that looked most like it so far, in the checkpoint.

    Args:
        num_classes: C.
        size: Features of a class.
        channels: E.
    """

    def __init__(self, num_classes: int, size: int, channels: int) -> None:
        super().__init__()
        self.features: Tensor
        self.scores: Tensor
        self.register_buffer('features', torch.zeros(num_classes, size, channels))
        self.register_buffer('scores', torch.full((num_classes, size), -1.0))  # below 0: nothing there

    @torch.no_grad()
    def update(self, features: Tensor, scores: Tensor, labels: Tensor) -> None:
        """Keep the highest of what there is and what comes, for the labelled classes of each video.

        Args:
            features: (B, k, E).
            scores: (B, k, C) in [0, 1].
            labels: (B, C) in {0, 1}.
        """
        num_classes, size = self.scores.shape
        offered = scores.to(self.scores).masked_fill(labels[:, None] == 0, float('-inf'))  # (B, k, C)
        together = torch.cat([self.scores, offered.flatten(0, 1).T], dim=1)  # (C, M + B * k)
        kept = together.topk(size, dim=1)
        own = torch.arange(num_classes, device=kept.indices.device)[:, None] * size  # (C, 1), first row of each class
        row = torch.where(kept.indices < size, own + kept.indices, kept.indices + (num_classes - 1) * size)  # (C, M)
        known = torch.cat([self.features.flatten(0, 1), features.flatten(0, 1).to(self.features)])  # (C * M + B * k, E)
        self.features.copy_(known[row])
        self.scores.copy_(kept.values)


@MODELS.register_module()
class RepresentativeSnippetHead(WeaklySupervisedHead):
    """Class and foreground weights on features, and on features that representative snippets have reached.

    RSKP (Huang et al., CVPR 2022). A few representatives of each video are found by expectation and maximization, and a
    random walk spreads them over its snippets. On the features and on the walked ones, s_tc is ``scale`` times the
    cosine with the weight of one of C + 1 classes and a_t the sigmoid of that with the foreground's weight; a video's
    logits are the cosines with the features pooled by a (no background) and, class by class, by the sigmoid of s_.c
    (with background). The snippets' logits learn from the walked ones. From ``memory_from`` on, the representatives of
    other videos of the same classes are spread, too, and teach. Localization is on the mixed softmax of s times a_t.

    Gives ``attention`` and, as extras, ``over_uniform`` (N, C), the sequence times C + 1; ``snippet_logits`` and
    ``walked_snippet_logits`` (N, C + 1); ``background_logits``, ``walked_logits`` and ``walked_background_logits``
    (B, C + 1); ``representatives`` (B, k, E). To the losses with memory also ``memory_logits`` and
    ``memory_background_logits`` (B, C + 1) and ``teacher_logits`` (N, C + 1). ``video_logits`` are those of the
    features. Long videos run in one piece, since representatives take the whole video.

    Args:
        in_channels: E.
        num_classes: C, without background.
        scale: Of cosines with weights.
        assignment_scale: Of cosines with representatives.
        num_representatives: k.
        rounds: Of expectation and maximization.
        restart: Of the walk, in [0, 1).
        memory_size: Representatives that are remembered of each class.
        memory_from: Share of the training's iterations from which on the memory is used.
        memory_share: Of the memory in the teacher's logits.
        plain_share: Of the features themselves in scores; the rest is of the walked ones.
        losses: Losses by name.
        memory_losses: Losses by name once the memory is used; they take the place of those of the same name.

    Raises:
        ValueError: If the restart is outside [0, 1), or a name of a loss does not hold ``loss``.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 losses: Mapping[str, Mapping[str, Any]],
                 memory_losses: Mapping[str, Mapping[str, Any]],
                 scale: float = 20.0,
                 assignment_scale: float = 5.0,
                 num_representatives: int = 8,
                 rounds: int = 2,
                 restart: float = 0.5,
                 memory_size: int = 5,
                 memory_from: float = 0.5,
                 memory_share: float = 0.2,
                 plain_share: float = 0.6) -> None:
        super().__init__(losses)
        if not 0 <= restart < 1:
            raise ValueError(f'RepresentativeSnippetHead expects a restart in [0, 1), but got {restart}.')
        self.memory_losses = WeaklySupervisedHead(memory_losses).losses
        self.class_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_classes + 1, in_channels)))
        self.foreground_weight = nn.Parameter(-self.class_weight.detach()[-1:])  # (1, E), background's opposite
        self.start = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_representatives, in_channels)))
        self.memory = ClassMemory(num_classes, memory_size, in_channels)
        self.num_classes = num_classes
        self.scale, self.assignment_scale = scale, assignment_scale
        self.rounds, self.restart = rounds, restart
        self.memory_from, self.memory_share = memory_from, memory_share
        self.plain_share = plain_share
        self.memory_due: bool | None = None

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
        centres = representatives(x, self.start, layout, self.assignment_scale, self.rounds)  # (B, k, E)
        plain = self.classify(x, layout)
        reached = self.classify(walked(x, centres, layout, self.assignment_scale, self.restart), layout)
        snippets, video = (self.plain_share * one.softmax(dim=1) + (1 - self.plain_share) * two.softmax(dim=1)
                           for one, two in ((plain.snippets, reached.snippets), (plain.video, reached.video)))
        sequence = snippets[:, :-1] * plain.attention[:, None]  # (N, C)
        return HeadOutput(
            embedded=embedded,
            cas=sequence,
            video_score=video[:, :-1],
            video_logits=plain.video,
            attentions=dict(attention=Attention(plain.attention, sums_to_one=False)),
            extras=dict(
                over_uniform=sequence * (self.num_classes + 1), snippet_logits=plain.snippets,
                walked_snippet_logits=reached.snippets, background_logits=plain.background,
                walked_logits=reached.video, walked_background_logits=reached.background, representatives=centres))

    def classify(self, x: Tensor, layout: Layout) -> Scores:
        """Scores of features (N, E). Pooled features need no division: their cosines do not change by it."""
        logits = self.scale * cosines(x, torch.cat([self.class_weight, self.foreground_weight]))  # (N, K + 1)
        shares = logits.sigmoid()
        pooled = layout.weighted_sum(shares, x)  # (B, K + 1, E), the last by attention
        of_class = nn.functional.normalize(pooled[:, :-1], dim=2)  # (B, K, E)
        own = (of_class * nn.functional.normalize(self.class_weight, dim=1)).sum(dim=2)  # (B, K)
        return Scores(logits[:, :-1], shares[:, -1], self.scale * cosines(pooled[:, -1], self.class_weight),
                      self.scale * own)

    def loss(self, output: HeadOutput, labels: Tensor) -> dict[str, Tensor]:
        """Losses by name, with the memory once it is due; the batch is then remembered.

        Raises:
            RuntimeError: If it trains and nobody says whether the memory is due.
        """
        if self.memory_due is None and self.training:
            raise RuntimeError("RepresentativeSnippetHead does not know whether its memory is due: add default_hooks = "
                               "dict(memory=dict(type='MemoryHook')) to the config.")
        if not self.memory_due:
            return super().loss(output, labels)
        output = self.with_memory(output, labels)
        losses = {**self.losses, **self.memory_losses}
        found = {name: loss(output, labels) for name, loss in losses.items()}
        if self.training:
            self.remember(output, labels)
        return found

    def with_memory(self, output: HeadOutput, labels: Tensor) -> HeadOutput:
        """The output and what the memory says of it.

        Args:
            output: Of :meth:`forward`.
            labels: (B, C): a video's snippets are reached by what is remembered of its classes.
        """
        x, layout = output.embedded.features, output.embedded.layout
        with torch.autocast(x.device.type, enabled=False):
            there = self.memory.scores >= 0  # (C, M)
            allowed = ((labels > 0)[..., None] & there).flatten(1)  # (B, C * M)
            # Copies: remembering the batch changes the buffers before the backward pass reads them.
            centres = self.memory.features.to(x, copy=True).flatten(0, 1).expand(len(labels), -1, -1)
            reached = self.classify(walked(x, centres, layout, self.assignment_scale, self.restart, allowed), layout)
        own = output.extras['walked_snippet_logits']
        teacher = self.memory_share * reached.snippets + (1 - self.memory_share) * own  # (N, K)
        return replace(output, extras=dict(
            output.extras, memory_logits=reached.video, memory_background_logits=reached.background,
            teacher_logits=teacher))

    @property
    def memory_is_empty(self) -> bool:
        """Whether nothing is remembered yet."""
        return bool((self.memory.scores < 0).all())

    @torch.no_grad()
    def remember(self, output: HeadOutput, labels: Tensor, gather: bool = True) -> None:
        """Take the representatives of a batch into the memory.

        Args:
            output: Of :meth:`forward`.
            labels: (B, C) in {0, 1}.
            gather: Take in those of all processes, in the order of their ranks, so that all remember the same.
        """
        centres = output.extras['representatives']  # (B, k, E)
        likely = (self.scale * cosines(centres, self.class_weight)).softmax(dim=2)[..., :-1]  # (B, k, C)
        batches = [(centres, likely, labels)]
        if gather and is_distributed():
            batches = all_gather_object(tuple(part.detach().cpu() for part in batches[0]))
        for batch in batches:
            self.memory.update(*batch)
