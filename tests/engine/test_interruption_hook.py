"""Ctrl-C and SIGTERM end a training with a checkpoint, and nothing is lost or computed twice."""
from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

CONFIG = Path(__file__).resolve().parents[2] / 'configs' / 'rpn_synthetic.py'
EPOCHS, STEPS_PER_EPOCH = 2, 3


@TRANSFORMS.register_module()
class NoiseOfTheProcess(BaseTransform):
    """Draws from the generator that everything in the process shares, as transforms of others may."""

    def transform(self, results: dict) -> dict:
        results['inputs'] = {stream: features + torch.randn(1) for stream, features in results['inputs'].items()}
        return results


class Asks(Hook):
    """Sends this process a signal in a step or validation, and before to its workers as batch systems do."""

    def __init__(self, number: int, train_iter: int = 0, val_iter: int = 0, times: int = 1,
                 workers: bool = False) -> None:
        self.number, self.times, self.workers = number, times, workers
        self.left = dict(train=train_iter, val=val_iter)

    def _count(self, mode: str) -> None:
        self.left[mode] -= 1
        if self.left[mode] == 0:
            for worker in multiprocessing.active_children() if self.workers else ():
                subprocess.run(['kill', f'-{self.number}', str(worker.pid)], check=True)  # by a stranger
                worker.join(0.3)
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)

    def before_train_iter(self, *_: Any, **__: Any) -> None:
        self._count('train')

    def before_val_iter(self, *_: Any, **__: Any) -> None:
        self._count('val')


