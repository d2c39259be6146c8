"""What the logits of a video should say, from its labels."""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rpn_plugin.structures import HeadOutput


class VideoTarget(NamedTuple):
    """Which of the classes of a loss are in a video.

    Args:
        background: Label of the class behind the C classes of the data, for logits that have one; None without it.
        actions: Whether the labelled classes are in it, too; else the logits are of what is background alone.
    """

    background: int | None = None
    actions: bool = True

    def of(self, loss: nn.Module, output: HeadOutput, name: str, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, K) of that name, and the target (B, K) that sums to 1 over the classes of each video.

        Args:
            loss: Named in the message.
            output: Of the head.
            name: Of the logits.
            labels: (B, C) in {0, 1}, at least one class per video.

        Raises:
            ValueError: If the logits are not of the labels' classes and of background where that is named.
        """
        logits = output.tensor(name)  # (B, K)
        labels = labels if self.actions else torch.zeros_like(labels)
        if self.background is not None:
            labels = torch.cat([labels, labels.new_full((len(labels), 1), self.background)], dim=1)  # (B, C + 1)
        if logits.shape != labels.shape:
            raise ValueError(f'{type(loss).__name__} expects {name} of shape {tuple(labels.shape)}, one logit for each '
                             f'class{"" if self.background is None else " and one for background"}, but the head gives '
                             f'{tuple(logits.shape)}. State background=0 or 1 for a head with a background class.')
        return logits, labels / labels.sum(dim=1, keepdim=True)
