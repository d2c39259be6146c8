"""Representatives of a video's snippets, and a random walk by which they reach every snippet: RSKP's propagation."""
from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from rpn_plugin.models.heads.fac_head import lengths
from rpn_plugin.structures import Layout

PRECISION = 1e-12
"""Relative remainder at which the series of a walk ends."""


def assigned(x: Tensor, length: Tensor, centres: Tensor, layout: Layout, scale: float,
             allowed: Tensor | None = None) -> Tensor:
    """Shares of each snippet in the centres of its video: a softmax over their cosines.

    Args:
        x: (N, E).
        length: (N, 1), of x.
        centres: (B, k, E).
        layout: Of the videos.
        scale: Of the cosines.
        allowed: (B, k) bool, centres that a video may use; None for all. Without any its shares are 0.

    Returns:
        (N, k).
    """
    logits = scale * layout.products(x, normalize(centres, dim=2)) / length
    if allowed is None:
        return logits.softmax(dim=1)
    mask = layout.spread(allowed)
    return logits.masked_fill(~mask, -1e9).softmax(dim=1) * mask


def representatives(x: Tensor, start: Tensor, layout: Layout, scale: float, rounds: int) -> Tensor:
    """Centres of each video by expectation and maximization from a common start (k, E): (B, k, E)."""
    centres, length = start.expand(layout.num_videos, -1, -1), lengths(x)
    for _ in range(rounds):
        shares = assigned(x, length, centres, layout, scale)  # (N, k)
        centres = layout.weighted_sum(shares, x) / layout.sum(shares)[..., None]
    return centres


def walked(x: Tensor, centres: Tensor, layout: Layout, scale: float, restart: float,
           allowed: Tensor | None = None) -> Tensor:
    """Features after a random walk between the snippets of a video and its centres, to its end.

    With Z (k, T) the shares of the snippets in the centres, Zb its rows divided by their sums and R = Z^T Zb, this is
    (1 - w) (I - w^2 R)^-1 (w Z^T mu + x), where w is ``restart``. The inverse is taken of a k x k matrix M, by its
    series, I + M + M^2 + ... = (I + M) (I + M^2) (I + M^4) ..., which gains a factor of w^2 with every term.

    Args:
        x: (N, E).
        centres: mu, (B, k, E).
        layout: Of the videos.
        scale: Of the cosines in Z.
        restart: w, in [0, 1).
        allowed: (B, k) bool, see :func:`assigned`.

    Returns:
        (N, E).
    """
    shares = assigned(x, lengths(x), centres, layout, scale, allowed)  # Z^T, (N, k)
    weights = shares / layout.spread(layout.sum(shares).clamp(min=torch.finfo(x.dtype).tiny))  # Zb^T
    reached = restart * layout.products(shares, centres.transpose(1, 2)) + x  # (N, E)
    between = restart**2 * layout.weighted_sum(weights, shares)  # w^2 Zb Z^T, (B, k, k)
    first = layout.weighted_sum(weights, reached)  # (B, k, E)
    total, power = first, between
    terms = math.ceil(math.log(PRECISION) / math.log(restart**2)) if restart else 1
    for doubling in range(math.ceil(math.log2(terms + 1))):
        power = power @ power if doubling else power
        total = total + power @ total
    return (1 - restart) * (reached + restart**2 * layout.products(shares, total.transpose(1, 2)))
