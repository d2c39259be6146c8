"""Features that clear action and clear background lend to snippets like them: DDG-Net's graph."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, normalize

from rpn_plugin.structures import Layout, at_least_float32
from rpn_plugin.structures.layouts import EXACT_SHARE

LAYERS = 2
"""Graph convolutions of a stream, one after the other."""


class Enhanced(NamedTuple):
    """Features (N, D) of each stream after the graph, and how far its two ways of passing features differ, (N, S)."""

    streams: list[Tensor]
    gaps: Tensor


class DiscriminabilityGraph(BaseModule):
    """Passes features between alike snippets of a video, never from ambiguous ones (DDG-Net, Tang et al., ICCV 2023).

    A snippet is action where every stream's attention is at least 0.5, background where none is, else ambiguous. Two
    snippets are as alike as the mean cosine of their features over streams; what is below the threshold or not among
    a snippet's nearest counts as 0. Action passes to action, background to background, and both, with itself, to an
    ambiguous snippet, in shares that sum to 1. This is done twice: with the features as they are, and through two graph
    convolutions, leaky_relu(W' (x Theta + b)) twice between clear snippets, with weights of action and weights of
    background, and what they give once more to ambiguous ones, with their own features as they are. A snippet keeps
    half of its feature, and gets a quarter of each.

    Args:
        widths: D of each stream.
        threshold: Of the cosine.
        top_ratio: Share of a video's snippets that are nearest, rounded down.
        slope: Of the leaky rectifiers.
    """

    level = 0.5
    """Of the attention, from which on a stream takes a snippet for action."""

    def __init__(self, widths: Sequence[int], threshold: float = 0.8, top_ratio: float = 1 / 10,
                 slope: float = 0.2) -> None:
        super().__init__()
        self.action, self.background = (
            nn.ModuleList([nn.Linear(width, width) for width in widths for _ in range(LAYERS)])
            for _ in range(2))
        self.threshold = threshold
        self.top_ratio = top_ratio
        self.slope = slope

    def forward(self, streams: Sequence[Tensor], attentions: Sequence[Tensor], layout: Layout) -> Enhanced:
        """Pass features.

        Args:
            streams: (N, D) of each stream.
            attentions: (N,) in [0, 1] of each stream, on the features as they are.
            layout: Of the videos.
        """
        action, background = self.kinds(attentions, layout)  # (B, T)
        clear, unclear = self.shares(streams, action, background, layout)  # (B, T, T), from the second to the first
        itself = unclear.diagonal(dim1=1, dim2=2)[..., None]  # (B, T, 1)
        enhanced, gaps = [], []
        for stream, x in enumerate(streams):
            padded = layout.pad(x)  # (B, T, D)
            mean = (clear + unclear) @ padded
            hidden = padded
            for number in range(stream * LAYERS, (stream + 1) * LAYERS):
                one, other = self.action[number], self.background[number]
                through = torch.where(action[..., None], one(hidden), other(hidden))
                hidden = leaky_relu(clear @ through, self.slope)  # 0 at ambiguous snippets
            convolved = hidden + unclear @ hidden + itself * padded
            enhanced.append(layout.unpad(0.5 * padded + 0.25 * (mean + convolved)))
            gaps.append(torch.linalg.vector_norm(at_least_float32(layout.unpad(mean - convolved)), dim=1))
        return Enhanced(enhanced, torch.stack(gaps, dim=1))

    def kinds(self, attentions: Sequence[Tensor], layout: Layout) -> tuple[Tensor, Tensor]:
        """Whether each snippet is action, and whether it is background; (B, T) bool each."""
        votes = torch.stack([layout.pad(attention) >= self.level for attention in attentions]).sum(dim=0)  # (B, T)
        return layout.mask & (votes == len(attentions)), layout.mask & (votes == 0)

    @torch.no_grad()
    def shares(self, streams: Sequence[Tensor], action: Tensor, background: Tensor,
               layout: Layout) -> tuple[Tensor, Tensor]:
        """What each snippet (second axis) takes of each (third axis): clear ones, ambiguous ones; (B, T, T) each."""
        mask = layout.mask  # (B, T)
        with torch.autocast(mask.device.type, enabled=False):
            units = [normalize(layout.pad(at_least_float32(x)), dim=2) for x in streams]
            alike = torch.stack([unit @ unit.transpose(1, 2) for unit in units]).mean(dim=0)  # (B, T, T)
        alike = alike.masked_fill(~mask[:, None], -1)
        number = (self.top_ratio * mask.sum(dim=1).double() + EXACT_SHARE).floor().clamp(min=1)  # (B,), k
        most = max(1, math.floor(self.top_ratio * mask.shape[1] + EXACT_SHARE))  # k of a video of T snippets
        values, nearest = alike.topk(most, dim=2)  # (B, T, k)
        counts = (values >= self.threshold) & (torch.arange(most, device=mask.device) < number[:, None, None])
        alike = torch.zeros_like(alike).scatter(2, nearest, torch.where(counts, values, 0))
        same = (action[:, :, None] & action[:, None]) | (background[:, :, None] & background[:, None])
        itself = torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
        ambiguous = (mask & ~action & ~background)[:, :, None] & ((action | background)[:, None] | itself)
        clear, unclear = (torch.where(pairs, alike, 0) for pairs in (same, ambiguous))
        smallest = torch.finfo(alike.dtype).tiny
        return (clear / clear.sum(dim=2, keepdim=True).clamp(min=smallest),
                unclear / unclear.sum(dim=2, keepdim=True).clamp(min=smallest))
