"""Computations of other methods as their released code has them, to be timed beside those of the plugin.

Tests compare them; ``bench_training.py --method`` times them.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from unittest import mock

import torch
from torch import Tensor
from torch.nn.functional import normalize

from rpn_plugin.structures import PackedLayout


def shares_by_recursion(probability: Tensor, layout: PackedLayout) -> Tensor:
    """MAAN's recursion over snippets and over how many of them are drawn, for all videos of a padded batch at once.

    The released code carries the mean feature through it; here every snippet has a feature of its own, whose mean is
    its share. That takes T values instead of D, and so less time where a video has fewer snippets than features.
    """
    p = layout.pad(probability)  # (B, T)
    videos, length = p.shape
    drawn = p.new_ones(1).expand(videos, 1)  # q, (B, t + 1): probability of each number drawn so far
    mean = p.new_zeros(videos, 1, length)  # m, (B, t + 1, T): what each number adds to the expected mean
    for t in range(length):
        own = p[:, t, None]
        number = torch.arange(1, t + 2, dtype=p.dtype, device=p.device)
        with_it = (number - 1)[:, None] * mean
        with_it = torch.cat([with_it[..., :t], with_it[..., t:t + 1] + drawn[..., None], with_it[..., t + 1:]], dim=2)
        with_it = own[..., None] * with_it / number[:, None]
        nothing = mean.new_zeros(videos, 1, length)
        mean = torch.cat([nothing, with_it], dim=1) + (1 - own)[..., None] * torch.cat([mean, nothing], dim=1)
        none = nothing[..., 0]
        drawn = torch.cat([none, own * drawn], dim=1) + (1 - own) * torch.cat([drawn, none], dim=1)
    return layout.unpad(mean.sum(dim=1))


def walked_by_inverse(x: Tensor, centres: Tensor, layout: PackedLayout, scale: float, restart: float,
                      allowed: Tensor | None = None) -> Tensor:
    """RSKP's walk by the inverse over all snippets, video by video, as ``snippet_walk.walked`` describes it."""
    parts = []
    for video, (features, of_video) in enumerate(zip(layout.split(x), centres)):
        logits = scale * normalize(features, dim=1) @ normalize(of_video, dim=1).T  # (T, k)
        shares = logits.softmax(dim=1) if allowed is None else logits.masked_fill(
            ~allowed[video], -1e9).softmax(dim=1) * allowed[video]
        weights = shares / shares.sum(dim=0).clamp(min=torch.finfo(x.dtype).tiny)
        between = torch.eye(len(features), dtype=x.dtype, device=x.device) - restart**2 * shares @ weights.T  # (T, T)
        parts.append((1 - restart) * torch.inverse(between) @ (restart * shares @ of_video + features))
    return torch.cat(parts)


HEADS = 'rpn_plugin.models.heads'
RELEASED: Mapping[str, Mapping[str, Callable[..., Tensor]]] = {
    'maan': {f'{HEADS}.sparse_pooling_head.marginalized_weights': shares_by_recursion},
    'rskp': {f'{HEADS}.representative_snippet_head.walked': walked_by_inverse},
}
"""Method to what the plugin computes in another way than its released code, and that code's way."""


@contextmanager
def as_released(method: str) -> Iterator[None]:
    """Let a method compute as its released code does."""
    with ExitStack() as stack:
        for target, released in RELEASED.get(method, {}).items():
            stack.enter_context(mock.patch(target, released))
        yield
