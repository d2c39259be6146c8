"""The matrix comes from the training set by itself, where nothing else gives one."""
from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from torch import nn

from rpn_plugin.engine import CooccurrenceHook
from rpn_plugin.models.necks import CooccurrenceGCN, cooccurrence_matrix, read_cooccurrence


def runner(dataset, model: nn.Module, work_dir: Path, resume: bool = False) -> SimpleNamespace:
    return SimpleNamespace(model=model, train_dataloader=SimpleNamespace(dataset=dataset), work_dir=str(work_dir),
                           _resume=resume, logger=logging.getLogger('test'))


@pytest.fixture
def expected(tiny) -> np.ndarray:
    return cooccurrence_matrix(DATASETS.build(tiny.config()).video_labels(), 3)


@pytest.mark.parametrize('wrapper', [
    None, lambda config: dict(type='RepeatDataset', times=3, dataset=config),
    lambda config: dict(type='ConcatDataset', datasets=[config, config])
])
def test_every_network_gets_the_training_sets_matrix_and_it_is_written(tiny, tmp_path, expected, wrapper) -> None:
    dataset = DATASETS.build(wrapper(tiny.config()) if wrapper else tiny.config())
    model = nn.ModuleList([CooccurrenceGCN(3, [4]), CooccurrenceGCN(3, [4])])
    CooccurrenceHook().before_train(runner(dataset, model, tmp_path))
    for network in model:
        np.testing.assert_allclose(network.cooccurrence.numpy(), expected, atol=1e-7)
    np.testing.assert_allclose(read_cooccurrence(tmp_path / 'cooccurrence.csv'), expected, atol=1e-7)
    assert 'Diving,CliffDiving,HighJump' in (tmp_path / 'cooccurrence.csv').read_text()


def test_a_file_named_in_the_config_wins(tiny, tmp_path) -> None:
    np.save(tmp_path / 'own.npy', np.full((3, 3), 0.25) * (1 - np.eye(3)))
    network = CooccurrenceGCN(3, [4], cooccurrence=str(tmp_path / 'own.npy'))
    CooccurrenceHook().before_train(runner(DATASETS.build(tiny.config()), network, tmp_path))
    assert network.cooccurrence.max() == 0.25


def test_a_resumed_run_keeps_its_matrix_and_says_so(tiny, tmp_path, expected, caplog) -> None:
    source = CooccurrenceGCN(3, [4])
    source.set_cooccurrence(np.zeros((3, 3)), 'another training set')
    resumed, finetuned = CooccurrenceGCN(3, [4]), CooccurrenceGCN(3, [4])
    for network, resume in ((resumed, True), (finetuned, False)):
        network.load_state_dict(source.state_dict())
        CooccurrenceHook().before_train(runner(DATASETS.build(tiny.config()), network, tmp_path, resume))
    assert not resumed.cooccurrence.any() and 'differ' in caplog.text
    np.testing.assert_allclose(finetuned.cooccurrence.numpy(), expected, atol=1e-7)


def test_a_training_set_of_another_size_is_refused(tiny, tmp_path) -> None:
    with pytest.raises(ValueError, match=r'\[0, 2\)'):
        CooccurrenceHook().before_train(runner(DATASETS.build(tiny.config()), CooccurrenceGCN(2, [4]), tmp_path))


class SomebodysNeck(nn.Module):
    """Another neck that reads co-occurrence, as the interface says."""

    num_classes, reads_cooccurrence_file, cooccurrence_source = 3, False, None

    def set_cooccurrence(self, matrix: np.ndarray, source: str) -> None:
        self.cooccurrence, self.cooccurrence_source = torch.as_tensor(matrix), source

    def get_cooccurrence(self) -> torch.Tensor:
        return self.cooccurrence


def test_another_neck_that_asks_for_the_matrix_gets_it(tiny, tmp_path, expected) -> None:
    neck = SomebodysNeck()
    CooccurrenceHook().before_train(runner(DATASETS.build(tiny.config()), neck, tmp_path))
    np.testing.assert_allclose(neck.cooccurrence.numpy(), expected)
    np.testing.assert_allclose(read_cooccurrence(tmp_path / 'cooccurrence.csv'), expected)


def test_a_neck_that_keeps_half_of_the_interface_is_not_passed_over(tiny, tmp_path) -> None:
    neck = nn.Linear(1, 1)
    neck.set_cooccurrence = lambda matrix, source: None
    with pytest.raises(TypeError, match='Linear has set_cooccurrence, but lacks num_classes, cooccurrence_source'):
        CooccurrenceHook().before_train(runner(DATASETS.build(tiny.config()), neck, tmp_path))


def test_a_model_without_relations_needs_nothing(tmp_path) -> None:
    CooccurrenceHook().before_train(runner(object(), nn.Linear(1, 1), tmp_path))
    assert not (tmp_path / 'cooccurrence.csv').exists()


def test_a_training_set_without_labels_is_named(tmp_path) -> None:
    with pytest.raises(TypeError, match='video_labels.*TensorDataset'):
        CooccurrenceHook().before_train(
            runner(torch.utils.data.TensorDataset(torch.zeros(1)), CooccurrenceGCN(2, [4]), tmp_path))
