"""The part of a head that is the same for all: its named losses."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.structures import HeadOutput


class WeaklySupervisedHead(BaseModule):
    """A head that is trained by named losses, each a function of its output and the video-level labels.

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

    def loss(self, output: HeadOutput, labels: Tensor) -> dict[str, Tensor]:
        """Losses of a batch by name.

        Args:
            output: From the head's own call.
            labels: (B, C) in {0, 1}, at least one class per video.
        """
        return {name: loss(output, labels) for name, loss in self.losses.items()}
