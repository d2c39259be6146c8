"""Checkpoints that a killed run can always be resumed from."""
from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from rpn_plugin.files import written_whole


@register_backend('atomic')
class AtomicLocalBackend(LocalBackend):
    """The local disk, on which files appear whole or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj`` under a temporary name, to the disk itself, and rename it to ``filepath``."""
        with written_whole(filepath) as temporary, open(temporary, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())  # a machine that loses power must not keep the name without the content


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """The host's checkpoints on a local disk, such that a run that is killed at any moment can be resumed.

    A checkpoint appears whole or not at all, then ``last_checkpoint`` names it, and only then an older one is removed
    (``max_keep_ckpts``). The host's own hook removes first, and writes both files in place.

    Args:
        kwargs: As :class:`mmengine.hooks.CheckpointHook`, without ``backend_args``.
    """

    keep_ckpt_ids: deque[int]
    """Steps of the checkpoints that are kept; the host's hook sets it before training."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(backend_args=dict(backend='atomic'), **kwargs)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        keep, steps = max(self.max_keep_ckpts, 0), []
        if keep:
            steps = [kept for kept in self.keep_ckpt_ids if kept != step] + [step]
            # The checkpoint counts the outdated one as well: a run resumed from here removes it if this one did not.
            runner.message_hub.update_info('keep_ckpt_ids', steps)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(self.out_dir, name, save_optimizer=self.save_optimizer,
                               save_param_scheduler=self.save_param_scheduler, meta=meta, by_epoch=self.by_epoch,
                               backend_args=self.backend_args, **self.args)
        if is_main_process():
            self.file_backend.put(self.last_ckpt.encode(), Path(runner.work_dir) / 'last_checkpoint')
            for outdated in steps[:-keep]:
                Path(self.out_dir, self.filename_tmpl.format(outdated)).unlink(missing_ok=True)
        if keep:
            self.keep_ckpt_ids = deque(steps, keep)
