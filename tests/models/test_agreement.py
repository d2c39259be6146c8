"""What a model states is compared with data, and data with data, in words that say what to change."""
from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_model import CLASSES, RECIPE, build_model, model_config
from torch import nn

from rpn_plugin.models.agreement import DataSummary, disagreements_between, disagreements_with_data, stated_classes
from rpn_plugin.structures import StreamStatistics

DATA = DataSummary('the training data', tuple(CLASSES), dict(rgb=4, flow=4), RECIPE)
BOTH = dict(both=dict(streams=('rgb', 'flow')))


@pytest.mark.parametrize('model, data', [
    ({}, DATA), (dict(width=8, streams=BOTH), DATA), ({}, replace(DATA, widths=dict(rgb=None, flow=None))),
    ({}, DataSummary('data of which nothing is known')), (dict(width=7, streams=BOTH), replace(DATA, widths={}))])
def test_nothing_is_said_where_all_fits_or_is_not_known(model, data) -> None:
    assert disagreements_with_data(build_model(model_config(**model)), data) == []


@pytest.mark.parametrize('model, data, message', [
    (dict(num_classes=2), DATA, "The neck of network rgb and the neck of network flow are for 2 classes, but the "
                                "training data have 3 ('Diving', 'CliffDiving', 'HighJump'): set num_classes=3."),
    (dict(width=6), DATA, "Network rgb expects features of width D=6, but in the training data 'rgb' has D=4: set "
                          'in_channels=4, or'),
    (dict(width=4, streams=BOTH), DATA, "expects features of width D=4, but in the training data 'rgb', 'flow' have "
                                        'D=4 + 4: set in_channels=8'),
    ({}, replace(DATA, widths=dict(i3d=4)), "Network rgb reads 'rgb', but the training data have the streams ['i3d']: "
                                            'name'),
    (dict(streams=dict(one=dict(streams=None))), DATA, "The training data have the streams ['rgb', 'flow']: name those "
                                                       'to use'),
])
def test_what_does_not_fit_is_said_with_what_to_change(model, data, message) -> None:
    assert message in disagreements_with_data(build_model(model_config(**model)), data)[0]


def test_features_of_another_width_than_a_model_standardizes_by_are_named() -> None:
    model = build_model(model_config(data_preprocessor=dict(type='SnippetDataPreprocessor', standardize=True)))
    model.data_preprocessor.set_statistics(dict(rgb=StreamStatistics(torch.zeros(5), torch.tensor(1.0))))
    assert 'trained on features rgb of width D=5, but the training data have D=4' in \
        disagreements_with_data(model, DATA)[0]


def test_a_model_that_states_nothing_is_not_compared() -> None:
    assert disagreements_with_data(nn.Linear(3, 2), DATA) == [] and stated_classes(nn.Linear(3, 2)) == {}


@pytest.mark.parametrize('change, message', [
    (dict(classes=('Diving', 'HighJump', 'CliffDiving')), "have the same 3 classes in another order (class 1 is "
                                                          "'CliffDiving' and 'HighJump')"),
    (dict(classes=('Diving', 'CliffDiving')), "have 3 and 2 classes, of which 'HighJump' are in one of them only"),
    (dict(widths=dict(rgb=4, flow=5)), 'features flow of the training data are of width D=4, but those of the test '
                                       'data of D=5'),
    (dict(widths=dict(rgb=4)), "have the streams ['flow', 'rgb'], but the test data have ['rgb']"),
    (dict(recipe=dict(fps=25, snippet_stride=8)), 'one feature per 16 frames at 25 fps (0.64 s), each from a window of '
                                                  '16 frames, but those of the test data are one feature per 8'),
])
def test_data_that_differ_are_named_with_how(change, message) -> None:
    sentence, = disagreements_between(DATA, replace(DATA, name='the test data', **change))
    assert message in sentence


def test_data_that_say_the_same_in_other_words_agree() -> None:
    other = replace(DATA, recipe=dict(fps=25, snippet_stride=16), widths=dict(rgb=None, flow=4))
    assert disagreements_between(DATA, other) == disagreements_between(DATA, DataSummary('other data')) == []