@pytest.fixture(autouse=True)
def _as_in_a_terminal() -> Iterator[None]:
    """A shell starts what runs in the background with Ctrl-C ignored, and this run may be there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('interrupted') / 'data'
    write_synthetic(root, SyntheticSettings(num_train=11, num_test=3, median_snippets=30))
    return root


@pytest.fixture
def build(data, tmp_path, monkeypatch):
    monkeypatch.setenv('RPN_SYNTHETIC_ROOT', str(data))
    number = itertools.count()

    def build(name: str, *hooks: Hook, resume: bool = False, validate: bool = False, **changes: Any) -> Runner:
        config = Config.fromfile(CONFIG)
        config.merge_from_dict(dict(
            work_dir=str(tmp_path / name), experiment_name=f'{tmp_path.name}_{next(number)}', log_level='ERROR',
            randomness=dict(seed=3), resume=resume, train_cfg=dict(max_epochs=EPOCHS, val_interval=1),
            train_dataloader=dict(batch_size=4), param_scheduler=[dict(type='LinearLR', end=5, by_epoch=False)],
            default_hooks=dict(checkpoint=dict(interval=10))) | changes)
        config.train_dataloader.dataset.pipeline.append(dict(type='NoiseOfTheProcess'))
        if not validate:
            config.update(val_cfg=None, val_dataloader=None, val_evaluator=None)
        runner = Runner.from_cfg(config)
        for hook in hooks:
            runner.register_hook(hook)
        return runner

    return build


def state(runner: Runner) -> dict[str, Any]:
    return dict(model=runner.model.state_dict(), optimizer=runner.optim_wrapper.state_dict(),
                schedule=[scheduler.last_step for scheduler in runner.param_schedulers], iter=runner.iter,
                epoch=runner.epoch)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file() and path.suffix in ('.pth', '')}


def test_a_run_that_is_ended_at_any_step_goes_on_to_the_same_numbers(build, tmp_path) -> None:
    straight = build('straight')
    straight.train()
    ends = (1, STEPS_PER_EPOCH, STEPS_PER_EPOCH + 1, STEPS_PER_EPOCH + 2)
    for step in range(len(ends)):
        before = ends[step - 1] if step else 0
        interrupted = build('ended', Asks(signal.SIGTERM, ends[step] - before), resume=True)
        with pytest.raises(SystemExit) as end:
            interrupted.train()
        assert end.value.code == 143
        assert {f'interrupted_iter_{ends[step]}.pth', 'last_checkpoint'} <= files(tmp_path / 'ended')
        assert len(files(tmp_path / 'ended') & {f'interrupted_iter_{other}.pth' for other in ends}) == 1
    resumed = build('ended', resume=True)
    resumed.train()
    torch.testing.assert_close(state(resumed), state(straight), rtol=0, atol=0)
    assert files(tmp_path / 'ended') == {f'epoch_{EPOCHS}.pth', 'last_checkpoint'}


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_workers_of_the_loader_too_does_not_take_them_from_the_step(build, tmp_path, number) -> None:
    runner = build('workers', Asks(number, 2, workers=True),
                   train_dataloader=dict(batch_size=4, num_workers=1, prefetch_factor=1, persistent_workers=True))
    with pytest.raises(SystemExit):
        runner.train()
    assert (tmp_path / 'workers' / 'interrupted_iter_2.pth').exists()
    worker, = multiprocessing.active_children()
    worker.terminate()  # as is done when a process ends whose loader is still there
    worker.join(5)
    assert worker.exitcode == 0


def test_ctrl_c_ends_a_validation_and_leaves_the_handlers_as_they_were(build, tmp_path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as end:
        build('validated', Asks(signal.SIGINT, val_iter=2), validate=True).train()
    assert end.value.code == 130 and signal.getsignal(signal.SIGINT) is before
    saved = torch.load(tmp_path / 'validated' / f'interrupted_iter_{STEPS_PER_EPOCH}.pth')
    assert (saved['meta']['epoch'], saved['meta']['iter'], saved['meta']['batches_trained']) == (1, STEPS_PER_EPOCH, 0)


def test_gradients_that_are_being_accumulated_are_waited_for(build, tmp_path) -> None:
    runner = build('accumulating', Asks(signal.SIGTERM, 1), optim_wrapper=dict(accumulative_counts=2))
    with pytest.raises(SystemExit):
        runner.train()
    assert [path.name for path in (tmp_path / 'accumulating').glob('*.pth')] == ['interrupted_iter_2.pth']


def test_averaged_weights_are_never_saved_as_those_that_training_goes_on_from(build, tmp_path) -> None:
    runner = build('ema', Asks(signal.SIGINT, val_iter=1), validate=True,
                   **{'default_hooks.ema.type': 'EMAHook', 'default_hooks.ema.momentum': 0.25})
    with pytest.raises(SystemExit):
        runner.train()
    saved = torch.load(tmp_path / 'ema' / f'interrupted_iter_{STEPS_PER_EPOCH}.pth')
    name, parameter = next(iter(runner.model.named_parameters()))
    assert torch.equal(saved['ema_state_dict'][f'module.{name}'], parameter)
    assert not torch.equal(saved['state_dict'][name], parameter)


def test_a_second_ctrl_c_ends_at_once(build, tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt):
        build('twice', Asks(signal.SIGINT, 2, times=2)).train()
    assert not list((tmp_path / 'twice').glob('*.pth'))


def test_what_nohup_ignores_stays_ignored(build) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        runner = build('nohup', Asks(signal.SIGHUP, 1))
        runner.train()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert runner.epoch == EPOCHS


def test_a_signal_after_a_training_that_failed_is_not_kept_back(build) -> None:
    class Fails(Hook):

        def after_train_iter(self, *_: Any, **__: Any) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build('failed', Fails()).train()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_another_number_of_batches_begins_the_epoch_anew_and_says_so(build, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit):
        build('changed', Asks(signal.SIGTERM, 2)).train()
    resumed = build('changed', resume=True, log_level='WARNING', **{'train_dataloader.batch_size': 3})
    resumed.train()
    said = capsys.readouterr().out
    assert 'saved after 2 of 3 batches of an epoch, which has 4 now: the epoch begins anew' in said
    assert 'train_dataloader.batch_size: 3, and 4 in the checkpoint' in said and resumed.epoch == EPOCHS


def test_without_the_checkpoint_hook_it_is_said_that_nothing_is_saved(build, capsys) -> None:
    runner = build('bare', Asks(signal.SIGTERM, 1), log_level='WARNING')
    runner._hooks = [hook for hook in runner.hooks if not isinstance(hook, CheckpointHook)]
    with pytest.raises(SystemExit):
        runner.train()
    assert 'nothing was saved' in capsys.readouterr().out
