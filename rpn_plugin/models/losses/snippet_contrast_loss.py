"""Contrast between the hard and the easy snippets of a video: CoLA's loss."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.losses.global_batch import global_batch_mean
from rpn_plugin.structures import HeadOutput, PackedLayout, at_least_float32, snippets_of_share

SHORTEST = 1e-12
"""Length that features are taken to have at least where they are divided by it."""


@MODELS.register_module()
class SnippetContrastLoss(nn.Module):
    """Draws the snippets around the borders of actions to what lies clearly within and clearly outside (CoLA).

    In each video the easy actions and easy background are the snippets of highest and of lowest actionness. Where
    actionness lies above its median, the snippets just inside the borders are hard actions and those just outside hard
    background, as far as actionness is high there. The loss is the contrast of the mean hard action against the mean
    easy action as its positive and every easy background as its negatives, and the same with both exchanged, averaged
    over the videos of the global batch. A video without a ring has no hard snippets: its term is 0.

    Args:
        loss_weight: Weight in the total loss.
        actionness: Name of the actionness (N,) in the head's output; the embedded features are contrasted.
        easy_ratio: Share of a video's snippets that are easy, of either kind, rounded down.
        hard_ratio: Share that may be hard, of either kind, rounded down.
        inner, outer: Snippets from which to which the rings beside the borders reach.
        temperature: Of the contrast.
        dropout: Probability that a snippet is left out of the choice of easy ones, while training.
    """

    def __init__(self,
                 loss_weight: float = 0.01,
                 actionness: str = 'actionness',
                 easy_ratio: float = 1 / 5,
                 hard_ratio: float = 1 / 20,
                 inner: int = 3,
                 outer: int = 6,
                 temperature: float = 0.07,
                 dropout: float = 0.6) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.actionness = actionness
        self.easy_ratio, self.hard_ratio = easy_ratio, hard_ratio
        self.inner, self.outer = inner, outer
        self.temperature = temperature
        self.dropout = nn.Dropout(dropout)

    def forward(self, output: HeadOutput, labels: Tensor) -> Tensor:
        """Scalar, at least 0; the labels are not read.

        Args:
            output: With the actionness and embedded features as the head got them; gradients reach the features only.
            labels: (B, C).
        """
        layout = output.embedded.layout
        assert isinstance(layout, PackedLayout)  # training is never padded
        mask = layout.mask
        actionness = layout.pad(output.tensor(self.actionness).detach())  # (B, T)
        easy, hard = (torch.tensor([snippets_of_share(ratio, length, round_up=False) for length in layout.lengths])
                      .to(mask.device, non_blocking=True) for ratio in (self.easy_ratio, self.hard_ratio))  # (B,)
        highest = actionness.amax(dim=1, keepdim=True)
        kept = self.dropout(torch.ones_like(actionness))
        easy_action = best(actionness * kept, easy, mask)  # (B, T) bool
        easy_background = best((highest - actionness) * kept, easy, mask)
        inside, outside = rings(actionness > median(actionness, mask), mask, self.inner, self.outer)
        hard_action, hard_background = best(actionness, hard, inside), best(actionness, hard, outside)
        with torch.autocast(mask.device.type, enabled=False):
            terms = self.contrast(at_least_float32(output.embedded.features), layout,
                                  query=torch.stack([hard_action, hard_background], dim=2),
                                  positive=torch.stack([easy_action, easy_background], dim=2),
                                  negative=torch.stack([easy_background, easy_action], dim=2))
        return self.loss_weight * global_batch_mean(terms.sum(dim=1))

    def contrast(self, features: Tensor, layout: PackedLayout, query: Tensor, positive: Tensor,
                 negative: Tensor) -> Tensor:
        """(B, P) contrasts of the mean query with the mean positive against every negative; 0 without a query.

        Args:
            features: (N, E).
            layout: Of the videos.
            query: (B, T, P) bool, the snippets that are meant in each of P contrasts.
            positive: (B, T, P) bool.
            negative: (B, T, P) bool.
        """
        chosen = torch.cat([query, positive], dim=2).to(features.dtype)  # (B, T, 2 P)
        share = layout.unpad(chosen / chosen.sum(dim=1, keepdim=True).clamp(min=1))  # (N, 2 P)
        q, k = nn.functional.normalize(layout.weighted_sum(share, features), dim=2).chunk(2, dim=1)  # (B, P, E)
        alike = (q * k).sum(dim=2) / self.temperature  # (B, P)
        length = torch.linalg.vector_norm(features, dim=1, keepdim=True).clamp(min=SHORTEST)
        unlike = layout.pad(layout.products(features, q) / length) / self.temperature  # (B, T, P)
        against = torch.cat([alike[:, None], unlike.masked_fill(~negative, float('-inf'))], dim=1)
        return torch.where(query.any(dim=1), against.logsumexp(dim=1) - alike, 0)


def best(scores: Tensor, number: Tensor, allowed: Tensor) -> Tensor:
    """The highest scores of each video among those allowed: at most ``number`` (B,) of (B, T), as (B, T) bool."""
    order = scores.masked_fill(~allowed, float('-inf')).argsort(dim=1, descending=True)
    first = torch.arange(order.shape[1], device=order.device) < number[:, None]
    return torch.zeros_like(allowed).scatter(1, order, first) & allowed


def median(values: Tensor, mask: Tensor) -> Tensor:
    """(B, 1) median of the real snippets of (B, T), the mean of the two in the middle where they are even."""
    ordered = values.masked_fill(~mask, float('inf')).sort(dim=1).values
    length = mask.sum(dim=1, keepdim=True)
    return (ordered.gather(1, (length - 1) // 2) + ordered.gather(1, length // 2)) / 2


def rings(above: Tensor, mask: Tensor, inner: int, outer: int) -> tuple[Tensor, Tensor]:
    """The snippets beside the borders of the stretches above, inside them and outside, as the released code has them.

    Inside is what an erosion by ``inner`` snippets leaves and one by ``outer`` does not; outside is what a dilation by
    ``outer`` reaches and one by ``inner`` does not. An element of k snippets reaches k // 2 to one side; where k is
    even, dilation reaches one less to the right and erosion one less to the left. Beyond the video nothing is above.

    Args:
        above: (B, T) bool.
        mask: (B, T) bool, True at real snippets.
        inner: Size of the smaller element.
        outer: Size of the larger one.

    Returns:
        Two (B, T) bool.
    """
    above = above & mask
    reach = max(inner, outer) // 2
    padded = nn.functional.pad(above, (reach, reach))
    windows = padded.unfold(1, 2 * reach + 1, 1)  # (B, T, 2 reach + 1), the snippet itself in the middle

    def eroded(size: int) -> Tensor:
        return windows[..., reach - size // 2:reach + (size + 1) // 2].all(dim=2)

    def dilated(size: int) -> Tensor:
        return windows[..., reach - (size - 1) // 2:reach + size // 2 + 1].any(dim=2)

    return eroded(inner) & ~eroded(outer), dilated(outer) & ~dilated(inner) & mask
