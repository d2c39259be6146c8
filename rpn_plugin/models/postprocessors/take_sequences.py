"""Several sequences of a head to cut proposals from."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.interfaces import EmbeddedParts
from rpn_plugin.structures import HeadOutput


@MODELS.register_module()
class TakeSequences(nn.Module):
    """Hands sequences of the head's output to ``MultiCutProposals``; the first is the one that is scored.

    Args:
        names: S names of tensors (N, C), or (N,) for one sequence that all classes share, such as an attention.

    Raises:
        ValueError: If there is no name.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        if not names:
            raise ValueError('TakeSequences expects at least one name, but got none.')
        self.names = tuple(names)

    @torch.no_grad()
    def forward(self, output: HeadOutput) -> Tensor:
        """(N, S, C).

        Raises:
            KeyError: If the head does not give one of them; the message lists what it gives.
            ValueError: If one of them is no sequence of the snippets.
        """
        sequences = [output.tensor(name) for name in self.names]
        for name, sequence in zip(self.names, sequences):
            if tuple(sequence.shape) not in (tuple(output.cas.shape), (len(output.cas), )):
                raise ValueError(f'TakeSequences expects {name} of shape {tuple(output.cas.shape)} or '
                                 f'{(len(output.cas), )}, but the head gives {tuple(sequence.shape)}.')
        return torch.stack([sequence if sequence.ndim == 2 else sequence[:, None].expand_as(output.cas)
                            for sequence in sequences], dim=1)

    def stream(self, output: HeadOutput, parts: EmbeddedParts) -> Tensor:
        """(T, S, C) of one long video; the output has all that is read."""
        return self(output)
