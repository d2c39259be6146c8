"""The released code's ways, which benchmarks time beside ours, compute the same."""
from __future__ import annotations

import pytest
import torch
from plain_methods import shares_by_recursion, walked_by_inverse

from rpn_plugin.models.heads.snippet_walk import walked
from rpn_plugin.models.heads.sparse_pooling_head import marginalized_weights
from rpn_plugin.structures import PackedLayout

LAYOUT = PackedLayout([1, 6, 17])


def test_the_recursion_of_maan_gives_the_shares() -> None:
    probability = torch.rand(24, dtype=torch.float64)
    torch.testing.assert_close(shares_by_recursion(probability, LAYOUT), marginalized_weights(probability, LAYOUT))


@pytest.mark.parametrize('allowed', [None, torch.tensor([[True, False, True], [False] * 3, [True] * 3])])
def test_the_inverse_of_rskp_gives_the_walk(allowed) -> None:
    x, centres = torch.randn(24, 5, dtype=torch.float64), torch.randn(3, 3, 5, dtype=torch.float64)
    found = (way(x, centres, LAYOUT, 5.0, 0.5, allowed) for way in (walked_by_inverse, walked))
    torch.testing.assert_close(*found)
