"""Log lines by iterations of the whole training."""
from __future__ import annotations

from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import LoggerHook
from mmengine.runner import Runner

from rpn_plugin.engine.summary import describe_training


@HOOKS.register_module()
class TrainingLoggerHook(LoggerHook):
    """The host's logger, for epochs shorter than its interval.

    The host counts ``interval`` from the start of every epoch and logs the end of each in any case: two lines per
    epoch, 2000 for the paper's 1000 epochs of 20 iterations. Here ``interval`` counts iterations of the whole training;
    the first and the last one are always logged. A line holds epoch, iteration, remaining time and losses, as the
    host's. Before the first there is a summary of what is trained.

    Args:
        kwargs: As :class:`mmengine.hooks.LoggerHook`.
    """

    def before_train(self, runner: Runner) -> None:
        """Log the summary."""
        super().before_train(runner)
        runner.logger.info('\n'.join(['Training', *(f'  {line}' for line in describe_training(runner))]))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Log the first iteration, every ``interval``-th and the last."""
        if self.is_due(runner):
            tag, line = runner.log_processor.get_log_after_iter(runner, batch_idx, 'train')
            runner.logger.info(line)
            runner.visualizer.add_scalars(tag, step=runner.iter + 1, file_path=self.json_log_path)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log the metrics of a test and write them to their file, which the host lets all processes do at once."""
        if is_main_process():
            super().after_test_epoch(runner, metrics)

    def is_due(self, runner: Runner) -> bool:
        """Whether the iteration that is being trained gets a line."""
        return runner.iter == 0 or self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(runner)
