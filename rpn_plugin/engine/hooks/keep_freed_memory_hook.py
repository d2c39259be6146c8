"""Keeps the memory of freed tensors in the process."""
from __future__ import annotations

import ctypes

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
GIB = 2**30
USUAL = 2**25
"""32 MiB, where glibc's own threshold ends as tensors grow."""


def keep_freed_memory(keep: bool = True) -> bool:
    """Let malloc reuse freed blocks of up to 1 GiB instead of giving them back to the system.

    Args:
        keep: False gives back what is free, and what will be as before.

    Returns:
        Whether this system's malloc could be told so: glibc's can.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, 'mallopt') or not hasattr(libc, 'malloc_trim'):
        return False
    limit = GIB if keep else USUAL
    done = libc.mallopt(M_MMAP_THRESHOLD, limit) and libc.mallopt(M_TRIM_THRESHOLD, limit)
    if not keep:
        libc.malloc_trim(0)
    return bool(done)


@HOOKS.register_module()
class KeepFreedMemoryHook(Hook):
    """Makes a training step on a CPU reuse the memory of the one before.

    glibc gives large freed blocks back to the system, which clears every page before the next step gets it again: with
    embeddings of 1024 channels that costs a tenth of a step. While training, the process stays as large as its largest
    step. Nothing happens on other devices and under another malloc.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Keep freed memory from now on."""
        if next(runner.model.parameters()).device.type == 'cpu':
            keep_freed_memory()

    def after_train(self, runner: Runner) -> None:
        """Give it back."""
        if next(runner.model.parameters()).device.type == 'cpu':
            keep_freed_memory(False)
