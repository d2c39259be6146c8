"""Prototypes related by attention: what to compare counted co-occurrence with."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.necks.label_network import LabelNetwork


@MODELS.register_module()
class AttentionGCN(LabelNetwork):
    """Prototypes from a graph convolution whose relations are learned instead of counted. Not in the paper.

    H' = sigma(R H W_1 + H W_2), where R = softmax((H W_q) (H W_k)^T / sqrt(d)), the scaled dot-product attention of
    Vaswani et al. (NeurIPS 2017) among the classes, has the place of D-hat^-1 A in eq. 3. Its rows sum to 1.

    Args:
        num_classes: C.
        channels: Width of each layer; the last is E.
        attention_channels: d.
        label_features: Config of L without ``num_classes``; one-hot by default.
        act_cfg: sigma, built by the MODELS registry.
        init_gain: Of the last layer's initial weights, so of the length that the prototypes start with.
    """

    def __init__(self,
                 num_classes: int,
                 channels: Sequence[int],
                 attention_channels: int = 64,
                 label_features: Mapping[str, Any] | None = None,
                 act_cfg: Mapping[str, Any] = dict(type='LeakyReLU', negative_slope=0.2),
                 init_gain: float = 1.0) -> None:
        super().__init__(num_classes, channels, label_features, act_cfg, init_gain)
        widths = [self.label_features.out_channels, *channels]
        self.neighbour_weights = self._weights(widths)  # W_1
        self.queries = nn.ModuleList(nn.Linear(width, attention_channels, bias=False) for width in widths[:-1])  # W_q
        self.keys = nn.ModuleList(nn.Linear(width, attention_channels, bias=False) for width in widths[:-1])  # W_k

    def layer(self, index: int, hidden: Tensor) -> Tensor:
        """R H W_1 + H W_2: (C, F) to (C, F')."""
        neighbours = F.scaled_dot_product_attention(self.queries[index](hidden), self.keys[index](hidden), hidden)
        return self.neighbour_weights[index](neighbours) + self.self_weights[index](hidden)
