"""The base of the necks that start from label features (eq. 4)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


class LabelNetwork(BaseModule):
    """Layers from label features (C, F) to prototypes (C, E), activated in between and not after the last.

    Args:
        num_classes: C.
        channels: Width of each layer; the last is E.
        label_features: Config of L without ``num_classes``; one-hot by default.
        act_cfg: Activation between layers, built by the MODELS registry.
        init_gain: Of the last layer's initial weights, so of the length that the prototypes start with.
    """

    def __init__(self, num_classes: int, channels: Sequence[int], label_features: Mapping[str, Any] | None,
                 act_cfg: Mapping[str, Any], init_gain: float) -> None:
        super().__init__()
        if not channels:
            raise ValueError(f'{type(self).__name__} expects at least one layer in channels, but got none.')
        self.num_classes = num_classes
        self.out_channels = channels[-1]
        self.label_features = MODELS.build({'type': 'OneHotLabels', **(label_features or {}),
                                            'num_classes': num_classes})
        widths = [self.label_features.out_channels, *channels]
        self.init_gain = init_gain
        self.self_weights = self._weights(widths)  # W_2
        self.activation = MODELS.build(dict(act_cfg))

    def _weights(self, widths: Sequence[int]) -> nn.ModuleList:
        layers = nn.ModuleList(nn.Linear(*pair, bias=False) for pair in zip(widths, widths[1:]))
        for index, layer in enumerate(layers, start=1):
            weight = layer.get_parameter('weight')
            nn.init.xavier_normal_(weight, gain=self.init_gain if index == len(layers) else 1.0)
        return layers

    def layer(self, index: int, hidden: Tensor) -> Tensor:
        """One layer before its activation: (C, F) to (C, F')."""
        raise NotImplementedError

    def forward(self) -> Tensor:
        """Prototypes P, (C, E)."""
        hidden = self.label_features()  # (C, F)
        for index in range(len(self.self_weights)):
            hidden = self.layer(index, hidden)
            if index < len(self.self_weights) - 1:
                hidden = self.activation(hidden)
        return hidden
