"""A small training set gets its least number of iterations, a large one its epochs."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic
from rpn_plugin.engine import MinItersTrainLoop


def loop(batches: int, **settings: int) -> MinItersTrainLoop:
    class Batches(list):
        dataset = SimpleNamespace(metainfo={})

    runner = SimpleNamespace(visualizer=SimpleNamespace())
    return MinItersTrainLoop(runner, Batches([None] * batches), **settings)


@pytest.mark.parametrize(('batches', 'epochs'), [(1, 1000), (2, 500), (9, 112), (49, 21), (50, 20), (500, 20)])
def test_epochs_are_as_many_as_the_larger_of_both_needs(batches: int, epochs: int) -> None:
    made = loop(batches, max_epochs=20, min_iters=1000)
    assert made.max_epochs == epochs and made.max_iters == epochs * batches
    assert loop(batches, max_epochs=20).max_epochs == 20


def test_a_negative_number_of_iterations_is_refused() -> None:
    with pytest.raises(ValueError, match='min_iters of at least 0, but got -1'):
        loop(3, max_epochs=1, min_iters=-1)


class Interrupted(Hook):
    """Ends a run after an epoch, as a power cut would."""

    priority = 'LOWEST'

    def after_train_epoch(self, runner: Runner) -> None:
        if runner.epoch == 2:
            raise KeyboardInterrupt


def test_a_run_on_ones_own_videos_resumes_exactly(tmp_path, monkeypatch, repository) -> None:
    write_synthetic(tmp_path / 'data', SyntheticSettings(num_train=22, num_test=1, median_snippets=20))
    monkeypatch.setenv('RPN_CUSTOM_ROOT', str(tmp_path / 'data'))

    def run(work_dir: Path, hook: Hook | None = None, resume: bool = False) -> dict[str, Any]:
        config = Config.fromfile(repository / 'configs' / 'rpn_custom.py')
        config.merge_from_dict(dict(
            work_dir=str(work_dir), experiment_name=f'{work_dir.name}{resume}', resume=resume, log_level='ERROR',
            randomness=dict(seed=3), train_cfg=dict(max_epochs=1, min_iters=13),
            default_hooks=dict(checkpoint=dict(interval=1))))
        runner = Runner.from_cfg(config)
        if hook is not None:
            runner.register_hook(hook)
            with pytest.raises(KeyboardInterrupt):
                runner.train()
        else:
            runner.train()
            assert runner.iter == 15, 'whole epochs of three iterations'
        return {**runner.model.state_dict(), 'lr': torch.tensor(runner.optim_wrapper.get_lr()['lr'])}

    unbroken = run(tmp_path / 'unbroken')
    run(tmp_path / 'broken', Interrupted())
    resumed = run(tmp_path / 'broken', resume=True)
    assert unbroken['lr'] < 1e-4, 'annealed over the epochs that there are'
    for name, value in unbroken.items():
        assert torch.equal(resumed[name], value), name
