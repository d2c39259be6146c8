"""Prototypes related by attention, against plain numpy."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from rpn_plugin.models.necks import AttentionGCN, FullyConnectedPrototypes


def neck(**options) -> AttentionGCN:
    torch.manual_seed(0)
    return AttentionGCN(**dict(num_classes=6, channels=[7, 5], attention_channels=3) | options).double()


def weight(layer) -> np.ndarray:
    return layer.weight.detach().numpy().T


@pytest.mark.parametrize('label_features', [None, dict(type='LearnableLabels', channels=4)])
def test_layers_mix_the_classes_by_scaled_dot_products(label_features) -> None:
    network = neck(act_cfg=dict(type='ReLU'), label_features=label_features)
    hidden = network.label_features().detach().double().numpy()
    for index in range(2):
        query, key = hidden @ weight(network.queries[index]), hidden @ weight(network.keys[index])
        relation = np.array([[np.exp(q @ k / np.sqrt(3)) for k in key] for q in query])
        relation /= relation.sum(axis=1, keepdims=True)
        hidden = (relation @ hidden @ weight(network.neighbour_weights[index]) +
                  hidden @ weight(network.self_weights[index]))
        if index == 0:
            hidden = hidden.clip(min=0)
    np.testing.assert_allclose(network().detach().numpy(), hidden, atol=1e-12)


def test_without_neighbours_it_is_the_fully_connected_neck() -> None:
    network, twin = neck(), FullyConnectedPrototypes(6, [7, 5]).double()
    for layer in network.neighbour_weights:
        torch.nn.init.zeros_(layer.weight)
    twin.load_state_dict(network.state_dict(), strict=False)
    torch.testing.assert_close(network(), twin())


def test_relations_are_learned() -> None:
    network = neck()
    network().square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.any(), name


def test_it_takes_the_place_of_the_gcn_in_a_config_by_its_type_alone() -> None:
    network = MODELS.build(dict(type='AttentionGCN', num_classes=20, channels=[256, 256], init_gain=0.1))
    loud = MODELS.build(dict(type='AttentionGCN', num_classes=20, channels=[256, 256], init_gain=1.0))
    assert network().shape == (20, 256)
    assert loud().norm().item() == pytest.approx(10 * network().norm().item(), rel=0.2)
