"""Freed memory is used again instead of being asked for."""
from __future__ import annotations

import platform
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from rpn_plugin.engine import KeepFreedMemoryHook
from rpn_plugin.engine.hooks import keep_freed_memory_hook

BYTES_OF_A_STEP = 3 * 48 * 2**20


class Running:
    """As much of a runner as the hook looks at."""

    def __init__(self, device: str) -> None:
        self.model = nn.Linear(2, 2, device=device)


def page_faults(repeats: int) -> int:
    """While three blocks of 48 MB are filled and freed again and again."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(repeats):
        blocks = [torch.empty(12 * 2**20).fill_(1) for _ in range(3)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident_bytes() -> int:
    return int(Path('/proc/self/statm').read_text().split()[1]) * resource.getpagesize()


@pytest.fixture
def hook() -> Iterator[KeepFreedMemoryHook]:
    """Gives the memory back whatever happens."""
    hook = KeepFreedMemoryHook()
    yield hook
    hook.after_train(Running('cpu'))


def test_a_step_reuses_the_memory_of_the_one_before_until_training_ends(hook) -> None:
    if platform.libc_ver()[0] != 'glibc':
        pytest.skip('not glibc')
    before = resident_bytes()
    hook.before_train(Running('cpu'))
    page_faults(2)  # the process grows to the size of a step
    assert page_faults(5) < BYTES_OF_A_STEP / resource.getpagesize(), 'as many as one step asked for anew'
    assert resident_bytes() > before + BYTES_OF_A_STEP / 2
    hook.after_train(Running('cpu'))
    assert resident_bytes() < before + BYTES_OF_A_STEP / 4


def test_other_devices_and_other_mallocs_are_left_alone(hook, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(keep_freed_memory_hook, 'keep_freed_memory', lambda keep=True: calls.append(keep))
    for device in ('meta', 'cpu'):
        hook.before_train(Running(device))
        hook.after_train(Running(device))
    assert calls == [True, False]
    monkeypatch.undo()
    monkeypatch.setattr('ctypes.CDLL', lambda name: object())
    assert keep_freed_memory_hook.keep_freed_memory() is False
    monkeypatch.undo()
