"""Prototype embedding, eq. 2-4, and its twins."""
from __future__ import annotations

import copy
import json
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmaction.registry import MODELS

from rpn_plugin.models.necks import (
    CooccurrenceGCN,
    FullyConnectedPrototypes,
    RandomPrototypes,
    cooccurrence_matrix,
    read_cooccurrence,
    write_cooccurrence,
)
from rpn_plugin.models.necks.label_features import split_words


def brute_force_cooccurrence(video_labels, num_classes):
    matrix = [[0.0] * num_classes for _ in range(num_classes)]
    for i in range(num_classes):
        with_i = [labels for labels in video_labels if i in labels]
        for j in range(num_classes):
            if i != j and with_i:
                matrix[i][j] = sum(j in labels for labels in with_i) / len(with_i)
    return np.array(matrix)


@given(st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=12))
def test_cooccurrence_counts_videos(video_labels) -> None:
    expected = brute_force_cooccurrence(video_labels, 5)
    np.testing.assert_allclose(cooccurrence_matrix(video_labels, 5), expected, atol=1e-15)


def test_real_thumos14_labels_give_the_known_relations(shared_data) -> None:
    database = json.loads((shared_data / 'thumos14' / 'basnet' / 'gt.json').read_text())['database']
    train = [{annotation['label'] for annotation in entry['annotations']}
             for entry in database.values() if entry['subset'] == 'train']
    classes = sorted(set().union(*train))
    matrix = cooccurrence_matrix([[classes.index(label) for label in labels] for labels in train], len(classes))
    cliff, diving = classes.index('CliffDiving'), classes.index('Diving')
    assert matrix[cliff, diving] > 0.9 > matrix[diving, cliff] > 0  # every cliff dive is a dive, not the other way


def test_an_index_outside_the_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r'\[0, 3\), but training video 1 has 3'):
        cooccurrence_matrix([[0], [3]], 3)


def random_matrix(num_classes: int) -> np.ndarray:
    matrix = np.random.default_rng(0).random((num_classes, num_classes)) * (np.arange(num_classes) % 3 > 0)[:, None]
    np.fill_diagonal(matrix, 0)
    return matrix


def gcn(**options) -> CooccurrenceGCN:
    torch.manual_seed(0)
    network = CooccurrenceGCN(6, [7, 5], **options).double()
    network.set_cooccurrence(random_matrix(6), 'test')
    return network


def test_layers_follow_equation_3_without_activation_at_the_end() -> None:
    network, A = gcn(act_cfg=dict(type='ReLU')), random_matrix(6)
    hidden = np.eye(6)
    for index in range(2):
        W1 = network.neighbour_weights[index].weight.detach().numpy().T
        W2 = network.self_weights[index].weight.detach().numpy().T
        D_hat = np.diag([sum(A[i]) + 1.0 for i in range(6)])
        hidden = np.linalg.inv(D_hat) @ (A @ hidden @ W1 + hidden @ W2)
        if index == 0:
            hidden = hidden.clip(min=0)
    np.testing.assert_allclose(network().detach().numpy(), hidden, atol=1e-12)
    assert (hidden < 0).any()


def test_without_relations_the_gcn_is_the_fully_connected_twin() -> None:
    network = gcn()
    network.set_cooccurrence(np.zeros((6, 6)), 'test')
    twin = FullyConnectedPrototypes(6, [7, 5]).double()
    twin.load_state_dict({name: value for name, value in network.state_dict().items() if 'self_weights' in name})
    torch.testing.assert_close(network(), twin(), rtol=0, atol=1e-12)


def test_random_prototypes_start_as_long_as_the_gcns_and_learn() -> None:
    torch.manual_seed(0)
    free = RandomPrototypes(20, [256, 256])
    fixed = FullyConnectedPrototypes(20, [256, 256])
    assert 0.3 < free().norm(dim=1).mean() / fixed().norm(dim=1).mean() < 3
    free().square().sum().backward()
    assert (free.prototypes.grad != 0).all()


@pytest.mark.parametrize('neck', [CooccurrenceGCN, FullyConnectedPrototypes, RandomPrototypes])
def test_the_gain_scales_the_prototypes_at_the_start(neck) -> None:
    lengths = []
    for gain in (1.0, 0.1):
        torch.manual_seed(0)
        network = neck(6, [7, 5], init_gain=gain)
        if neck is CooccurrenceGCN:
            network.set_cooccurrence(random_matrix(6), 'test')
        lengths.append(network().norm(dim=1))
    torch.testing.assert_close(lengths[1], 0.1 * lengths[0])


