"""The places of each video's snippets in a batch, and the operations over the time of each video."""
from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

EXACT_SHARE = 1e-9
"""Rounding error that a share of a number of snippets may have: 0.1 * 30 is 3 snippets, not 4."""


class Layout(Protocol):
    """The operations over each video's time that a part of a model may use.

    Rows are snippets: N of them, or B * T places of which the first of each video are snippets (:class:`PaddedLayout`).
    A part that knows the videos of a batch by these operations alone runs packed, padded and in an exported graph.
    """

    @property
    def num_videos(self) -> int:
        """B."""

    @property
    def mask(self) -> Tensor:
        """(B, T) bool, True at real snippets."""

    def pad(self, values: Tensor, fill: float = 0.0) -> Tensor:
        """(N, ...) to (B, T, ...), ``fill`` where a video has no snippet: for what relates the snippets of a video."""

    def unpad(self, padded: Tensor) -> Tensor:
        """(B, T, ...) to (N, ...), the inverse of :meth:`pad`."""

    def softmax(self, values: Tensor) -> Tensor:
        """Softmax over the time of each video: (N, ...) to (N, ...)."""

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the time of each video: (N, ...) to (B, ...)."""

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the time of each video: (N, ...) to (B, ...)."""

    def weighted_sum(self, weights: Tensor, values: Tensor) -> Tensor:
        """Sums over the time of each video with several weights: (N, K) and (N, E) to (B, K, E)."""

    def products(self, values: Tensor, vectors: Tensor) -> Tensor:
        """Products of each snippet with the vectors of its video: (N, E) and (B, K, E) to (N, K)."""

    def max(self, values: Tensor) -> Tensor:
        """Largest value over the time of each video: (N, ...) to (B, ...)."""

    def top_k_mean(self, values: Tensor, ratio: float, round_up: bool = True) -> Tensor:
        """Mean of each video's k largest values: (N, C) to (B, C), k as :func:`snippets_of_share` of the ratio."""

    def top_k_weights(self, values: Tensor, ratio: float, round_up: bool = True) -> Tensor:
        """1 / k at each video's k largest values and 0 elsewhere: (N, ...) to (N, ...), k as for :meth:`top_k_mean`.

        So the sum over time of features times these weights is their mean over the chosen snippets. Of equal values at
        the border any may be chosen.
        """

    def spread(self, values: Tensor) -> Tensor:
        """Give every snippet the value of its video: (B, ...) to (N, ...)."""

    def split(self, values: Tensor) -> tuple[Tensor, ...]:
        """(N, ...) to one (T_b, ...) per video. Not in an exported graph, whose number of videos is free."""

    def with_gaps(self, values: Tensor, gap: int) -> Tensor:
        """Rows with ``gap`` rows of zeros before, between and behind the videos, for windows that reach so far."""

    def without_gaps(self, windows: Tensor, gap: int) -> Tensor:
        """The windows of 2 * gap + 1 rows over :meth:`with_gaps` that are centred on the rows: to (N, E)."""


def snippets_of_share(ratio: float, num_snippets: int, round_up: bool = True) -> int:
    """Whole number of snippets that are a share of a video, at least one.

    >>> snippets_of_share(0.125, 20), snippets_of_share(0.125, 20, round_up=False), snippets_of_share(0.1, 3, False)
    (3, 2, 1)

    Args:
        ratio: In (0, 1].
        num_snippets: T, at least 1.
        round_up: Up to the next whole number, or down.
    """
    exact = ratio * num_snippets
    return max(1, math.ceil(exact - EXACT_SHARE) if round_up else math.floor(exact + EXACT_SHARE))


