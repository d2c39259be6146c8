"""The host's training options work with every model by one override, and do what they say."""
from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import config_data
import pytest
import torch
from mmengine.config import Config, DictAction
from mmengine.hooks import Hook
from mmengine.runner import Runner

REPOSITORY = Path(__file__).resolve().parents[1]
MODELS = ['rpn_i3d_thumos', 'rpn_synthetic', 'rpn_vgg16_ucf101_untuned', 'mixing/topk-mil_synthetic']
ALL_VIDEOS = 'train_dataloader.batch_size=4'
SGD = 'optim_wrapper.optimizer.type=SGD optim_wrapper.optimizer.lr=0.01'
WITHOUT_DROPOUT = 'model.localizer.embedding.dropout=0'


class Recorder(Hook):
    """Notes what every iteration and update begins with and ends in."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.names = {parameter: name for name, parameter in runner.model.named_parameters()}
        self.losses: list[dict[str, float]] = []
        self.rates: list[list[float]] = []  # of every group
        self.weights: list[dict[str, torch.Tensor]] = []  # before training, and after every iteration
        self.applied: list[dict[str, torch.Tensor]] = []  # gradient of every update
        self.evaluated: list[dict[str, torch.Tensor]] = []  # weights that every validation video met
        runner.register_hook(self, priority='LOWEST')

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: parameter.detach().clone() for parameter, name in self.names.items()}

    def before_train(self, runner: Runner) -> None:
        self.weights.append(self._weights())
        runner.optim_wrapper.optimizer.register_step_pre_hook(
            lambda *_: self.applied.append({name: parameter.grad.clone() for parameter, name in self.names.items()}))

    def before_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        self.rates.append([group['lr'] for group in runner.optim_wrapper.optimizer.param_groups])

    def after_train_iter(self, runner: Runner, *_: Any, outputs: dict, **__: Any) -> None:
        self.losses.append({name: float(value.detach()) for name, value in outputs.items()})
        self.weights.append(self._weights())

    def before_val_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        self.evaluated.append(self._weights())


def parse(text: str) -> dict[str, Any]:
    """An override as ``tools/train.py --cfg-options`` reads it."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    return parser.parse_args(['--cfg-options', *text.split()]).cfg_options


@pytest.fixture(params=MODELS)
def train(request, tmp_path, monkeypatch) -> Callable[..., Recorder]:
    """Trains a model config with overrides: two batches of two videos an epoch, one epoch, no validation."""
    config_data.point_to(tmp_path / 'data', monkeypatch.setenv)
    path = REPOSITORY / 'configs' / f'{request.param}.py'
    config_data.make_data(Config.fromfile(path))
    runs: list[Recorder] = []

    def run(*overrides: str, epochs: int = 1, **settings: Any) -> Recorder:
        work_dir = tmp_path / f'run{len(runs)}'
        config = config_data.shorten(Config.fromfile(path), work_dir)
        config.merge_from_dict(parse('train_dataloader.batch_size=2 randomness.seed=0'))
        for override in overrides:
            config.merge_from_dict(parse(override))
        config.train_cfg.max_epochs = epochs
        if 'val_cfg' not in settings:
            settings.update(val_cfg=None, val_dataloader=None, val_evaluator=None)
        config.merge_from_dict(settings | dict(experiment_name=f'{tmp_path.name}_{len(runs)}'))
        recorder = Recorder(Runner.from_cfg(config))
        recorder.runner.train()
        assert all(math.isfinite(value) for losses in recorder.losses for value in losses.values())
        assert recorder.losses and changed(recorder.weights[0], recorder.weights[-1]) == set(recorder.weights[0])
        runs.append(recorder)
        return recorder

    return run


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def assert_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], **tolerance: float) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], msg=lambda text, name=name: f'{name}: {text}', **tolerance)


def total_norm(gradients: dict[str, torch.Tensor]) -> float:
    return float(torch.cat([value.flatten() for value in gradients.values()]).norm())


def attention_factor(run: Recorder, name: str) -> float:
    """lr_mult by the config's own words."""
    keys = run.runner.cfg.optim_wrapper.get('paramwise_cfg', {}).get('custom_keys', {})
    return math.prod(value['lr_mult'] for key, value in keys.items() if key in name)


def test_amp_computes_in_bfloat16_on_cpus_and_keeps_the_weights_in_float32(train) -> None:
    computed: set[torch.dtype] = set()
    handle = torch.nn.modules.module.register_module_forward_hook(
        lambda module, _, output: computed.add(output.dtype)
        if isinstance(module, torch.nn.Linear) and module.training else None)
    try:
        mixed = train('optim_wrapper.type=AmpOptimWrapper')
        assert torch.float32 not in computed
        computed.clear()
        exact = train()
        assert computed == {torch.float32}
    finally:
        handle.remove()
    for state in (mixed.weights[-1], mixed.applied[-1]):
        assert {value.dtype for value in state.values()} == {torch.float32}
    moments = [value for state in mixed.runner.optim_wrapper.optimizer.state.values() for value in state.values()]
    assert {value.dtype for value in moments} == {torch.float32}
    assert mixed.losses[0] == pytest.approx(exact.losses[0], rel=0.02)


