"""A sampler whose order and random numbers depend on seed and epoch alone."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import DefaultSampler


class SeededIndex(int):
    """Index of an item that carries the seed of the random numbers drawn for it.

    Args:
        index: Index in the dataset.
        seed: Non-negative integers.
    """

    seed: tuple[int, ...]

    def __new__(cls, index: int, seed: tuple[int, ...]) -> SeededIndex:
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __getnewargs__(self) -> tuple[int, tuple[int, ...]]:  # type: ignore[override]  # an int has one argument
        """Return the arguments with which pickle makes it again in a worker process."""
        return int(self), self.seed

    def generator(self) -> np.random.Generator:
        """Return the generator of this item's random numbers."""
        return np.random.default_rng((*self.seed, int(self)))


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """The host's sampler with indices that carry a seed, made of the training's seed and the epoch.

    What a transform draws for a video then depends on (seed, epoch, video) and on nothing that happened before, so that
    a resumed run, another number of worker processes and another number of ranks see the same snippets.

    Args:
        dataset: As :class:`mmengine.dataset.DefaultSampler`.
        shuffle: Draw a new order every epoch.
        seed: Equal on all processes; None agrees on one.
        round_up: On W processes, repeat up to W - 1 videos, so that every process has as many. Without it each video
            comes once per epoch; the last batch must then hold a video for every process, or they wait for each other.
    """

    def __iter__(self) -> Iterator[SeededIndex]:
        """Yield the indices of this process, in order."""
        return (SeededIndex(index, (self.seed, self.epoch)) for index in super().__iter__())
