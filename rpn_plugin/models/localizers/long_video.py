"""Scores of a video of any length, read in parts, equal to those of the whole.

Embedding and matching see a few neighbours of each snippet, so they run on parts that overlap by that reach. The
softmaxes over time, the k nearest snippets and the video scores take the whole video, but only its (T, C) scores: those
are kept, and whatever is as wide as the features or their embedding is computed again in the next pass.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from rpn_plugin.models.heads import prototype_similarity
from rpn_plugin.models.localizers.weakly_supervised_localizer import WeaklySupervisedLocalizer, select_streams
from rpn_plugin.structures import HeadOutput, SnippetBatch, SnippetLayout

ReadSnippets = Callable[[int, int], Mapping[str, SnippetBatch]]
"""The model's inputs for the snippets from the first number to before the second of one video."""


def can_be_split(localizer: WeaklySupervisedLocalizer) -> bool:
    """Whether a network's parts say how far they see, and split what is local in time from what is not, as ours do."""
    return all(hasattr(getattr(localizer, part, None), name) for part, name in
               (('embedding', 'reach'), ('head', 'reach'), ('head', 'score_snippets'), ('head', 'pool')))


class LongVideoScorer:
    """Runs one network over one video in parts: ``1 + 2 n`` passes, n as in ``SimilarityWeighting``.

    Args:
        localizer: In evaluation mode.
        read: Reads a part.
        num_snippets: T.
        chunk_snippets: Snippets in a part, without its overlap.
    """

    def __init__(self, localizer: WeaklySupervisedLocalizer, read: ReadSnippets, num_snippets: int,
                 chunk_snippets: int) -> None:
        self.localizer = localizer
        self.read = read
        self.num_snippets = num_snippets
        self.chunk_snippets = chunk_snippets

    @torch.no_grad()
    def __call__(self) -> tuple[HeadOutput, Tensor]:
        """The network's output and the localization sequence (T, C); the embedded features are zeros of no memory."""
        localizer = self.localizer
        prototypes = localizer.neck() if localizer.neck is not None else None
        scored = []
        for part, own, _ in self._embedded(localizer.head.reach):
            scored.append(tuple(scores[own] for scores in localizer.head.score_snippets(part, prototypes)))
        zeros = part.features.new_zeros(1, part.features.shape[1]).expand(self.num_snippets, -1)  # (T, E)
        nothing = SnippetBatch(zeros, SnippetLayout([self.num_snippets], zeros.device))
        output = localizer.head.pool(nothing, *map(torch.cat, zip(*scored)), prototypes)
        sequence = output.cas * self._time_weights(output) if localizer.weighting is not None else output.cas
        return output, localizer.with_attention(sequence, output)

    def _embedded(self, further: int = 0) -> Iterator[tuple[SnippetBatch, slice, slice]]:
        """Each part embedded with ``further`` valid neighbours, where its own snippets lie in it and in the video."""
        reach = self.localizer.embedding.reach + further
        for start in range(0, self.num_snippets, self.chunk_snippets):
            stop = min(start + self.chunk_snippets, self.num_snippets)
            first, last = max(start - reach, 0), min(stop + reach, self.num_snippets)
            batch = select_streams(self.read(first, last), self.localizer.streams)
            yield self.localizer.embedding(batch), slice(start - first, stop - first), slice(start, stop)

    def _time_weights(self, output: HeadOutput) -> Tensor:
        """Algorithm 1 and eq. 12: (T, C)."""
        weighting, lengths = self.localizer.weighting, [self.num_snippets]
        mask = output.embedded.layout.mask  # (1, T)
        if output.prototypes is None or output.similarity is None:
            raise ValueError('SimilarityWeighting needs a head that gives prototypes, such as RPNHead.')
        prototypes, similarity = output.prototypes[None], output.similarity[None]  # (1, C, E), (1, T, C)
        for _ in range(weighting.num_updates):
            weight = weighting.nearest_weights(similarity, mask, lengths)[0]  # (T, C)
            centre = torch.zeros(prototypes.shape[1:], dtype=torch.float64, device=weight.device)  # (C, E)
            for part, own, place in self._embedded():
                centre += weight[place].T.double() @ part.features[own].double()
            prototypes = weighting.move(prototypes, centre[None].to(prototypes.dtype))
            similarity = torch.cat([prototype_similarity(part.features[own], prototypes[0])
                                    for part, own, _ in self._embedded()])[None]
        return weighting.time_weights(similarity, mask)[0]
