"""Representatives of a video's snippets, and a random walk by which they reach every snippet: RSKP's propagation."""
from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from rpn_plugin.structures import Layout

PRECISION = 1e-12
"""Relative remainder at which the series of a walk ends."""


def assigned(directions: Tensor, centres: Tensor, layout: Layout, scale: float,
             allowed: Tensor | None = None) -> Tensor:
    """Shares of each snippet in the centres of its video: a softmax over their cosines.

    Args:
        directions: (N, E) of length 1.
        centres: (B, k, E).
        layout: Of the videos.
        scale: Of the cosines.
        allowed: (B, k) bool, centres that a video may use; None for all. Without any its shares are 0.

    Returns:
        (N, k).
    """
    logits = scale * layout.products(directions, normalize(centres, dim=2))
    if allowed is None:
        return logits.softmax(dim=1)
    mask = layout.spread(allowed)
    return logits.masked_fill(~mask, -1e9).softmax(dim=1) * mask


def representatives(x: Tensor, start: Tensor, layout: Layout, scale: float, rounds: int) -> Tensor:
    """Centres of each video by expectation and maximization from a common start (k, E): (B, k, E)."""
    centres, directions = start.expand(layout.num_videos, -1, -1), normalize(x, dim=1)
    for _ in range(rounds):
        shares = assigned(directions, centres, layout, scale)  # (N, k)
        centres = layout.weighted_sum(shares, x) / layout.sum(shares)[..., None]
    return centres


def walked(x: Tensor, centres: Tensor, layout: Layout, scale: float, restart: float,
           allowed: Tensor | None = None) -> Tensor:
    """Features after a random walk between the snippets of a video and its centres, to its end.

    With Z (k, T) the shares of the snippets in the centres, Zb its rows divided by their sums and R = Z^T Zb, this is
    (1 - w) (I - w^2 R)^-1 (w Z^T mu + x), where w is ``restart``. The inverse is taken of a k x k matrix, by its
    series, which gains a factor of w^2 with every term.

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
    shares = assigned(normalize(x, dim=1), centres, layout, scale, allowed)  # Z^T, (N, k)
    weights = shares / layout.spread(layout.sum(shares).clamp(min=torch.finfo(x.dtype).tiny))  # Zb^T
    reached = restart * layout.products(shares, centres.transpose(1, 2)) + x  # (N, E)
    between = restart**2 * layout.weighted_sum(weights, shares)  # w^2 Zb Z^T, (B, k, k)
    first = layout.weighted_sum(weights, reached)  # (B, k, E)
    total = first
    for _ in range(math.ceil(math.log(PRECISION) / math.log(restart**2)) if restart else 0):
        total = first + between @ total
    return (1 - restart) * (reached + restart**2 * layout.products(shares, total.transpose(1, 2)))
