"""Batches begin with pairs of a class, and are the same however many processes draw them."""
from __future__ import annotations

import pytest

from rpn_plugin.datasets import PairedClassSampler
from rpn_plugin.datasets.samplers import paired_class_sampler

LABELS = [[0], [0, 1], [1], [2], [3], [3], [0, 2], [3], [1], [2], [2], [0]]


class Labelled:
    """A data set of nothing but labels."""

    def __init__(self, labels: list[list[int]] = LABELS) -> None:
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def video_labels(self) -> list[list[int]]:
        return self.labels


def batches(epoch: int = 0, seed: int = 0, rank: int = 0, **options: int) -> list[list[int]]:
    sampler = PairedClassSampler(Labelled(), seed=seed, **options)
    sampler.set_epoch(epoch)
    sampler.rank = rank
    indices = list(sampler)
    assert len(indices) == len(sampler)
    return [[int(index) for index in indices[start:start + sampler.batch_size]]
            for start in range(0, len(indices), sampler.batch_size)]


def test_pairs_share_a_class_and_each_is_of_another() -> None:
    seen = set()
    for epoch in range(30):
        for batch in batches(epoch, pairs=3, rest=2):
            assert len(batch) == 8
            shared = [set(LABELS[one]) & set(LABELS[two]) for one, two in zip(batch[:6:2], batch[1:6:2])]
            assert all(shared) and len(set.union(*shared)) >= 3
            seen |= set(batch)
    assert seen == set(range(len(LABELS)))


def test_an_epoch_has_as_many_batches_as_hold_the_videos_and_depends_on_seed_and_epoch() -> None:
    assert len(batches(pairs=1, rest=3)) == 3 and len(batches(pairs=3, rest=4)) == 2
    assert batches(4, seed=1) == batches(4, seed=1) != batches(5, seed=1) != batches(4, seed=2)


def test_ranks_share_out_the_batches_of_one_process(monkeypatch) -> None:
    alone = batches(2, pairs=1, rest=1)
    monkeypatch.setattr(paired_class_sampler, 'get_dist_info', lambda: (0, 2))
    ranks = [batches(2, rank=rank, pairs=1, rest=1) for rank in (0, 1)]
    assert [batch for together in zip(*ranks) for batch in together] == alone


def test_a_video_that_comes_twice_draws_its_own_numbers_each_time() -> None:
    sampler = PairedClassSampler(Labelled([[0], [0]]), pairs=1, rest=4, seed=0)
    assert len({index.generator().random() for index in sampler}) == len(sampler) == 6


def test_fewer_classes_than_pairs_leave_room_for_random_videos() -> None:
    sampler = PairedClassSampler(Labelled([[0], [0], [1]]), pairs=3, rest=0, seed=0)
    assert len(list(sampler)) == len(sampler) == sampler.batch_size == 6


@pytest.mark.parametrize('pairs, rest', [(0, 4), (3, -1)])
def test_a_batch_without_pairs_is_refused(pairs: int, rest: int) -> None:
    with pytest.raises(ValueError, match=f'got {pairs} and {rest}'):
        PairedClassSampler(Labelled(), pairs, rest)