def test_the_matrix_travels_in_the_checkpoint() -> None:
    source, target = gcn(), CooccurrenceGCN(6, [7, 5]).double()
    with pytest.raises(RuntimeError, match='CooccurrenceHook.*checkpoint.*neck.cooccurrence'):
        target()
    target.load_state_dict(source.state_dict())
    torch.testing.assert_close(target(), source(), rtol=0, atol=0)


def test_the_matrix_is_no_parameter() -> None:
    assert 'cooccurrence' not in dict(gcn().named_parameters())


@pytest.mark.parametrize('matrix, message', [(np.zeros((5, 5)), r'\(6, 6\), but a file gives \(5, 5\)'),
                                             (np.full((6, 6), 2.0), 'zero diagonal'), (np.eye(6), 'zero diagonal'),
                                             (np.full((6, 6), np.nan), 'zero diagonal')])
def test_a_matrix_that_cannot_be_one_is_refused(matrix, message) -> None:
    with pytest.raises(ValueError, match=message):
        CooccurrenceGCN(6, [5]).set_cooccurrence(matrix, 'a file')


@pytest.mark.parametrize('name', ['a.csv', 'a.npy'])
def test_a_file_round_trips_exactly_and_is_read_by_config(tmp_path, name) -> None:
    path, matrix = tmp_path / name, random_matrix(6)
    if name.endswith('csv'):
        write_cooccurrence(path, matrix, ['a, with comma', 'b', 'c', 'd', 'e', 'f'])
        assert 'a, with comma' in path.read_text().splitlines()[1]
    else:
        np.save(path, matrix)
    np.testing.assert_array_equal(read_cooccurrence(path), matrix)
    network = CooccurrenceGCN(6, [5], cooccurrence=str(path))
    np.testing.assert_allclose(network.cooccurrence.numpy(), matrix, atol=1e-7)


def test_learnable_and_word_labels_reach_the_prototypes(tmp_path) -> None:
    words = ('cliff', 'diving', 'high', 'jump')
    vectors = {word: np.random.default_rng(ord(word[0])).standard_normal(3) for word in words}
    lines = [f'{word} ' + ' '.join(map(repr, map(float, vector))) for word, vector in vectors.items()]
    random.Random(0).shuffle(lines)
    (tmp_path / 'glove.txt').write_text('\n'.join(['unrelated x y z', *lines]))
    labels = MODELS.build(dict(type='WordVectorLabels', num_classes=3, path=str(tmp_path / 'glove.txt'),
                               classes=['CliffDiving', 'Diving', 'high_jump']))
    expected = [(vectors['cliff'] + vectors['diving']) / 2, vectors['diving'], (vectors['high'] + vectors['jump']) / 2]
    np.testing.assert_allclose(labels().numpy(), expected, atol=1e-6)
    config = dict(type='CooccurrenceGCN', num_classes=3, channels=[4])
    learnable = MODELS.build(config | dict(label_features=dict(type='LearnableLabels', channels=9)))
    learnable.set_cooccurrence(np.zeros((3, 3)), 'test')
    learnable().sum().backward()
    assert learnable.label_features.table.shape == (3, 9) and (learnable.label_features.table.grad != 0).all()


@pytest.mark.parametrize('content, message', [
    ('cliff 1 2\ndiving 1 2\nhigh 1 2', r"no vector for \['jump'\]"),
    ('cliff 1 x', 'line 1: expected "word v1'),
    ('cliff 1 2\ndiving 1\nhigh 1 2\njump 1 2', r'different lengths \[1, 2\]'),
])
def test_bad_word_vectors_name_the_file(tmp_path, content, message) -> None:
    (tmp_path / 'glove.txt').write_text(content)
    with pytest.raises(ValueError, match=f'glove.txt.*{message}'):
        MODELS.build(dict(type='WordVectorLabels', num_classes=2, path=str(tmp_path / 'glove.txt'),
                          classes=['CliffDiving', 'HighJump']))


def test_words_of_class_names() -> None:
    for name in ('CliffDiving', 'cliff_diving', 'Cliff diving'):
        assert split_words(name) == ['cliff', 'diving']
    assert split_words('Ping-pong') == ['ping', 'pong'] and split_words('TVShow') == ['tv', 'show']


def test_copies_keep_the_matrix() -> None:
    torch.testing.assert_close(copy.deepcopy(gcn())(), gcn()())
