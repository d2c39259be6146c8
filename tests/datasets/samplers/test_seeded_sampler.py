"""What is drawn for a video depends on seed, epoch and video alone."""
from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from rpn_plugin.datasets import SeededIndex, SeededSampler

PIPELINE = [dict(type='LoadSnippets'), dict(type='SampleSnippets', num_snippets=0.5, mode='strata'),
            dict(type='PackUntrimmedInputs')]


@pytest.fixture
def dataset(tiny):
    return DATASETS.build(tiny.config(pipeline=PIPELINE))


def epoch(dataset, number: int, seed: int = 0, num_workers: int = 0) -> dict[str, torch.Tensor]:
    """Snippets of every video in an epoch."""
    sampler = SeededSampler(dataset, seed=seed)
    sampler.set_epoch(number)
    loader = DataLoader(dataset, batch_size=3, sampler=sampler, num_workers=num_workers, collate_fn=pseudo_collate)
    return {sample.video_name: snippets for batch in loader
            for sample, snippets in zip(batch['data_samples'], batch['inputs']['rgb'])}


def differing(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> int:
    """Number of videos whose snippets are not the same."""
    assert first.keys() == second.keys()
    return sum(not torch.equal(first[name], second[name]) for name in first)


def test_only_epoch_and_seed_change_what_is_drawn(dataset) -> None:
    reference = epoch(dataset, 5)
    epoch(dataset, 3)  # history
    np.random.seed(1)
    assert differing(reference, epoch(dataset, 5)) == 0
    assert differing(reference, epoch(dataset, 5, num_workers=2)) == 0
    assert differing(reference, epoch(dataset, 6)) > 4
    assert differing(reference, epoch(dataset, 5, seed=1)) > 4


def test_the_order_is_the_hosts() -> None:
    sampler = SeededSampler(range(7), seed=3)
    orders = []
    for number in (0, 1, 0):
        sampler.set_epoch(number)
        orders.append([int(index) for index in sampler])
    assert orders[0] == orders[2] != orders[1] and sorted(orders[0]) == list(range(7))


def test_videos_of_one_epoch_draw_different_numbers() -> None:
    assert len({index.generator().random() for index in SeededSampler(range(100), seed=0)}) == 100


def test_an_index_survives_the_way_to_a_worker() -> None:
    index = SeededIndex(4, (7, 2))
    for again in (pickle.loads(pickle.dumps(index)), copy.deepcopy(index)):
        assert again == 4 and again.seed == (7, 2) and again.generator().random() == index.generator().random()


def test_an_index_without_a_seed_draws_from_numpys_generator(dataset) -> None:
    drawn = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        drawn.append(dataset[7]['inputs']['rgb'])
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
