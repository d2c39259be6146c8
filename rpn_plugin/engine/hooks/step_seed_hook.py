"""Random numbers that depend on the step alone."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmaction.registry import HOOKS
from mmengine.dist import broadcast, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner, set_random_seed


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seeds Python, NumPy and torch before every training step from (seed of the run, rank, iteration).

    Nothing random then depends on what happened before, so a resumed run draws what the unbroken one would have drawn,
    and no generator's state needs to be kept. Ranks draw different numbers, for dropout among others. The sampler takes
    the seed that the resumed checkpoint was trained with.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Agree on the seed, after a checkpoint is loaded."""
        seed = torch.tensor(runner.seed)
        broadcast(seed, src=0)
        self._seed = int(seed)
        sampler = runner.train_dataloader.batch_sampler.sampler
        if hasattr(sampler, 'seed'):
            sampler.seed = self._seed

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed the transforms of the first batch that draw in this process."""
        self._set(runner.iter)

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Seed the model."""
        self._set(runner.iter)

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Seed the transforms of the next batch that draw in this process, as at the beginning of an epoch."""
        if not runner.train_dataloader.num_workers:
            self._set(runner.iter + 1)
            torch.empty((), dtype=torch.int64).random_()  # so does a loader whose epoch begins here, in a resumed run

    def _set(self, iteration: int) -> None:
        words = np.random.SeedSequence((self._seed, get_rank(), iteration))
        set_random_seed(int(words.generate_state(1)[0]))
