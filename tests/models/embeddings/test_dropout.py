"""Dropout by 16 random bits an element has the statistics of dropout."""
from __future__ import annotations

import pytest
import torch

from rpn_plugin.models.embeddings import Dropout

SHAPE = (301, 67)  # not a multiple of 4
DRAWS = 60


def draws(p: float) -> torch.Tensor:
    """(DRAWS, *SHAPE) of ones passed through."""
    torch.manual_seed(0)
    dropout = Dropout(p)
    return torch.stack([dropout(torch.ones(SHAPE)) for _ in range(DRAWS)])


@pytest.mark.parametrize('p', [0.003, 0.2, 0.5, 0.9, 1e-6])
def test_mean_and_variance_are_those_of_dropout(p) -> None:
    ones = draws(p).double()
    error = (p / (1 - p) / ones.numel())**0.5  # standard error of the mean; 2^-16 is the rounding of p
    assert abs(float((ones == 0).double().mean()) - p) < 5 * (p * (1 - p) / ones.numel())**0.5 + 2**-16
    assert abs(float(ones.mean()) - 1) < 5 * error + 1e-9
    assert ones.unique().numel() <= 2 and float(ones.max()) == pytest.approx(1 / (1 - p), rel=2e-4)


def test_the_elements_of_a_mask_and_consecutive_masks_are_independent() -> None:
    centred = (draws(0.5) - 1).flatten(1).double()  # (DRAWS, n), variance 1
    for lag in (1, 2, 3, 4, 8, SHAPE[1], 2 * SHAPE[1]):
        assert abs(float((centred[:, :-lag] * centred[:, lag:]).mean())) < 5 / (centred.numel() - DRAWS * lag)**0.5
    assert abs(float((centred[:-1] * centred[1:]).mean())) < 5 / centred[1:].numel()**0.5
    per_place = centred.mean(dim=0)  # no place is favoured
    assert float(per_place.abs().max()) < 6 / DRAWS**0.5


def test_the_gradient_passes_where_the_value_does() -> None:
    torch.manual_seed(0)
    x = torch.randn(SHAPE, requires_grad=True)
    output = Dropout(0.3)(x)
    output.sum().backward()
    torch.testing.assert_close(output, x * x.grad)
    assert 0 < int((x.grad == 0).sum()) < x.numel()


def test_nothing_is_dropped_in_testing_or_at_probability_zero() -> None:
    x = torch.randn(SHAPE)
    assert Dropout(0.5).eval()(x) is x and Dropout(0.0)(x) is x


def test_the_seed_decides() -> None:
    assert torch.equal(draws(0.4), draws(0.4))


@pytest.mark.parametrize('p', [-0.1, 1.0, 1.5])
def test_a_probability_outside_its_range_is_refused(p) -> None:
    with pytest.raises(ValueError, match=rf'probability in \[0, 1\), but got {p}'):
        Dropout(p)
