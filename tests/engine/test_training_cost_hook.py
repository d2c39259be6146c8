"""What a training costs is written beside its checkpoint."""
from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from rpn_plugin.engine import TrainingCostHook


def test_work_between_the_first_and_the_last_step_is_counted(tmp_path) -> None:
    hook, runner = TrainingCostHook(), SimpleNamespace(work_dir=str(tmp_path))
    hook.before_train(runner)
    held = bytearray(2**24)
    sum(held)
    hook.after_train(runner)
    cost = json.loads((tmp_path / 'training_cost.json').read_text())
    assert 0 < cost['cpu_seconds'] <= cost['seconds'] + 1
    if Path('/proc/self/status').is_file():
        assert cost['peak_memory_mib'] > 16
