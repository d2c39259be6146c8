"""Every step draws what its number says."""
from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import torch
from torch.utils.data import DataLoader

from rpn_plugin.datasets import SeededSampler
from rpn_plugin.engine import StepSeedHook


def runner(seed: int, iteration: int) -> SimpleNamespace:
    loader = DataLoader(range(4), sampler=SeededSampler(range(4), seed=99))
    return SimpleNamespace(seed=seed, iter=iteration, train_dataloader=loader)


def drawn(seed: int, iteration: int, history: int = 0) -> tuple[float, float, float]:
    """What Python, NumPy and torch give in a step."""
    hook, host = StepSeedHook(), runner(seed, iteration)
    hook.before_train(host)
    torch.rand(history)
    np.random.rand(history)
    hook.before_train_iter(host, batch_idx=0)
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_a_step_draws_the_same_whatever_came_before() -> None:
    assert drawn(3, 20) == drawn(3, 20, history=17)


def test_seeds_and_steps_draw_different_numbers() -> None:
    steps = [drawn(seed, iteration) for seed in range(3) for iteration in range(10)]
    for generator in zip(*steps):
        assert len(set(generator)) == 30


def test_ranks_draw_different_numbers(monkeypatch) -> None:
    first = drawn(3, 20)
    monkeypatch.setattr('rpn_plugin.engine.hooks.step_seed_hook.get_rank', lambda: 1)
    assert not set(first) & set(drawn(3, 20))


def test_the_sampler_follows_the_seed_of_the_resumed_checkpoint() -> None:
    host = runner(seed=5, iteration=0)
    StepSeedHook().before_train(host)
    assert host.train_dataloader.sampler.seed == 5
