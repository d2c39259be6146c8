"""The scores of a head for a batch, which localizers, losses and post-processors read."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from rpn_plugin.structures.snippet_batch import SnippetBatch


@dataclass(frozen=True)
class Attention:
    """A weight of each snippet, whatever its class.

    Args:
        weight: (N,), not negative.
        sums_to_one: Whether the weights of each video sum to 1 (a softmax over its time, eq. 7). Otherwise each weight
            is in [0, 1] by itself (a gate, such as a sigmoid).
    """

    weight: Tensor
    sums_to_one: bool


@dataclass(frozen=True)
class HeadOutput:
    """Scores of a head for the N snippets of B videos and C classes.

    A head fills in what it has: ``cas`` and ``video_score`` are enough for localization by thresholds;
    ``SimilarityWeighting`` also needs ``prototypes``. A head may know further classes, such as background, in
    ``video_logits`` and ``extras``; ``cas`` and ``video_score`` are of the C classes of the data.

    >>> import torch
    >>> batch = SnippetBatch.from_videos([torch.zeros(2, 4), torch.zeros(3, 4)])
    >>> attention = Attention(torch.tensor([0.5, 0.5, 1.0, 0.0, 0.0]), sums_to_one=True)
    >>> output = HeadOutput(batch, torch.zeros(5, 3), torch.ones(2, 3), attentions=dict(softmax=attention))
    >>> output.attention is output.tensor('softmax')
    True
    >>> output.tensor('similarity')
    Traceback (most recent call last):
    KeyError: "the head gives no 'similarity'; it gives ['cas', 'softmax', 'video_score']"

    Args:
        embedded: x_e, features (N, E), and the layout of the batch.
        cas: (N, C) class activation sequence, larger where the class is likelier (eq. 6).
        video_score: (B, C) in [0, 1], the probability of each class in the video (eq. 8).
        video_logits: (B, K) with K >= C, what ``video_score`` is computed from: s-bar of eq. 8, or a head's own; the
            classes of the data come first.
        attentions: Attention by name; the first is the one that localization and pictures use.
        similarity: (N, C) in (-inf, 0], unnormalised s_tj (eq. 5).
        prototypes: (C, E) P (eq. 4).
        extras: Further tensors of N or B rows by name, for the losses of a head and for what is built on it.

    Raises:
        ValueError: If a shape does not fit the others, or a name stands twice.
    """

    embedded: SnippetBatch
    cas: Tensor
    video_score: Tensor
    video_logits: Tensor | None = None
    attentions: Mapping[str, Attention] = field(default_factory=dict)
    similarity: Tensor | None = None
    prototypes: Tensor | None = None
    extras: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (n, e), b, c = self.embedded.features.shape, self.embedded.layout.num_videos, self.cas.shape[-1]
        batch = f'for {b} videos with {n} snippets of width {e} and {c} classes'
        shapes: dict[str, tuple[int, ...]] = dict(cas=(n, c), video_score=(b, c), similarity=(n, c), prototypes=(c, e))
        given = {name: getattr(self, name) for name in shapes}
        for name, attention in self.attentions.items():
            shapes[name], given[name] = (n, ), attention.weight
        for name, expected in shapes.items():
            value = given[name]
            if value is not None and tuple(value.shape) != expected:
                raise ValueError(f'A head must give {name} of shape {expected} {batch}, but gave {tuple(value.shape)}.')
        logits = self.video_logits
        if logits is not None and (logits.ndim != 2 or logits.shape[0] != b or logits.shape[1] < c):
            raise ValueError(f'A head must give video_logits of shape ({b}, K) with K >= {c} {batch}, but gave '
                             f'{tuple(logits.shape)}.')
        for name, extra in self.extras.items():
            if name in given or name in ('video_logits', 'embedded'):
                raise ValueError(f'A head must give each tensor one name, but {name!r} is an extra, too.')
            if extra.ndim == 0 or (extra.shape[0] != n and extra.shape[0] != b):
                raise ValueError(f'A head must give the extra {name} with {n} or {b} rows {batch}, but gave shape '
                                 f'{tuple(extra.shape)}.')

    @property
    def attention(self) -> Tensor | None:
        """(N,) weights of the first attention; None where the head has none."""
        return next((attention.weight for attention in self.attentions.values()), None)

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name: a field, the weights of an attention, or an extra.

        Raises:
            KeyError: If the head does not give it; the message lists what it gives.
        """
        known: dict[str, Tensor | None] = dict(cas=self.cas, video_score=self.video_score, similarity=self.similarity,
                                               video_logits=self.video_logits, prototypes=self.prototypes)
        known |= {key: attention.weight for key, attention in self.attentions.items()}
        known |= self.extras
        found = known.get(name)
        if found is None:
            given = sorted(key for key, value in known.items() if value is not None)
            raise KeyError(f'the head gives no {name!r}; it gives {given}')
        return found
