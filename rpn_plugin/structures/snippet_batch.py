"""Videos of different lengths in one batch, without padding."""
from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Sequence

import torch
import torch.nn.functional as F
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
        return (torch.arange(self.max_length) < length[:, None]).to(self.device)

    @cached_property
    def _padded_index(self) -> Tensor:
        """(N,) place of each packed snippet in the flattened (B * T) padded batch."""
        return torch.cat([torch.arange(length) + video * self.max_length
                          for video, length in enumerate(self.lengths)]).to(self.device)

    def pad(self, packed: Tensor, fill: float = 0.0) -> Tensor:
        """(N, ...) to (B, T, ...), ``fill`` where a video has no snippet."""
        tail = packed.shape[1:]
        padded = packed.new_full((self.num_videos * self.max_length, *tail), fill)
        return padded.index_copy(0, self._padded_index, packed).view(self.num_videos, self.max_length, *tail)

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

    def shift(self, packed: Tensor, offset: int) -> Tensor:
        """Bring snippet ``t + offset`` to place ``t``, zeros beyond the borders of the video: (N, D) to (N, D)."""
        if offset == 0:
            return packed
        reach = min(abs(offset), packed.shape[0])
        if offset > 0:
            shifted = F.pad(packed[reach:], (0, 0, 0, reach))
        else:
            shifted = F.pad(packed[:-reach], (0, 0, reach, 0))
        return shifted.index_fill(0, self._beyond(offset), 0.0)

    def _beyond(self, offset: int) -> Tensor:
        """Places whose neighbour at ``offset`` belongs to another video."""
        if offset not in self._beyond_cache:
            ends = torch.tensor(self.lengths).cumsum(0).tolist()
            if offset > 0:
                places = [torch.arange(max(end - offset, end - length), end) for end, length in zip(ends, self.lengths)]
            else:
                places = [torch.arange(end - length, min(end - length - offset, end))
                          for end, length in zip(ends, self.lengths)]
            self._beyond_cache[offset] = torch.cat(places).to(self.device)
        return self._beyond_cache[offset]

    @cached_property
    def _beyond_cache(self) -> dict[int, Tensor]:
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
