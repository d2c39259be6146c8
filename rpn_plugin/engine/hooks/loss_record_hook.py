"""The host's record of losses, without waiting for the device in every step."""
from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import RuntimeInfoHook
from mmengine.runner import Runner
from torch import Tensor

from rpn_plugin.engine.hooks.training_logger_hook import TrainingLoggerHook
from rpn_plugin.structures import at_least_float32

MOST_STEPS = 100
"""Whose losses may wait on the device."""


@HOOKS.register_module()
class LossRecordHook(RuntimeInfoHook):
    """Reads losses off a device only when a line is logged, a checkpoint is saved, or many have come together.

    The host's hook reads every loss in every step, for which it waits until the device has done that step; the device
    then waits for the next step to be prepared. The values that are recorded are the same. Losses in memory, and those
    of a run whose lines another hook than :class:`TrainingLoggerHook` logs, are recorded at once.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._waiting: list[Tensor] = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Keep the losses of a step, and record all that are kept if somebody is about to look."""
        losses = {name: value.detach() for name, value in (outputs or {}).items()
                  if isinstance(value, Tensor) and lies_on_device(value)}
        others = {name: value for name, value in (outputs or {}).items() if name not in losses}
        super().after_train_iter(runner, batch_idx, data_batch, others)
        if list(losses) != self._names:
            self.record(runner)
            self._names = list(losses)
        if losses:
            self._waiting.append(torch.stack([at_least_float32(value) for value in losses.values()]))
        loggers = [hook for hook in runner.hooks if isinstance(hook, TrainingLoggerHook)]
        if len(self._waiting) >= MOST_STEPS or not loggers or any(hook.is_due(runner, batch_idx) for hook in loggers):
            self.record(runner)

    def record(self, runner: Runner) -> None:
        """Record the losses that are kept, in one read."""
        if self._waiting:
            for step in torch.stack(self._waiting).tolist():
                for name, value in zip(self._names, step):
                    runner.message_hub.update_scalar(f'train/{name}', value)
        self._waiting = []

    def after_train_epoch(self, runner: Runner) -> None:
        """Record all before hooks of the epoch look."""
        self.record(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put what was kept into the checkpoint, which holds the history of the losses."""
        if self._waiting:
            self.record(runner)
            checkpoint['message_hub']['log_scalars'] = runner.message_hub.state_dict()['log_scalars']


def lies_on_device(value: Tensor) -> bool:
    """Return whether reading a tensor makes the host wait."""
    return value.device.type != 'cpu'
