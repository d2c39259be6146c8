"""The snippets of several videos of different lengths."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rpn_plugin.structures.layouts import Layout, PackedLayout

ONLY_STREAM = 'features'
"""Name of the stream of a network that names none and reads the only one there is."""


@dataclass(frozen=True)
class SnippetBatch:
    """Features of the snippets of B videos, and where each video's lie.

    >>> batch = SnippetBatch.from_videos([torch.zeros(3, 2), torch.ones(1, 2)])
    >>> batch.features.shape, batch.layout.lengths
    (torch.Size([4, 2]), (3, 1))

    Args:
        features: (N, D), the videos one after another; (B * T, D) in a padded batch.
        layout: Says which rows belong to which video.

    Raises:
        ValueError: If a packed batch has another number of rows than its videos have snippets.
    """

    features: Tensor
    layout: Layout

    def __post_init__(self) -> None:
        lengths = self.layout.lengths if isinstance(self.layout, PackedLayout) else None
        if self.features.ndim != 2 or (lengths is not None and len(self.features) != sum(lengths)):
            raise ValueError(f'Expected features of shape ({sum(lengths) if lengths else "B * T"}, D)' +
                             (f' for videos of lengths {list(lengths)}' if lengths else '') +
                             f', but got shape {tuple(self.features.shape)}.')

    @classmethod
    def from_videos(cls, videos: Sequence[Tensor]) -> SnippetBatch:
        """Pack videos of shape (T_b, D).

        Raises:
            ValueError: If there is no video, one is empty, or the widths D differ.
        """
        shapes = [tuple(video.shape) for video in videos]
        if any(len(shape) != 2 for shape in shapes) or len({shape[1] for shape in shapes}) > 1:
            raise ValueError(f'Expected videos of shape (T, D) with one common D, but got shapes {shapes}.')
        layout = PackedLayout([shape[0] for shape in shapes], videos[0].device if videos else 'cpu')
        return cls(torch.cat(list(videos)), layout)

    def with_features(self, features: Tensor) -> SnippetBatch:
        """The same videos with other features (N, E)."""
        return replace(self, features=features)

    def split(self) -> tuple[Tensor, ...]:
        """One (T_b, D) tensor per video."""
        return self.layout.split(self.features)
