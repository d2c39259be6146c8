"""Losses on a device are recorded as the host records them, but not read in every step."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils._python_dispatch import TorchDispatchMode

from rpn_plugin.engine.hooks import loss_record_hook

CONFIG = Path(__file__).resolve().parents[2] / 'configs' / 'rpn_synthetic.py'
EPOCHS, STEPS, INTERVAL = 3, 4, 5


class ReadsOfLosses(TorchDispatchMode):
    """Counts the tensors of floats whose values come to Python, outside the optimizer, by iteration."""

    def __init__(self) -> None:
        super().__init__()
        self.iteration = 0
        self.read: list[int] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if function is torch.ops.aten._local_scalar_dense.default and args[0].is_floating_point():
            self.read.append(self.iteration)
        return function(*args, **(kwargs or {}))


class Iterations(Hook):
    priority = 'HIGHEST'

    def __init__(self, watch: ReadsOfLosses) -> None:
        self.watch = watch

    def before_train_iter(self, runner: Runner, *arguments: Any, **options: Any) -> None:
        self.watch.iteration = runner.iter


def train(tiny, work_dir: Path) -> tuple[list[dict], dict, ReadsOfLosses]:
    """Logged lines, recorded histories of the last checkpoint, and the reads."""
    config = Config.fromfile(CONFIG)
    config.train_dataloader.dataset.data_root = str(tiny.root)
    width = dict(embedding=dict(in_channels=4, channels=[6]), neck=dict(num_classes=3, channels=[6, 6]),
                 head=dict(in_channels=6))
    config.merge_from_dict(dict(
        work_dir=str(work_dir), experiment_name=work_dir.name, randomness=dict(seed=0), log_level='ERROR', val_cfg=None,
        val_dataloader=None, val_evaluator=None, train_cfg=dict(max_epochs=EPOCHS), train_dataloader=dict(batch_size=2),
        model=dict(localizer=width), optim_wrapper=dict(optimizer=dict(type='SGD')),
        default_hooks=dict(logger=dict(interval=INTERVAL), checkpoint=dict(interval=10, by_epoch=False))))
    runner, watch = Runner.from_cfg(config), ReadsOfLosses()
    runner.register_hook(Iterations(watch))
    with watch:
        runner.train()
    scalars, = work_dir.glob('*/vis_data/scalars.json')
    lines = [{key: value for key, value in json.loads(line).items() if 'time' not in key and key != 'memory'}
             for line in scalars.read_text().splitlines()]
    saved = torch.load(work_dir / 'iter_10.pth')['message_hub']['log_scalars']
    return lines, {key: history.data for key, history in saved.items() if 'time' not in key}, watch


def test_losses_on_a_device_are_read_when_somebody_looks_and_are_the_same(tiny, tmp_path, monkeypatch) -> None:
    lines, histories, watch = train(tiny, tmp_path / 'memory')
    assert len(watch.read) >= EPOCHS * STEPS
    monkeypatch.setattr(loss_record_hook, 'lies_on_device', lambda value: True)
    monkeypatch.setattr(loss_record_hook, 'MOST_STEPS', 3)
    late_lines, late_histories, watch = train(tiny, tmp_path / 'device')
    assert not watch.read, 'values come by one read of all, never one by one'
    assert late_lines == lines and len(lines) == 4
    assert late_histories.keys() == histories.keys() and 'train/rgb.loss_cls' in histories
    for name, (values, counts) in histories.items():
        np.testing.assert_array_equal(late_histories[name][0], values)
        np.testing.assert_array_equal(late_histories[name][1], counts)
    assert len(histories['train/loss'][0]) == 10