class PackedLayout:
    """The snippets of B videos one after another, N = T_1 + ... + T_B rows and no padding.

    Heavy products over features touch real snippets only. Narrow per-class or per-video work (softmax over time, top-k)
    pads to (B, T) and back.

    >>> layout = PackedLayout([2, 1])
    >>> layout.softmax(torch.zeros(3)).tolist()
    [0.5, 0.5, 1.0]
    >>> [video.tolist() for video in layout.split(torch.arange(3))]
    [[0, 1], [2]]

    Args:
        lengths: Snippets T_b of each video, each at least 1.
        device: Where the index tensors live.

    Raises:
        ValueError: If there is no video, or one without snippets.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device | str = 'cpu') -> None:
        self.lengths = tuple(operator.index(length) for length in lengths)
        if not self.lengths or min(self.lengths) < 1:
            raise ValueError(f'A batch needs at least one video, each with at least one snippet, but got lengths '
                             f'{list(self.lengths)}.')
        self.device = torch.device(device)
        self._gap_indices: dict[int, Tensor] = {}

    @property
    def num_videos(self) -> int:
        """B."""
        return len(self.lengths)

    @property
    def max_length(self) -> int:
        """T, the longest video's snippets."""
        return max(self.lengths)

    @cached_property
    def mask(self) -> Tensor:
        """(B, T) bool, True at real snippets."""
        length = torch.tensor(self.lengths)
        return self._to_device(torch.arange(self.max_length) < length[:, None])

    @cached_property
    def _padded_index(self) -> Tensor:
        """(N,) place of each packed snippet in the flattened (B * T) padded batch."""
        lengths = torch.tensor(self.lengths)
        padding = (self.max_length - lengths).cumsum(0) - (self.max_length - lengths)  # (B,), before each video
        return self._to_device(torch.arange(int(sum(self.lengths))) + padding.repeat_interleave(lengths))

    @cached_property
    def _video_index(self) -> Tensor:
        """(N,) video of each packed snippet."""
        return self._to_device(torch.repeat_interleave(torch.tensor(self.lengths)))

    def _to_device(self, index: Tensor) -> Tensor:
        """Copy to the device, without waiting for what it still computes."""
        return index.to(self.device, non_blocking=True)

    def pad(self, values: Tensor, fill: float = 0.0) -> Tensor:
        """See :class:`Layout`."""
        tail = values.shape[1:]
        padded = values.new_full((self.num_videos * self.max_length, *tail), fill)
        return padded.index_copy_(0, self._padded_index, values).view(self.num_videos, self.max_length, *tail)

    def unpad(self, padded: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return padded.flatten(0, 1).index_select(0, self._padded_index)

    def spread(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return values.index_select(0, self._video_index)

    def split(self, values: Tensor) -> tuple[Tensor, ...]:
        """See :class:`Layout`; the parts are views."""
        return values.split(self.lengths)

    def softmax(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        padded = self.pad(values, fill=float('-inf'))  # (B, T, ...)
        return self.unpad(padded.softmax(dim=1))

    def sum(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return self.pad(values).sum(dim=1)

    def mean(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        count = self._to_device(torch.tensor(self.lengths))
        return self.sum(values) / count.to(values.dtype).reshape(-1, *[1] * (values.ndim - 1))

    def weighted_sum(self, weights: Tensor, values: Tensor) -> Tensor:
        """See :class:`Layout`; on a CPU video by video, which copies nothing."""
        if self.device.type == 'cpu':
            return torch.stack([weight.T @ value for weight, value in zip(self.split(weights), self.split(values))])
        return self.pad(weights).transpose(1, 2) @ self.pad(values)

    def products(self, values: Tensor, vectors: Tensor) -> Tensor:
        """See :class:`Layout`; on a CPU video by video, which copies nothing."""
        if self.device.type == 'cpu':
            return torch.cat([value @ vector.T for value, vector in zip(self.split(values), vectors)])
        return self.unpad(self.pad(values) @ vectors.transpose(1, 2))

    def max(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return self.pad(values, fill=float('-inf')).amax(dim=1)

    def top_k_mean(self, values: Tensor, ratio: float, round_up: bool = True) -> Tensor:
        """See :class:`Layout`."""
        return torch.stack([video.topk(snippets_of_share(ratio, len(video), round_up), dim=0).values.mean(dim=0)
                            for video in self.split(values)])

    def top_k_weights(self, values: Tensor, ratio: float, round_up: bool = True) -> Tensor:
        """See :class:`Layout`."""
        weights = torch.zeros_like(values)
        for video, of_video in zip(self.split(values), self.split(weights)):
            k = snippets_of_share(ratio, len(video), round_up)
            of_video.scatter_(0, video.topk(k, dim=0).indices, 1 / k)
        return weights

    def with_gaps(self, values: Tensor, gap: int) -> Tensor:
        """See :class:`Layout`: (N, D) to (N + gap * (B + 1), D)."""
        rows = len(values) + gap * (self.num_videos + 1)
        return values.new_zeros(rows, *values.shape[1:]).index_copy_(0, self._gap_index(gap) + gap, values)

    def without_gaps(self, windows: Tensor, gap: int) -> Tensor:
        """See :class:`Layout`: (N + gap * (B - 1), E) to (N, E)."""
        return windows.index_select(0, self._gap_index(gap))

    def _gap_index(self, gap: int) -> Tensor:
        """(N,) place of each snippet where only the videos before it have a gap behind them."""
        if gap not in self._gap_indices:
            video = torch.arange(self.num_videos).repeat_interleave(torch.tensor(self.lengths))
            self._gap_indices[gap] = self._to_device(torch.arange(len(video)) + gap * video)
        return self._gap_indices[gap]


class PaddedLayout:
    """B videos of T places each, B * T rows, of which the first of each video are real.

    For runtimes that know no packed batches. What lies beyond a video's end is never read.

    >>> layout = PaddedLayout(torch.tensor([[True, True], [True, False]]))
    >>> layout.sum(torch.tensor([1.0, 2.0, 3.0, 100.0])).tolist()
    [3.0, 3.0]

    Args:
        mask: (B, T) bool, True at real snippets.
    """

    def __init__(self, mask: Tensor) -> None:
        self._mask = mask

    @property
    def mask(self) -> Tensor:
        """(B, T) bool, True at real snippets."""
        return self._mask

    @property
    def num_videos(self) -> int:
        """B."""
        return self.mask.shape[0]

    def pad(self, values: Tensor, fill: float = 0.0) -> Tensor:
        """See :class:`Layout`."""
        videos = values.unflatten(0, self.mask.shape)
        mask = self.mask.reshape(*self.mask.shape, *[1] * (videos.ndim - 2))
        return videos.masked_fill(~mask, fill)

    def unpad(self, padded: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return padded.flatten(0, 1)

    def spread(self, values: Tensor) -> Tensor:
        """See :class:`Layout`; places beyond a video's end get its value, too."""
        return values[:, None].expand(*self.mask.shape, *values.shape[1:]).flatten(0, 1)

    def split(self, values: Tensor) -> tuple[Tensor, ...]:
        """See :class:`Layout`."""
        return tuple(video[real] for video, real in zip(values.unflatten(0, self.mask.shape), self.mask))

    def softmax(self, values: Tensor) -> Tensor:
        """See :class:`Layout`; 0 beyond a video's end."""
        return self.pad(values, float('-inf')).softmax(dim=1).flatten(0, 1)

    def sum(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return self.pad(values).sum(dim=1)

    def mean(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        count = self.mask.sum(dim=1).to(values.dtype)
        return self.sum(values) / count.reshape(-1, *[1] * (values.ndim - 1))

    def weighted_sum(self, weights: Tensor, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return self.pad(weights).transpose(1, 2) @ self.pad(values)

    def products(self, values: Tensor, vectors: Tensor) -> Tensor:
        """See :class:`Layout`; 0 beyond a video's end."""
        return (self.pad(values) @ vectors.transpose(1, 2)).flatten(0, 1)

    def max(self, values: Tensor) -> Tensor:
        """See :class:`Layout`."""
        return self.pad(values, float('-inf')).amax(dim=1)

    def _top(self, ratio: float, round_up: bool) -> Tensor:
        """(B,) k of :func:`snippets_of_share` of each video."""
        exact = ratio * self.mask.sum(dim=1).double()
        return ((exact - EXACT_SHARE).ceil() if round_up else (exact + EXACT_SHARE).floor()).clamp(min=1)

    def top_k_weights(self, values: Tensor, ratio: float, round_up: bool = True) -> Tensor:
        """See :class:`Layout`; 0 beyond a video's end."""
        k = self._top(ratio, round_up)[:, None]  # (B, 1)
        order = self.pad(values, float('-inf')).argsort(dim=1, descending=True)  # (B, T, ...)
        share = torch.where(torch.arange(order.shape[1], device=k.device) < k, 1 / k, 0.0).to(values.dtype)  # (B, T)
        share = share.reshape(*share.shape, *[1] * (order.ndim - 2)).expand(order.shape)
        return torch.zeros_like(share).scatter(1, order, share).flatten(0, 1)

    def top_k_mean(self, values: Tensor, ratio: float, round_up: bool = True) -> Tensor:
        """See :class:`Layout`; sorts, since k differs between the videos."""
        k = self._top(ratio, round_up)
        ordered = self.pad(values, float('-inf')).sort(dim=1, descending=True).values  # (B, T, C)
        chosen = torch.arange(ordered.shape[1], device=k.device) < k[:, None]  # (B, T)
        return ordered.masked_fill(~chosen[..., None], 0.0).sum(dim=1) / k[:, None].to(values.dtype)

    def with_gaps(self, values: Tensor, gap: int) -> Tensor:
        """Rows with ``gap`` rows of zeros on both sides of every video: (B * T, D) to (B * (T + 2 * gap), D)."""
        return F.pad(self.pad(values), (0, 0, gap, gap)).flatten(0, 1)

    def without_gaps(self, windows: Tensor, gap: int) -> Tensor:
        """See :class:`Layout`: to (B * T, E)."""
        whole = F.pad(windows, (0, 0, 0, 2 * gap)).unflatten(0, (self.num_videos, -1))  # (B, T + 2 * gap, E)
        return whole[:, :self.mask.shape[1]].flatten(0, 1)
