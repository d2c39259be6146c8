"""Feature embedding F(X, W_emb), eq. 1."""
from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.structures import SnippetBatch, SnippetLayout


class _PackedConv(Function):
    """The convolution of :class:`TemporalConv` as one matrix product per tap, without a copy of the features per tap.

    Each product adds a whole run of neighbours; the few snippets whose neighbour is another video's keep what they had.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, *beyond: Tensor) -> Tensor:
        """(N, D), (E, k, D), (E,) and the k - 1 index tensors of ``SnippetLayout.beyond`` to (N, E)."""
        reach = len(beyond) // 2
        output = F.linear(x, weight[:, reach], bias)  # (N, E)
        x, weight = x.to(output.dtype), weight.to(output.dtype)  # autocast decides in the line above
        for (tap, to, of), places in zip(_taps(reach, len(x)), beyond):
            kept = output.index_select(0, places)
            output[to].addmm_(x[of], weight[:, tap].T)
            output.index_copy_(0, places, kept)
        ctx.save_for_backward(x, weight, *beyond)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of features, where needed, weight and bias."""
        x, weight, *beyond = ctx.saved_tensors
        reach = len(beyond) // 2
        grad_weight = torch.empty_like(weight)
        torch.mm(grad.T, x, out=grad_weight[:, reach])
        grad_x = grad @ weight[:, reach] if ctx.needs_input_grad[0] else None
        for (tap, to, of), places in zip(_taps(reach, len(x)), beyond):
            inside = grad.index_fill(0, places, 0.0)
            torch.mm(inside[to].T, x[of], out=grad_weight[:, tap])
            if grad_x is not None:
                grad_x[of].addmm_(inside[to], weight[:, tap])
        return grad_x, grad_weight, grad.sum(dim=0), *[None] * len(beyond)


def _taps(reach: int, length: int) -> Iterator[tuple[int, slice, slice]]:
    """Every tap but the middle one: its index, the snippets it adds to and those that it reads."""
    for offset in (*range(-reach, 0), *range(1, reach + 1)):
        overlap = max(0, length - abs(offset))
        early, late = slice(0, overlap), slice(length - overlap, length)
        yield (reach + offset, late, early) if offset < 0 else (reach + offset, early, late)


class TemporalConv(nn.Module):
    """A temporal convolution over packed videos, as matrix products on real snippets.

    Equal to ``nn.Conv1d`` with "same" zero padding applied to every video by itself.

    Args:
        in_channels: D.
        out_channels: E.
        kernel_size: Odd number of snippets seen.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f'TemporalConv expects an odd kernel_size >= 1, but got {kernel_size}.')
        self.kernel_size = kernel_size
        self.linear = nn.Linear(kernel_size * in_channels, out_channels)

    def forward(self, packed: Tensor, layout: SnippetLayout) -> Tensor:
        """(N, D) to (N, E)."""
        if self.kernel_size == 1:
            return self.linear(packed)
        reach = self.kernel_size // 2
        beyond = [layout.beyond(offset) for offset in range(-reach, reach + 1) if offset]
        weight = self.linear.weight.unflatten(1, (self.kernel_size, -1))  # (E, k, D)
        return _PackedConv.apply(packed, weight, self.linear.bias, *beyond)


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
        self.convs = nn.ModuleList(TemporalConv(*pair, kernel_size) for pair in zip(widths, widths[1:]))
        self.activation = MODELS.build(dict(act_cfg))
        self.dropout = Dropout(dropout)

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
