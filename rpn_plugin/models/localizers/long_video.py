"""Scores of a video of any length, read in parts, equal to those of the whole.

Embedding and matching see a few neighbours of each snippet, so they run on parts that overlap by that reach. The
softmaxes over time, the k nearest snippets and the video scores take the whole video, but only its (T, C) scores: those
are kept, and whatever is as wide as the features or their embedding is computed again in the next pass.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from rpn_plugin.models.interfaces import HasReach, Inputs, Network, SplitInTime, Streamed
from rpn_plugin.models.localizers.weakly_supervised_localizer import WeaklySupervisedLocalizer
from rpn_plugin.structures import HeadOutput, PackedLayout, SnippetBatch

ReadSnippets = Callable[[int, int], Inputs]
"""The model's inputs for the snippets from the first number to before the second of one video."""


def reason_to_run_whole(network: Network) -> str | None:
    """Why a network cannot run over a video part by part: the part that lacks the ability; None if it can."""
    if not isinstance(network, WeaklySupervisedLocalizer):
        return f'{type(network).__name__} is no WeaklySupervisedLocalizer'
    parts = ((network.embedding, HasReach, 'does not say how far it sees (reach)'),
             (network.head, SplitInTime, 'is not split in time (reach, score_snippets, pool)'),
             (network.weighting, Streamed, 'cannot read a video in parts (stream)'))
    return next((f'{type(part).__name__} {lack}' for part, ability, lack in parts
                 if part is not None and not isinstance(part, ability)), None)


class LongVideoScorer:
    """Runs one network over one video in parts: ``1 + 2 n`` passes, n as in ``SimilarityWeighting``.

    Args:
        network: In evaluation mode.
        read: Reads a part.
        num_snippets: T.
        chunk_snippets: Snippets in a part, without its overlap.

    Raises:
        TypeError: If a part of the network lacks the ability, see :func:`reason_to_run_whole`.
    """

    def __init__(self, network: Network, read: ReadSnippets, num_snippets: int, chunk_snippets: int) -> None:
        reason = reason_to_run_whole(network)
        if reason or not isinstance(network, WeaklySupervisedLocalizer):
            raise TypeError(f'LongVideoScorer cannot run this network in parts: {reason}.')
        self.network = network
        self.reach = network.embedding.reach if isinstance(network.embedding, HasReach) else 0
        self.read = read
        self.num_snippets = num_snippets
        self.chunk_snippets = chunk_snippets

    @torch.no_grad()
    def __call__(self) -> tuple[HeadOutput, Tensor]:
        """The network's output and the localization sequence (T, C); the embedded features are zeros of no memory."""
        network, head = self.network, self.network.head
        assert isinstance(head, SplitInTime)
        prototypes = network.prototypes()
        scored = []
        for part, own, _ in self._embedded(head.reach):
            scored.append(tuple(scores[own] for scores in head.score_snippets(part, prototypes)))
        zeros = part.features.new_zeros(1, part.features.shape[1]).expand(self.num_snippets, -1)  # (T, E)
        nothing = SnippetBatch(zeros, PackedLayout([self.num_snippets], zeros.device))
        output = head.pool(nothing, *map(torch.cat, zip(*scored)), prototypes)
        sequence = output.cas
        if isinstance(network.weighting, Streamed):
            sequence = network.weighting.stream(output, self._own_snippets)
        return output, network.with_attention(sequence, output)

    def _own_snippets(self) -> Iterator[tuple[Tensor, slice]]:
        """The embedded features of each part without its overlap, and where they lie in the video."""
        for part, own, place in self._embedded():
            yield part.features[own], place

    def _embedded(self, further: int = 0) -> Iterator[tuple[SnippetBatch, slice, slice]]:
        """Each part embedded with ``further`` valid neighbours, where its own snippets lie in it and in the video."""
        reach = self.reach + further
        for start in range(0, self.num_snippets, self.chunk_snippets):
            stop = min(start + self.chunk_snippets, self.num_snippets)
            first, last = max(start - reach, 0), min(stop + reach, self.num_snippets)
            yield (self.network.embed(self.read(first, last)), slice(start - first, stop - first), slice(start, stop))
