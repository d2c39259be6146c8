"""What the parts of a localizer owe each other: any registered module that keeps a call here may take its place.

The parts of ``WeaklySupervisedLocalizer`` in the order of the data. Shapes: B videos with N = T_1 + ... + T_B snippets
packed one after another, D features, E embedding, C classes. Times are in snippets until the localizer turns them into
seconds by each video's clock. The configs in ``configs/mixing`` put other parts in these places.
"""
from __future__ import annotations

from typing import Any, Protocol, Sequence

import numpy as np
from mmaction.structures import ActionDataSample
from torch import Tensor

from rpn_plugin.structures import HeadOutput, SnippetBatch

Proposals = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Segments (N, 2), class indices (N,), confidences (N,) of one video."""


class Embedding(Protocol):
    """eq. 1: features to embedded features, video by video."""

    def __call__(self, batch: SnippetBatch) -> SnippetBatch:
        """Features (N, D) to (N, E) in the same layout; nothing may leak from one video into the next."""


class Neck(Protocol):
    """eq. 2-4: the classes to prototypes, without a look at the batch.

    A neck with ``num_classes``, ``set_cooccurrence(matrix, source)``, ``cooccurrence``, ``cooccurrence_source`` and
    ``reads_cooccurrence_file``, as :class:`CooccurrenceGCN` has them, gets its matrix from ``CooccurrenceHook``.
    """

    def __call__(self) -> Tensor:
        """Prototypes (C, E)."""


class Head(Protocol):
    """eq. 5-11: embedded snippets to scores, and scores to losses."""

    def __call__(self, embedded: SnippetBatch, prototypes: Tensor | None) -> HeadOutput:
        """Scores of a batch.

        Args:
            embedded: Features (N, E).
            prototypes: (C, E), or None in a localizer without a neck.

        Returns:
            At least ``embedded``, ``cas`` (N, C) and ``video_score`` (B, C) in [0, 1]. ``SimilarityWeighting`` also
            needs ``prototypes``.
        """

    def loss(self, output: HeadOutput, labels: Tensor) -> dict[str, Tensor]:
        """Scalars by name; those whose name holds ``loss`` are summed. ``labels`` are (B, C) in {0, 1}.

        A loss that is a mean over the videos of the batch gives gradient accumulation its meaning: two batches are
        one update of the large one.
        """


class Weighting(Protocol):
    """eq. 12, alg. 1: scores to the sequence that proposals are cut from; testing only."""

    def __call__(self, output: HeadOutput) -> Tensor:
        """Localization sequence (N, C), larger where the class is likelier."""


class ProposalGenerator(Protocol):
    """The sequence of one video to proposals."""

    def __call__(self, sequence: np.ndarray, video_score: np.ndarray) -> Proposals:
        """(T, C) and (C,) to proposals with borders in snippets, any number of them, in any order."""


class Suppression(Protocol):
    """Proposals of one video, from one network or several, to detections."""

    def __call__(self, segments: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> Proposals:
        """Segments (N, 2) in seconds to those that stay, best first."""


class StreamLocalizer(Protocol):
    """What ``MultiStreamLocalizer`` fuses."""

    def __call__(self, inputs: dict[str, SnippetBatch], data_samples: Sequence[ActionDataSample] | None,
                 mode: str) -> Any:
        """``loss`` gives a dict of scalars, ``tensor`` what :meth:`propose` reads, with ``video_score`` (B, C)."""

    def propose(self, output: HeadOutput, data_samples: Sequence[ActionDataSample]) -> list[Proposals]:
        """Proposals of every video in seconds, before suppression."""
