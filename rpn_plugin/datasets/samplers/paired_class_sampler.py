"""A sampler of batches that hold pairs of videos with a common class."""
from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from rpn_plugin.datasets.samplers.seeded_sampler import SeededIndex


@DATA_SAMPLERS.register_module()
class PairedClassSampler(Sampler):
    """Batches that begin with pairs of videos of one class each, for ``CoActivityLoss``; the rest is drawn at random.

    As in W-TALC: every pair is of another class, drawn at random among the classes that the training videos have, and
    its two videos are drawn at random among those of the class; they may be the same one. Videos come up at random, not
    once in an epoch, which is as many batches as hold the training set. The dataloader's ``batch_size`` must be
    2 ``pairs`` + ``rest``, so that its batches are these. Each batch depends on seed, epoch and its number alone, and
    stays on one process.

    Args:
        dataset: With ``video_labels()``, the class indices of each video.
        pairs: Pairs in a batch; fewer where the videos have fewer classes, with random videos in their place.
        rest: Further videos in a batch.
        seed: Equal on all processes; None agrees on one.

    Raises:
        ValueError: If there is to be no pair.
    """

    def __init__(self, dataset: Any, pairs: int = 3, rest: int = 4, seed: int | None = None) -> None:
        if pairs < 1 or rest < 0:
            raise ValueError(f'PairedClassSampler expects at least one pair and no negative rest, but got {pairs} and '
                             f'{rest}.')
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.pairs, self.rest = pairs, rest
        self.epoch = 0
        self.num_videos = len(dataset)
        self.of_class: dict[int, list[int]] = {}
        for video, labels in enumerate(dataset.video_labels()):
            for label in labels:
                self.of_class.setdefault(int(label), []).append(video)
        self.num_batches = math.ceil(self.num_videos / (self.batch_size * self.world_size))  # of each process

    @property
    def batch_size(self) -> int:
        """Videos in a batch."""
        return 2 * self.pairs + self.rest

    def __iter__(self) -> Iterator[SeededIndex]:
        """Yield the indices of this process's batches, in order."""
        for number in range(self.num_batches):
            seed = (self.seed, self.epoch, number * self.world_size + self.rank)
            for place, video in enumerate(self.batch(np.random.default_rng(seed))):
                yield SeededIndex(video, (*seed, place))

    def batch(self, rng: np.random.Generator) -> list[int]:
        """Draw one batch."""
        classes = rng.permutation(sorted(self.of_class))[:self.pairs]
        videos = [int(video) for label in classes for video in rng.choice(self.of_class[int(label)], 2)]
        return videos + rng.integers(self.num_videos, size=self.batch_size - len(videos)).tolist()

    def __len__(self) -> int:
        """Return the number of indices of this process in an epoch."""
        return self.num_batches * self.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Draw the batches of another epoch from now on."""
        self.epoch = epoch
