"""The contract between the parts of a model: any registered module that keeps a call here may take its place.

The first half are the parts in the order of the data; each asks for no more than its calls. The second half are
abilities that a part may have besides. Whoever needs one asks by ``isinstance``: a model that lacks it works without it
or says so at once. Shapes: B videos with N = T_1 + ... + T_B snippets one after another, D features, E embedding,
C classes. Times are in snippets until the localizer turns them into seconds by each video's clock.
The configs in ``configs/mixing`` put other parts in these places; ``tests/test_contract.py`` takes the smallest part of
each kind through everything that is done with a model.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from mmaction.structures import ActionDataSample
from torch import Tensor

from rpn_plugin.structures import HeadOutput, Segments, SnippetBatch

Floats = npt.NDArray[np.float64]
Proposals = tuple[npt.NDArray[Any], npt.NDArray[np.int64], Floats]
"""Segments (N, 2) in snippets or seconds, class indices (N,), confidences (N,) of one video."""

Inputs = Mapping[str, SnippetBatch]
"""Stream name to the features of a batch."""

EmbeddedParts = Callable[[], Iterable[tuple[Tensor, slice]]]
"""Each call reads one video once more: the embedded features (n, E) of its parts, and where they lie in it."""


class Embedding(Protocol):
    """Features to embedded features, video by video (eq. 1)."""

    def __call__(self, batch: SnippetBatch) -> SnippetBatch:
        """Features (N, D) to (N, E) in the same layout; nothing may leak from one video into the next."""


class Neck(Protocol):
    """The classes to prototypes, without a look at the batch (eq. 2-4)."""

    def __call__(self) -> Tensor:
        """Prototypes (C, E)."""


class Head(Protocol):
    """Embedded snippets to scores, and scores to losses (eq. 5-11)."""

    def __call__(self, embedded: SnippetBatch, prototypes: Tensor | None) -> HeadOutput:
        """Scores of a batch.

        Args:
            embedded: Features (N, E). A head that uses the operations of :class:`rpn_plugin.structures.Layout` and no
                others over the time of each video can be exported.
            prototypes: (C, E), or None in a localizer without a neck.

        Returns:
            At least ``embedded``, ``cas`` (N, C) and ``video_score`` (B, C) in [0, 1]. ``SimilarityWeighting`` also
            needs ``prototypes``.
        """

    def loss(self, output: HeadOutput, labels: Tensor) -> dict[str, Tensor]:
        """Scalars by name; those whose name holds ``loss`` are summed. ``labels`` are (B, C) in {0, 1}."""


class Loss(Protocol):
    """A term of the training objective, named in the ``losses`` of a head."""

    def __call__(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar from the scores of the whole batch and its video-level labels (B, C) in {0, 1}.

        A mean over what the batches of all processes hold (``losses.global_batch``) gives gradient accumulation and
        distributed training their meaning: their parts are one update of the whole.
        """


class Weighting(Protocol):
    """Scores to the sequence that proposals are cut from; testing only (eq. 12, alg. 1)."""

    def __call__(self, output: HeadOutput) -> Tensor:
        """Localization sequence (N, C), larger where the class is likelier.

        Or (N, S, C), several of them, for a generator that cuts them all (``MultiCutProposals``). The first is the one
        that confidences are read from and that pictures show.
        """


class ProposalGenerator(Protocol):
    """The sequence of one video to proposals."""

    def __call__(self, sequence: Floats, video_score: Floats) -> Proposals:
        """(T, C), or the weighting's (T, S, C), and (C,) to proposals with borders in snippets, in any order."""


class Suppression(Protocol):
    """Proposals of one video, from one network or several, to detections."""

    def __call__(self, segments: Segments, labels: npt.NDArray[np.int64], scores: Floats) -> Proposals:
        """Segments (N, 2) in seconds to those that stay, best first."""


