"""Log lines by iterations of the whole training, and by time."""
from __future__ import annotations

import math
import time
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import LoggerHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from rpn_plugin.engine.summary import describe_training

SECONDS = 10.0
"""No longer than this passes without a line, except in one step."""


@HOOKS.register_module()
class TrainingLoggerHook(LoggerHook):
    """The host's logger, for epochs shorter than its interval.

    The host counts ``interval`` from the start of every epoch and logs the end of each in any case: two lines per
    epoch, 2000 for the paper's 1000 epochs of 20 iterations. Here ``interval`` counts iterations of the whole training;
    the first and the last one are always logged. A line holds epoch, iteration, remaining time and losses, as the
    host's. Before the first there is a summary of what is trained.

    Where an interval takes long, a line comes every ten seconds, in validations and tests, too. Such a line is for
    those who wait: ``scalars.json`` and other backends get the values of the intervals, which depend on no clock.

    Args:
        kwargs: As :class:`mmengine.hooks.LoggerHook`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._said_at = -math.inf

    def before_train(self, runner: Runner) -> None:
        """Log the summary."""
        super().before_train(runner)
        runner.logger.info('\n'.join(['Training', *(f'  {line}' for line in describe_training(runner))]))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Log the first iteration, every ``interval``-th and the last; a line only, where it is time for one."""
        counted = self._counts(runner, batch_idx)
        tag = self._say(runner, batch_idx, 'train', counted)
        if counted:
            runner.visualizer.add_scalars(tag, step=runner.iter + 1, file_path=self.json_log_path)

    def is_due(self, runner: Runner, batch_idx: int) -> bool:
        """Whether the iteration that is being trained gets a line."""
        return self._counts(runner, batch_idx) or self._is_time(time.monotonic())

    def before_val_epoch(self, runner: Runner) -> None:
        """Start to wait."""
        self._said_at = time.monotonic()

    def before_test_epoch(self, runner: Runner) -> None:
        """Start to wait."""
        self._said_at = time.monotonic()

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Log every ``interval``-th iteration, and where it is time."""
        self._say(runner, batch_idx, 'val', self.every_n_inner_iters(batch_idx, self.interval))

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Log every ``interval``-th iteration, and where it is time."""
        self._say(runner, batch_idx, 'test', self.every_n_inner_iters(batch_idx, self.interval))

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log the metrics of a test and write them to their file, which the host lets all processes do at once."""
        if is_main_process():
            super().after_test_epoch(runner, metrics)

    def _counts(self, runner: Runner, batch_idx: int) -> bool:
        loop = runner.train_loop
        # Where a run was resumed with other batches, its last iteration is not the one that max_iters counts.
        last = loop.epoch + 1 == loop.max_epochs and self.end_of_epoch(loop.dataloader, batch_idx) \
            if isinstance(loop, EpochBasedTrainLoop) else self.is_last_train_iter(runner)
        return runner.iter == 0 or self.every_n_train_iters(runner, self.interval) or last

    def _is_time(self, now: float) -> bool:
        return now - self._said_at >= SECONDS

    def _say(self, runner: Runner, batch_idx: int, mode: str, counted: bool) -> dict[str, Any]:
        """Log a line if it counts or is due; return its values."""
        now = time.monotonic()
        if not counted and not self._is_time(now):
            return {}
        tag, line = runner.log_processor.get_log_after_iter(runner, batch_idx, mode)
        runner.logger.info(line)
        self._said_at = now
        return tag