def test_the_averaged_model_is_evaluated_and_saved(train, tmp_path) -> None:
    validated = train('default_hooks.ema.type=EMAHook default_hooks.ema.momentum=0.25',
                      val_cfg=dict(type='ValLoop'))
    _, first, second = validated.weights
    averaged = {name: 0.75 * first[name] + 0.25 * second[name] for name in first}
    assert len(validated.evaluated) == config_data.VIDEOS_PER_SUBSET
    for weights in validated.evaluated:
        assert_equal(weights, averaged)
    model = validated.runner.model
    assert_equal(dict(model.named_parameters()), second)  # training would go on from the trained ones
    saved = torch.load(validated.runner.work_dir + '/epoch_1.pth')
    assert_equal({name: saved['state_dict'][name] for name in averaged}, averaged)
    model.load_state_dict(saved['state_dict'])  # holds the co-occurrence matrix, too


def test_accumulating_two_batches_is_one_update_of_the_large_batch(train) -> None:
    large = train(SGD, WITHOUT_DROPOUT, ALL_VIDEOS)
    small = train(SGD, WITHOUT_DROPOUT, 'optim_wrapper.accumulative_counts=2', epochs=2)
    assert len(large.weights) == 2 and len(small.weights) == 5
    start, after1, after2, after3, after4 = small.weights
    assert not changed(start, after1) and not changed(after2, after3)
    assert changed(start, after2) == changed(after2, after4) == set(start)
    assert_equal(small.applied[0], large.applied[0], rtol=1e-3, atol=1e-5 * total_norm(large.applied[0]))
    assert_equal(after2, large.weights[1], rtol=1e-5, atol=1e-6)


def test_clipping_bounds_the_gradient_that_is_applied(train) -> None:
    free = train(SGD).applied[0]
    bound = total_norm(free) / 2
    by_norm = train(SGD, f'optim_wrapper.clip_grad.max_norm={bound}').applied
    assert all(total_norm(update) <= bound * (1 + 1e-5) for update in by_norm)
    assert_equal(by_norm[0], {name: value / 2 for name, value in free.items()}, rtol=1e-4, atol=1e-7 * bound)
    largest = max(float(value.abs().max()) for value in free.values()) / 2
    by_value = train(SGD, f'optim_wrapper.clip_grad.type=value optim_wrapper.clip_grad.clip_value={largest}').applied
    assert_equal(by_value[0], {name: value.clamp(-largest, largest) for name, value in free.items()})


@pytest.mark.parametrize('optimizer', ['SGD', 'AdamW', 'RMSprop'])
def test_another_optimizer_makes_its_own_updates(train, optimizer) -> None:
    run = train(f'optim_wrapper.optimizer.type={optimizer}')
    settings = dict(run.runner.cfg.optim_wrapper.optimizer)
    assert settings.pop('type') == optimizer
    rate = settings.pop('lr')
    weights = {name: torch.nn.Parameter(value.clone()) for name, value in run.weights[0].items()}
    replay = getattr(torch.optim, optimizer)(
        [dict(params=[value], lr=rate * attention_factor(run, name)) for name, value in weights.items()], **settings)
    for gradients, after in zip(run.applied, run.weights[1:]):
        for name, value in weights.items():
            value.grad = gradients[name]
        replay.step()
        assert_equal({name: value.data for name, value in weights.items()}, after)


def half_cosine(step: float, steps: float) -> float:
    return (1 + math.cos(math.pi * step / steps)) / 2


SCHEDULES = {
    'cosine, by epoch':
    (dict(type='CosineAnnealingLR', T_max=3), [half_cosine(epoch, 3) for epoch in (0, 0, 1, 1, 2, 2)]),
    'multistep, by epoch': (dict(type='MultiStepLR', milestones=[1, 2]), [1, 1, 0.1, 0.1, 0.01, 0.01]),
    'multistep, by iteration':
    (dict(type='MultiStepLR', milestones=[1, 4], by_epoch=False), [1, 0.1, 0.1, 0.1, 0.01, 0.01]),
    'warm-up and cosine, by iteration': (
        [dict(type='LinearLR', start_factor=0.25, end=3, by_epoch=False),
         dict(type='CosineAnnealingLR', begin=3, T_max=3, by_epoch=False)],
        [0.25, 0.625, 1, half_cosine(0, 3), half_cosine(1, 3), half_cosine(2, 3)]),
}


@pytest.mark.parametrize('schedule', SCHEDULES)
def test_learning_rates_follow_the_schedule_in_every_group(train, schedule) -> None:
    scheduler, factors = SCHEDULES[schedule]
    run = train(epochs=3, param_scheduler=scheduler)
    rate = run.runner.cfg.optim_wrapper.optimizer.lr
    groups = run.runner.optim_wrapper.optimizer.param_groups
    own = [attention_factor(run, run.names[parameter]) for group in groups for parameter in group['params'][:1]]
    assert len(run.rates) == 6 and (min(own) < 1) == ('paramwise_cfg' in run.runner.cfg.optim_wrapper)
    for rates, factor in zip(run.rates, factors):
        assert rates == pytest.approx([rate * factor * group for group in own])


def test_training_may_be_counted_in_iterations(train) -> None:
    loop = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=3)
    run = train(train_cfg=loop, param_scheduler=dict(type='PolyLR', eta_min=0, end=4, by_epoch=False))
    rate = run.runner.cfg.optim_wrapper.optimizer.lr
    assert [max(rates) for rates in run.rates] == pytest.approx([rate, rate * 2 / 3, rate / 3])
    assert len(run.applied) == 3 and (Path(run.runner.work_dir) / 'last_checkpoint').is_file()
