"""Keeps two trainings out of one folder."""
from __future__ import annotations

import atexit
import datetime
import os
import socket
from contextlib import suppress
from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from rpn_plugin.locks import FileLock, NoFileLocksError

LOCK = '.training.lock'
_held: dict[Path, FileLock] = {}
"""Locks of this process, in which a training that failed may be started again."""


@HOOKS.register_module()
class WorkDirLockHook(Hook):
    """Locks the work directory while a training runs, so that a second one is refused instead of mixed with it.

    The main process holds the lock, and the system releases it when that process ends, even if it is killed. Where the
    file system has no locks, training goes on with a warning. Tests may run beside a training.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Take the lock.

        Raises:
            RuntimeError: If another process holds it; on every process of the group.
        """
        holder = [_lock(runner) if is_main_process() else None]
        broadcast_object_list(holder)
        if holder[0] is not None:
            raise RuntimeError(f'{runner.work_dir} is in use by another training ({holder[0]}): their checkpoints '
                               f'would be mixed. Name another folder with --work-dir, or end that training.')

    def after_train(self, runner: Runner) -> None:
        """Give the lock up."""
        lock = _held.pop(Path(runner.work_dir).resolve(), None)
        if lock:
            lock.release()


def _lock(runner: Runner) -> str | None:
    """Lock the folder of a run; None if that is done, else who holds it."""
    folder = Path(runner.work_dir).resolve()
    if folder in _held:
        return None
    lock = FileLock(folder / LOCK)
    now = datetime.datetime.now().astimezone().isoformat(' ', 'seconds')
    try:
        if lock.acquire(f'process {os.getpid()} on {socket.gethostname()} since {now}'):
            _held[folder] = lock
            atexit.register(lock.release)  # where training ends by an error or a signal; it matters to nobody but eyes
            return None
    except NoFileLocksError as error:
        runner.logger.warning(f'{folder}: the file system has no locks ({error.strerror}), so that nobody notices if '
                              f'a second training is started there.')
        return None
    return _holder(lock)


def training_in(folder: Path) -> str | None:
    """Who trains in a folder; None if nobody does, or nobody knows."""
    lock = FileLock(folder / LOCK)
    if not lock.path.exists():
        return None
    try:
        if not lock.acquire():
            return _holder(lock)
    except NoFileLocksError:
        return None
    lock.release()
    return None


def _holder(lock: FileLock) -> str:
    with suppress(FileNotFoundError):
        return lock.path.read_text(encoding='utf-8')
    return 'which has just ended'
