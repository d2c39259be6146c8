"""What a head says about a batch, and what localizers and post-processors read."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from rpn_plugin.structures.snippet_batch import SnippetBatch


@dataclass(frozen=True)
class HeadOutput:
    """Scores of a head for the N snippets of B videos and C classes.

    A head other than ``RPNHead`` fills in what it has: ``cas`` and ``video_score`` are enough for localization by
    thresholds; ``SimilarityWeighting`` also needs ``prototypes``.

    Raises:
        ValueError: If a shape does not fit the others.
    """

    embedded: SnippetBatch
    """x_e, features (N, E)."""
    cas: Tensor
    """(N, C) class activation sequence, larger where the class is likelier (eq. 6)."""
    video_score: Tensor
    """(B, C) in [0, 1], the probability of each class in the video (eq. 8)."""
    attention: Tensor | None = None
    """(N,) temporal attention, summing to 1 over each video (eq. 7)."""
    similarity: Tensor | None = None
    """(N, C) in (-inf, 0], unnormalised s_tj (eq. 5)."""
    video_similarity: Tensor | None = None
    """(B, C) logits of ``video_score``: s-bar, the similarity pooled by attention (eq. 8), or what a head has."""
    prototypes: Tensor | None = None
    """(C, E) P (eq. 4)."""

    def __post_init__(self) -> None:
        (n, e), b, c = self.embedded.features.shape, self.embedded.layout.num_videos, self.cas.shape[-1]
        shapes = dict(cas=(n, c), video_score=(b, c), attention=(n, ), similarity=(n, c), video_similarity=(b, c),
                      prototypes=(c, e))
        for name, expected in shapes.items():
            value = getattr(self, name)
            if value is not None and tuple(value.shape) != expected:
                raise ValueError(f'A head must give {name} of shape {expected} for {b} videos with {n} snippets of '
                                 f'width {e} and {c} classes, but gave {tuple(value.shape)}.')
