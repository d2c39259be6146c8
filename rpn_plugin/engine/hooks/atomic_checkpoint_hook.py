"""Checkpoints that a killed run can always be resumed from."""
from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import BatchSampler, Sampler

from rpn_plugin.files import written_whole

INTERRUPTED = 'interrupted_iter_{:d}.pth'
INTERRUPTED_AT = 'interrupted_at'
"""Key of the message hub: after how many iterations the checkpoint was saved that the next one takes the place of."""
TRAINED, BATCHES = 'batches_trained', 'batches_per_epoch'
"""Keys of a checkpoint's meta information."""


@register_backend('atomic')
class AtomicLocalBackend(LocalBackend):
    """The local disk, on which files appear whole or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj`` under a temporary name, to the disk itself, and rename it to ``filepath``."""
        with written_whole(filepath) as temporary, open(temporary, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())  # a machine that loses power must not keep the name without the content


class RestOfEpoch(Sampler):
    """A sampler without the first indices of an epoch, and with the length of the whole, which schedules count by.

    Args:
        sampler: Of whole epochs.
        trained: Number of indices to leave out.
    """

    def __init__(self, sampler: Any, trained: int) -> None:
        self.sampler = sampler
        self.trained = trained

    def __iter__(self) -> Iterator[int]:
        return islice(iter(self.sampler), self.trained, None)

    def __len__(self) -> int:
        return len(self.sampler)


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """The host's checkpoints on a local disk, such that a run that is killed at any moment can be resumed.

    A checkpoint appears whole or not at all, then ``last_checkpoint`` names it, and only then an older one is removed
    (``max_keep_ckpts``). The host's own hook removes first, and writes both files in place. A training that is stopped
    early, as by ``EarlyStoppingHook``, leaves its last state, too; the host's leaves that of the last interval.

    One that is interrupted (:meth:`save_interrupted`) leaves a checkpoint from the middle of an epoch. A run that is
    resumed from it trains the rest of that epoch, and removes it when it has saved the next one.

    Args:
        kwargs: As :class:`mmengine.hooks.CheckpointHook`, without ``backend_args``.
    """

    keep_ckpt_ids: deque[int]
    """Steps of the checkpoints that are kept; the host's hook sets it before training."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(backend_args=dict(backend='atomic'), **kwargs)
        self._saved_at = -1  # iterations
        self._epoch_began_at = 0
        self._resumed: Mapping[str, Any] = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Note where in an epoch a checkpoint was saved that is resumed."""
        self._resumed = checkpoint.get('meta') or {} if runner._resume else {}

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder, and leave out of the first epoch what of it was trained before."""
        super().before_train(runner)
        self._epoch_began_at = runner.iter
        trained, batches = self._resumed.get(TRAINED, 0), self._resumed.get(BATCHES)
        self._resumed = {}
        if not trained:
            return
        loader = runner.train_dataloader
        if batches != len(loader) or not isinstance(loader.batch_sampler, BatchSampler):
            runner.logger.warning(f'The checkpoint was saved after {trained} of {batches} batches of an epoch, which '
                                  f'has {len(loader)} now: the epoch begins anew, and some videos are trained twice.')
            return
        loader.batch_sampler.sampler = RestOfEpoch(loader.batch_sampler.sampler,
                                                   trained * loader.batch_sampler.batch_size)
        self._epoch_began_at -= trained

    def after_train_epoch(self, runner: Runner) -> None:
        """Save a checkpoint if it is time to."""
        super().after_train_epoch(runner)
        self._epoch_began_at = runner.iter
        batches = runner.train_dataloader.batch_sampler
        if isinstance(batches, BatchSampler) and isinstance(batches.sampler, RestOfEpoch):
            batches.sampler = batches.sampler.sampler

    def save_interrupted(self, runner: Runner, done: int) -> str:
        """Save the state between two steps, of the optimizer and the schedule in any case; return the path.

        Args:
            runner: The runner, all of whose hooks are done with the last step.
            done: Iterations that are done.
        """
        name, before = INTERRUPTED.format(done), runner.message_hub.runtime_info.get(INTERRUPTED_AT)
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)  # the host's other loop skips batches itself
        meta = {'epoch': runner.epoch, 'iter': done, TRAINED: done - self._epoch_began_at if by_epoch else 0,
                BATCHES: len(runner.train_dataloader)}
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.message_hub.update_info(INTERRUPTED_AT, done)
        runner.save_checkpoint(self.out_dir, name, meta=meta, by_epoch=False, backend_args=self.backend_args,
                               **self.args)
        if is_main_process():
            self._name_last(runner)
            if before not in (None, done):
                Path(self.out_dir, INTERRUPTED.format(before)).unlink(missing_ok=True)
        return self.last_ckpt

    def _name_last(self, runner: Runner) -> None:
        self.file_backend.put(self.last_ckpt.encode(), Path(runner.work_dir) / 'last_checkpoint')

    def after_train(self, runner: Runner) -> None:
        """Save the last state of a training that was stopped before its last step."""
        stopped = getattr(runner.train_loop, 'stop_training', False)
        if self.save_last and stopped and self._saved_at != runner.iter:
            step = runner.epoch if self.by_epoch else runner.iter
            self._save_checkpoint_with_step(runner, step, dict(epoch=runner.epoch, iter=runner.iter))

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
            self._name_last(runner)
            for outdated in steps[:-keep]:
                Path(self.out_dir, self.filename_tmpl.format(outdated)).unlink(missing_ok=True)
            interrupted_at = runner.message_hub.runtime_info.get(INTERRUPTED_AT)
            if interrupted_at is not None:
                Path(self.out_dir, INTERRUPTED.format(interrupted_at)).unlink(missing_ok=True)
        runner.message_hub.runtime_info.pop(INTERRUPTED_AT, None)
        self._saved_at = meta['iter']
        if keep:
            self.keep_ckpt_ids = deque(steps, keep)
