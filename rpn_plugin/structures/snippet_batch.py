"""Videos of different lengths in one batch, without padding."""
from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Sequence

import torch
from torch import Tensor


class SnippetLayout:
    """Where each video's snippets lie in a packed batch.

    The N = T_1 + ... + T_B snippets of B videos stand one after another, so the heavy products over features touch
    real snippets only. Narrow per-class or per-video work (softmax over time, top-k) pads to (B, T) and back.

    Args:
        lengths: Snippets T_b of each video, each at least 1.
        device: Where the index tensors live.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device | str = 'cpu') -> None:
        self.lengths = tuple(operator.index(length) for length in lengths)
        if not self.lengths or min(self.lengths) < 1:
            raise ValueError(f'A batch needs at least one video, each with at least one snippet, but got lengths '
                             f'{list(self.lengths)}.')
        self.device = torch.device(device)

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
        return self._to_device(torch.cat([torch.arange(length) + video * self.max_length
                                          for video, length in enumerate(self.lengths)]))

    def _to_device(self, index: Tensor) -> Tensor:
        """Without waiting for what the device still computes."""
        return index.to(self.device, non_blocking=True)

    def pad(self, packed: Tensor, fill: float = 0.0) -> Tensor:
        """(N, ...) to (B, T, ...), ``fill`` where a video has no snippet."""
        tail = packed.shape[1:]
        padded = packed.new_full((self.num_videos * self.max_length, *tail), fill)
        return padded.index_copy_(0, self._padded_index, packed).view(self.num_videos, self.max_length, *tail)

    def unpad(self, padded: Tensor) -> Tensor:
        """(B, T, ...) to (N, ...), the inverse of :meth:`pad`."""
        return padded.flatten(0, 1).index_select(0, self._padded_index)

    def split(self, packed: Tensor) -> tuple[Tensor, ...]:
        """(N, ...) to one (T_b, ...) view per video."""
        return packed.split(self.lengths)

    def softmax(self, logits: Tensor) -> Tensor:
        """Softmax over the time of each video: (N, ...) to (N, ...)."""
        padded = self.pad(logits, fill=float('-inf'))  # (B, T, ...)
        return self.unpad(padded.softmax(dim=1))

    def sum(self, packed: Tensor) -> Tensor:
        """Sum over the time of each video: (N, ...) to (B, ...)."""
        return self.pad(packed).sum(dim=1)

    def spread(self, packed: Tensor, gap: int) -> Tensor:
        """Put ``gap`` zero rows before, between and behind the videos: (N, D) to (N + gap * (B + 1), D)."""
        rows = len(packed) + gap * (self.num_videos + 1)
        return packed.new_zeros(rows, *packed.shape[1:]).index_copy_(0, self._spread_index(gap) + gap, packed)

    def collect(self, windows: Tensor, gap: int) -> Tensor:
        """Of the windows of 2 * gap + 1 rows over :meth:`spread` those centred on snippets: (N + gap * (B - 1), E) to
        (N, E)."""
        return windows.index_select(0, self._spread_index(gap))

    def _spread_index(self, gap: int) -> Tensor:
        """(N,) place of each snippet where only the videos before it have a gap behind them."""
        if gap not in self._spread_indices:
            video = torch.arange(self.num_videos).repeat_interleave(torch.tensor(self.lengths))
            self._spread_indices[gap] = self._to_device(torch.arange(len(video)) + gap * video)
        return self._spread_indices[gap]

    @cached_property
    def _spread_indices(self) -> dict[int, Tensor]:
        return {}


@dataclass(frozen=True)
class SnippetBatch:
    """The packed snippets of B videos.

    Args:
        features: (N, D), the videos one after another.
        layout: Their lengths.
    """

    features: Tensor
    layout: SnippetLayout

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or len(self.features) != sum(self.layout.lengths):
            raise ValueError(f'Expected features of shape ({sum(self.layout.lengths)}, D) for videos of lengths '
                             f'{list(self.layout.lengths)}, but got shape {tuple(self.features.shape)}.')

    @classmethod
    def from_videos(cls, videos: Sequence[Tensor]) -> SnippetBatch:
        """Pack videos of shape (T_b, D).

        Raises:
            ValueError: If there is no video, one is empty, or the widths D differ.
        """
        shapes = [tuple(video.shape) for video in videos]
        if any(len(shape) != 2 for shape in shapes) or len({shape[1] for shape in shapes}) > 1:
            raise ValueError(f'Expected videos of shape (T, D) with one common D, but got shapes {shapes}.')
        layout = SnippetLayout([shape[0] for shape in shapes], videos[0].device if videos else 'cpu')
        return cls(torch.cat(list(videos)), layout)

    def with_features(self, features: Tensor) -> SnippetBatch:
        """The same videos with other features (N, E)."""
        return replace(self, features=features)

    def split(self) -> tuple[Tensor, ...]:
        """One (T_b, D) view per video."""
        return self.layout.split(self.features)
