"""Feature embedding F(X, W_emb), eq. 1."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.structures import Layout, SnippetBatch


class TemporalConv(nn.Module):
    """A temporal convolution over packed videos.

    Equal to ``nn.Conv1d`` with "same" zero padding applied to every video by itself; where it is wider than a snippet,
    zero rows part the videos. On an NVIDIA GPU torch computes it in TF32 unless ``torch.backends.cudnn.allow_tf32`` is
    off. Packed, forward and backward take 1/1.3 to 1/2 of the time of ``nn.Conv1d`` on padded videos of THUMOS14's
    lengths (benchmarks/bench_mechanisms.py, 2 cores, torch 2.13).

    Args:
        in_channels: D.
        out_channels: E.
        kernel_size: Odd number of snippets seen.
        bias: Whether something is added to what it gives.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, bias: bool = True) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f'TemporalConv expects an odd kernel_size >= 1, but got {kernel_size}.')
        self.kernel_size, self.reach = kernel_size, kernel_size // 2
        self.linear = nn.Linear(kernel_size * in_channels, out_channels, bias)

    def forward(self, packed: Tensor, layout: Layout) -> Tensor:
        """(N, D) to (N, E)."""
        weight = self.linear.weight.unflatten(1, (self.kernel_size, -1)).transpose(1, 2).contiguous()  # (E, D, k)
        rows = layout.with_gaps(packed, gap=self.reach) if self.reach else packed  # (M, D)
        windows = F.conv1d(rows.T.contiguous()[None], weight, self.linear.bias)[0].T  # (M - k + 1, E)
        return layout.without_gaps(windows, gap=self.reach) if self.reach else windows


@MODELS.register_module()
class TemporalConvEmbedding(BaseModule):
    """A temporal convolution network interleaved with activation and dropout (eq. 1).

    The paper publishes none of the sizes; the configs say where theirs come from.

    Args:
        in_channels: D, the width of the features.
        channels: Width of each layer; the last is E.
        kernel_size: Odd number of snippets seen by each layer.
        dropout: Probability in [0, 1), after every activation.
        act_cfg: Activation, built by the MODELS registry.
    """

    def __init__(self,
                 in_channels: int,
                 channels: Sequence[int],
                 kernel_size: int = 3,
                 dropout: float = 0.5,
                 act_cfg: Mapping[str, Any] = dict(type='ReLU', inplace=True)) -> None:
        super().__init__()
        if not channels:
            raise ValueError('TemporalConvEmbedding expects at least one layer in channels, but got none.')
        widths = [in_channels, *channels]
        self.in_channels = in_channels
        self.out_channels = widths[-1]
        convs = [TemporalConv(*pair, kernel_size) for pair in zip(widths, widths[1:])]
        self.convs = nn.ModuleList(convs)
        self._reach = sum(conv.reach for conv in convs)
        self.activation = MODELS.build(dict(act_cfg))
        self.dropout = Dropout(dropout)

    @property
    def reach(self) -> int:
        """Neighbours on either side that an embedded snippet depends on."""
        return self._reach

    def forward(self, batch: SnippetBatch) -> SnippetBatch:
        """Embed the snippets of every video, features (N, D) to (N, E).

        Raises:
            ValueError: If the features are not ``in_channels`` wide.
        """
        x = batch.features
        if x.shape[1] != self.in_channels:
            raise ValueError(f'The embedding expects features of width D={self.in_channels}, but got D={x.shape[1]}. '
                             f'Set embedding.in_channels to the width of the feature files.')
        for conv in self.convs:
            x = self.dropout(self.activation(conv(x, batch.layout)))
        return batch.with_features(x)