class Network(Protocol):
    """One way from streams to scores and proposals; a localizer has one or several."""

    streams: tuple[str, ...] | None
    """Streams that it reads; None reads the only one there is."""

    def run(self, inputs: Inputs) -> HeadOutput:
        """Scores of a batch."""

    def loss_of(self, output: HeadOutput, data_samples: Sequence[ActionDataSample]) -> dict[str, Tensor]:
        """Losses by name from the scores and the video-level labels of the samples."""

    def localization_sequence(self, output: HeadOutput) -> Tensor:
        """The sequence that proposals are cut from, (N, C) or several (N, S, C)."""

    def cut(self, sequence: Tensor, video_score: Tensor, sample: ActionDataSample,
            scored: Tensor | None = None) -> Proposals:
        """Proposals of one video in seconds, before suppression.

        Args:
            sequence: (T, C) or (T, S, C), which the borders are cut from.
            video_score: (C,).
            sample: With the metainfo ``clock`` and ``duration_second``.
            scored: Of the same shape, which the confidences are read from; None takes ``sequence``.
        """


@runtime_checkable
class HasClasses(Protocol):
    """A neck or head that states the number of classes of the data, without background or other classes of its own."""

    num_classes: int


@runtime_checkable
class HasWidth(Protocol):
    """An embedding, or a head without one before it, that states the width D of the features that it reads."""

    in_channels: int


@runtime_checkable
class HasReach(Protocol):
    """An embedding that states how many neighbours on either side an embedded snippet depends on."""

    @property
    def reach(self) -> int:
        """Snippets."""


@runtime_checkable
class SplitInTime(Protocol):
    """A head whose work on single snippets can be done part by part of a long video."""

    @property
    def reach(self) -> int:
        """Neighbours on either side that the scores of a snippet depend on."""

    def score_snippets(self, embedded: SnippetBatch, prototypes: Tensor | None) -> tuple[Tensor, ...]:
        """Tensors of N rows that depend on a snippet and its neighbours alone."""

    def pool(self, embedded: SnippetBatch, *scores: Any) -> HeadOutput:
        """The output from what :meth:`score_snippets` gave for whole videos and, last, the prototypes.

        Of ``embedded`` only the layout and the width may be read.
        """


@runtime_checkable
class Streamed(Protocol):
    """A weighting that can read the embedded features of a long video part by part."""

    def stream(self, output: HeadOutput, parts: EmbeddedParts) -> Tensor:
        """The localization sequence (T, C) of one video, whose embedded features come from ``parts`` alone."""


@runtime_checkable
class MovesPrototypes(Protocol):
    """A weighting that moves the prototypes for each video, for pictures of where they go."""

    def moved_prototypes(self, output: HeadOutput) -> Tensor | None:
        """(B, C, E); None where it leaves them as they are."""


@runtime_checkable
class ScoresAnother(Protocol):
    """A proposal generator that can read its confidences off another sequence than it cuts."""

    def cut_and_score(self, sequence: Floats, scored: Floats, video_score: Floats) -> Proposals:
        """Proposals of its own call, with confidences from ``scored``, of the shape of ``sequence``."""


@runtime_checkable
class TakesProgress(Protocol):
    """A part that changes as training goes on, which ``ProgressHook`` tells it."""

    progress: float | None
    """Share of the training's iterations that are done, in [0, 1]; None until it is told."""


@runtime_checkable
class KeepsMemory(Protocol):
    """A head that learns from what it remembers of other videos, which ``MemoryHook`` fills and turns on."""

    memory_from: float
    """Share of the training's iterations from which on it is used."""
    memory_due: bool | None
    """Whether it is used in this epoch; None until it is told."""

    @property
    def memory_is_empty(self) -> bool:
        """Whether nothing is remembered yet."""

    def remember(self, output: HeadOutput, labels: Tensor, gather: bool = True) -> None:
        """Take in the videos of a batch; ``gather`` takes in those of all processes."""


@runtime_checkable
class MakesRoom(Protocol):
    """A module whose parameters or buffers are known from a checkpoint only."""

    def make_room(self, state_dict: Mapping[str, Tensor], prefix: str) -> None:
        """Register what the checkpoint has for it, under the keys that begin with ``prefix``; loading fills it in."""


@runtime_checkable
class TakesCooccurrence(Protocol):
    """A neck that relates the classes by their co-occurrence (eq. 2), which ``CooccurrenceHook`` counts."""

    num_classes: int
    cooccurrence_source: str | None
    """Where the matrix comes from; None if there is none yet."""
    reads_cooccurrence_file: bool
    """Whether the config names a file of it, which the hook then leaves alone."""

    def set_cooccurrence(self, matrix: Tensor | npt.NDArray[np.floating], source: str) -> None:
        """Use (C, C) from now on."""

    def get_cooccurrence(self) -> Tensor:
        """(C, C)."""
