"""The part of a head that is the same for all: snippets scored and pooled, and named losses."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.models.interfaces import SplitInTime
from rpn_plugin.structures import HeadOutput, SnippetBatch


class WeaklySupervisedHead(BaseModule):
    """A head that is trained by named losses, each a function of its output and the video-level labels.

    A head whose ``score_snippets`` looks at a snippet and its neighbours alone, and whose ``pool`` makes the output of
    what that gives (``rpn_plugin.models.interfaces.SplitInTime``), needs no ``forward`` of its own.

    Args:
        losses: Name to config of a loss, see ``rpn_plugin.models.interfaces.Loss``.

    Raises:
        ValueError: If the name of a loss does not hold ``loss``: the runner would log it and not train by it.
    """

    def __init__(self, losses: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        for name in losses:
            if 'loss' not in name:
                raise ValueError(f'{type(self).__name__} expects names of losses that hold "loss", since the runner '
                                 f'sums no others, but got {name!r}. Call it loss_{name}.')
        self.losses = nn.ModuleDict({name: MODELS.build(dict(config)) for name, config in losses.items()})

    def forward(self, embedded: SnippetBatch, prototypes: Tensor | None = None) -> HeadOutput:
        """Score the snippets and the videos.

        Args:
            embedded: Features (N, E).
            prototypes: (C, E), for a head that matches snippets with them.

        Raises:
            NotImplementedError: If the head gives neither ``forward`` nor what this one takes.
        """
        if not isinstance(self, SplitInTime):
            raise NotImplementedError(f'{type(self).__name__} expects a forward of its own, or reach, score_snippets '
                                      f'and pool (rpn_plugin.models.interfaces.SplitInTime).')
        return self.pool(embedded, *self.score_snippets(embedded, prototypes), prototypes)

    def loss(self, output: HeadOutput, labels: Tensor) -> dict[str, Tensor]:
        """Losses of a batch by name.

        Args:
            output: From the head's own call.
            labels: (B, C) in {0, 1}, at least one class per video.
        """
        return {name: loss(output, labels) for name, loss in self.losses.items()}
