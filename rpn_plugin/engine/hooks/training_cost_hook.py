"""Writes what a training cost: time, processor time and memory."""
from __future__ import annotations

import json
import re
import time
from pathlib import Path

import torch
from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from rpn_plugin.files import written_whole

COST_FILE = 'training_cost.json'
"""Name of the file in the work directory."""

_STATUS = Path('/proc/self/status')


@HOOKS.register_module()
class TrainingCostHook(Hook):
    """Writes :data:`COST_FILE` at the end of a training: what the main process spent between its first and last step.

    ``seconds`` is wall time, ``cpu_seconds`` the processor time of all threads of the process without those that load
    data beside it, ``peak_memory_mib`` the most memory that it ever held: on a GPU what was allocated there, else what
    the system counts, libraries included (null where the system does not tell, which is all but Linux). A training that
    was resumed counts from there on.
    """

    priority = 'VERY_LOW'

    def before_train(self, runner: Runner) -> None:
        """Start the clocks."""
        self._seconds, self._cpu_seconds = time.monotonic(), time.process_time()

    def after_train(self, runner: Runner) -> None:
        """Write the file."""
        if not is_main_process():
            return
        cost = dict(seconds=round(time.monotonic() - self._seconds, 2),
                    cpu_seconds=round(time.process_time() - self._cpu_seconds, 2), peak_memory_mib=_peak_memory_mib())
        with written_whole(Path(runner.work_dir) / COST_FILE) as temporary:
            temporary.write_text(json.dumps(cost), encoding='utf-8')


def _peak_memory_mib() -> float | None:
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    if not _STATUS.is_file():
        return None
    held = re.search(r'^VmHWM:\s+(\d+) kB$', _STATUS.read_text(), re.M)
    return round(int(held.group(1)) / 1024, 1) if held else None
