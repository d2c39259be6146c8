"""Borders of actions, regressed at every snippet: AutoLoc's head."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import batch_norm, leaky_relu

from rpn_plugin.models.embeddings import TemporalConv
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead
from rpn_plugin.models.losses.outer_inner_loss import Boxes, best_boxes
from rpn_plugin.structures import Layout, SnippetBatch, at_least_float32

SLOPE = 0.1
"""Of the leaky rectifiers."""
LARGEST_STRETCH = 10.0
"""Of which the exponential is taken: wider than any video."""


class NormalizedConv(nn.Module):
    """A temporal convolution of three snippets, batch normalization over all snippets and a leaky rectifier.

    Args:
        in_channels: D.
        out_channels: E.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = TemporalConv(in_channels, out_channels, kernel_size=3, bias=False)
        self.norm = nn.BatchNorm1d(out_channels)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """(N, D) to (N, E)."""
        x = self.conv(x, layout)
        if len(x) > 1:
            return leaky_relu(self.norm(x), SLOPE)
        norm = self.norm  # a single snippet has no deviation: what is known of others takes its place
        assert norm.running_mean is not None and norm.running_var is not None
        return leaky_relu(batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps),
                          SLOPE)


@MODELS.register_module()
class BoundaryHead(WeaklySupervisedHead):
    """Moves and stretches anchors at every snippet, trained by how hot they are inside and around (AutoLoc).

    Shou et al., ECCV 2018. A temporal network gives each anchor of width w at snippet t an offset dx and a stretch dw:
    the box is centred at the middle of the snippet plus w dx and w exp(dw) wide. Which of them are detections of a
    class, and what they learn, is said by a heat of each snippet for the class, see :func:`best_boxes`.

    Args:
        in_channels: D.
        num_classes: C.
        channels: Width of the three hidden layers.
        anchors: Widths in snippets.
        min_heat: Of the snippet at which a box may stand.
        min_score: Of a box.
        overlap: tIoU with a better box above which one goes.

    Raises:
        ValueError: If there is no anchor, or one without width.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 channels: int = 128,
                 anchors: Sequence[float] = (1, 2, 4, 8, 16, 32),
                 min_heat: float = 0.1,
                 min_score: float = 0.3,
                 overlap: float = 0.4) -> None:
        self.selection = dict(min_heat=min_heat, min_score=min_score, overlap=overlap)
        super().__init__(dict(loss_boxes=dict(type='OuterInnerLoss', **self.selection)))
        if not anchors or min(anchors) <= 0:
            raise ValueError(f'BoundaryHead expects anchors of positive widths, but got {list(anchors)}.')
        self.layers = nn.ModuleList([NormalizedConv(width, channels) for width in (in_channels, channels, channels)])
        self.output = nn.Linear(channels, 2 * len(anchors))
        self.widths: Tensor
        self.register_buffer('widths', torch.tensor([float(width) for width in anchors]), persistent=False)
        self.in_channels, self.num_classes = in_channels, num_classes

    def borders(self, batch: SnippetBatch) -> Tensor:
        """Start and end (N, A, 2) of each anchor in snippets of its video, clipped to it, from features (N, D)."""
        x, layout = batch.features, batch.layout
        for layer in self.layers:
            x = layer(x, layout)
        offset, stretch = at_least_float32(self.output(x)).unflatten(1, (-1, 2)).unbind(dim=2)  # (N, A)
        number = layout.mask.sum(dim=1).to(offset.dtype)  # (B,)
        place = layout.unpad((torch.arange(layout.mask.shape[1], device=x.device) + 0.5).expand(layout.mask.shape))
        centre, half = place[:, None] + self.widths * offset, self.widths * stretch.clamp(max=LARGEST_STRETCH).exp() / 2
        last = layout.spread(number)[:, None]  # (N, 1)
        return torch.stack([(centre - half).clamp(min=0).minimum(last), (centre + half).clamp(min=0).minimum(last)],
                           dim=2)

    def select(self, heat: Tensor, borders: Tensor) -> Boxes:
        """Boxes of one video and class from heat (T,) and borders (T, A, 2)."""
        return best_boxes(heat, borders, **self.selection)
