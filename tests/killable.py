"""A small training that records the loss of every step, to be killed and resumed."""
from __future__ import annotations

import io
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from mmengine.config import Config
from mmengine.dist import is_distributed, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from rpn_plugin.engine.hooks import atomic_checkpoint_hook

SYNTHETIC = Path(__file__).resolve().parents[1] / 'configs' / 'rpn_synthetic.py'


class LossesToFile(Hook):
    """Appends iteration and loss to a file at once, so that what a killed process computed stays known."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        os.write(self.file, f'{runner.iter} {outputs["loss"].item().hex()}\n'.encode())


class SlowDisk:
    """Writes checkpoints in pieces that take their time, and kills its process before one of its operations.

    Args:
        last: Number of the operation (a piece written, a file renamed or removed) that is not reached; None: all are.
    """

    def __init__(self, last: int | None) -> None:
        self.last = last
        self.operations = 0
        sys.addaudithook(self._before_rename_or_removal)

    def operation(self) -> None:
        """Count one."""
        if self.operations == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        self.operations += 1

    def open(self, path: Path, mode: str) -> io.FileIO:
        """In place of the built-in one."""
        disk = self

        class SlowFile(io.FileIO):

            def write(self, data: bytes) -> int:
                for piece in (data[:len(data) // 2], data[len(data) // 2:]):
                    disk.operation()
                    super().write(piece)
                    time.sleep(0.02)
                return len(data)

        return SlowFile(path, mode)

    def _before_rename_or_removal(self, event: str, arguments: tuple) -> None:
        if event in ('os.rename', 'os.remove') and str(arguments[0]).endswith(('.pth', 'last_checkpoint')):
            self.operation()


def train(work_dir: str, num_workers: int, epochs: int, last_operation: int | None = None) -> None:
    """Train from the last checkpoint in ``work_dir``, on all ranks; then write the state to ``final.pt`` there."""
    config = Config.fromfile(SYNTHETIC)
    config.merge_from_dict(dict(
        work_dir=work_dir, launcher='pytorch' if is_distributed() else 'none', experiment_name=Path(work_dir).name,
        randomness=dict(seed=3), log_level='ERROR', resume=True, val_cfg=None, val_dataloader=None, val_evaluator=None,
        param_scheduler=[dict(type='LinearLR', end=2)],
        train_cfg=dict(max_epochs=epochs),
        train_dataloader=dict(batch_size=4, num_workers=num_workers, persistent_workers=num_workers > 0),
        default_hooks=dict(checkpoint=dict(interval=1, max_keep_ckpts=1))))
    config.train_dataloader.dataset.pipeline.insert(1, dict(type='SampleSnippets', num_snippets=0.5, mode='strata'))
    runner = Runner.from_cfg(config)
    runner.register_hook(LossesToFile(str(Path(work_dir) / 'losses.txt')))
    with mock.patch.object(atomic_checkpoint_hook, 'open', SlowDisk(last_operation).open, create=True):
        runner.train()
    if is_main_process():
        torch.save(dict(model=runner.model.state_dict(), optimizer=runner.optim_wrapper.state_dict()),
                   Path(work_dir) / 'final.pt')
