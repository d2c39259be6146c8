"""A small training set gets its least number of iterations, a large one its epochs."""
from __future__ import annotations

from types import SimpleNamespace

import pytest

from rpn_plugin.engine import MinItersTrainLoop


def loop(batches: int, **settings: int) -> MinItersTrainLoop:
    class Batches(list):
        dataset = SimpleNamespace(metainfo={})

    runner = SimpleNamespace(visualizer=SimpleNamespace())
    return MinItersTrainLoop(runner, Batches([None] * batches), **settings)


@pytest.mark.parametrize(('batches', 'epochs'), [(1, 1000), (2, 500), (9, 112), (49, 21), (50, 20), (500, 20)])
def test_epochs_are_as_many_as_the_larger_of_both_needs(batches: int, epochs: int) -> None:
    made = loop(batches, max_epochs=20, min_iters=1000)
    assert made.max_epochs == epochs and made.max_iters == epochs * batches
    assert loop(batches, max_epochs=20).max_epochs == 20


def test_a_negative_number_of_iterations_is_refused() -> None:
    with pytest.raises(ValueError, match='min_iters of at least 0, but got -1'):
        loop(3, max_epochs=1, min_iters=-1)
