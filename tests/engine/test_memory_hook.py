"""A memory is filled once, by all training videos, when it is due."""
from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
import torch
from method_models import method_model
from mmaction.registry import DATASETS
from mmengine.dataset import pseudo_collate
from tiny_model import build_model

from rpn_plugin.engine import MemoryHook
from rpn_plugin.models.localizers.samples import multi_hot_labels


@pytest.fixture
def runner(tiny) -> SimpleNamespace:
    model = build_model(method_model('rskp')).train()
    return SimpleNamespace(model=model, iter=0, epoch=0, max_iters=100, logger=logging.getLogger('test'),
                           train_dataloader=SimpleNamespace(dataset=DATASETS.build(tiny.config())))


def test_before_it_is_due_nothing_is_remembered(runner) -> None:
    for done in (0, 49):
        runner.iter = done
        MemoryHook().before_train_epoch(runner)
        assert runner.model.head.memory_due is False and runner.model.head.memory_is_empty


def test_when_it_is_due_every_training_video_is_remembered_as_the_network_sees_it_in_testing(runner) -> None:
    runner.iter = 50
    MemoryHook().before_train_epoch(runner)
    head, dataset = runner.model.head, runner.train_dataloader.dataset
    assert head.memory_due and runner.model.training and (head.memory.scores >= 0).all()
    found = head.memory.features.clone(), head.memory.scores.clone()
    head.memory.features.zero_()
    head.memory.scores.fill_(-1)
    runner.model.eval()
    for item in dataset:
        data = runner.model.data_preprocessor(pseudo_collate([item]))
        output = runner.model(**data, mode='tensor')
        head.remember(output, multi_hot_labels(data['data_samples'], like=output.video_score))
    torch.testing.assert_close(found, (head.memory.features, head.memory.scores))


def test_a_memory_that_a_checkpoint_brought_stays(runner) -> None:
    runner.iter = 50
    runner.model.head.memory.scores[0, 0] = 0.9
    MemoryHook().before_train_epoch(runner)
    assert runner.model.head.memory_due and (runner.model.head.memory.scores >= 0).sum() == 1


def test_models_without_a_memory_are_left_alone(runner) -> None:
    runner.model, runner.iter = build_model(method_model('cola')).train(), 50
    MemoryHook().before_train_epoch(runner)
    assert not hasattr(runner.model.head, 'memory_due')
