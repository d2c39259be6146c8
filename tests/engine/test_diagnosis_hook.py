"""The end of a training says in words what hinders localization, from labels alone; and nothing where nothing does."""
from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from tiny_model import build_model, model_config
from torch import nn

from rpn_plugin.engine import DiagnosisHook
from rpn_plugin.inspection.diagnosis import NetworkMeasures, effective_number, findings, measure, of_labels
from rpn_plugin.models import ClusteringLoss, SimilarityWeighting, ThresholdProposals
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch

LENGTH, ACTION = 64, slice(8, 24)


def network(weighting: nn.Module | None = None, p_c: float = 0.1, alpha: float = 0.1) -> SimpleNamespace:
    return SimpleNamespace(weighting=weighting, proposals=ThresholdProposals(min_class_score=p_c),
                           head=SimpleNamespace(losses=dict(loss_clu=ClusteringLoss(alpha))))


def output(attended: slice = ACTION, near: slice = ACTION, score: float = 0.9) -> HeadOutput:
    """One video whose class 0 is in the middle of it by the CAS, under an attention and a distance of choice."""
    cas = torch.full((LENGTH, 2), 0.1)
    cas[ACTION, 0] = 0.9
    embedded = torch.full((LENGTH, 1), 1.0)
    embedded[near] = 0.0
    weight = torch.full((LENGTH, ), 0.01)
    weight[attended] = 1.0
    return HeadOutput(SnippetBatch.from_videos([embedded]), cas, torch.tensor([[score, 1 - score]]),
                      attentions=dict(attention=Attention(weight / weight.sum(), True)),
                      similarity=-embedded.expand(-1, 2)**2, prototypes=torch.zeros(2, 1))


def said(of_network: SimpleNamespace, *outputs: HeadOutput, labels: tuple[int, ...] = (0, )) -> str:
    measures = NetworkMeasures()
    for each in outputs:
        measure(of_network, each, [labels], measures)
    return '\n'.join(findings(of_network, measures))


def test_a_network_without_faults_hears_nothing() -> None:
    assert said(network(SimilarityWeighting(gamma_t=1.0)), output(), output()) == ''


def test_attention_on_background_is_said() -> None:
    assert 'locked on background' in said(network(), output(attended=slice(30, 60)))
    assert 'for 67% of' in said(network(), output(attended=slice(30, 60)), output(), output(attended=slice(40, 60)))


def test_attention_on_a_single_snippet_is_said() -> None:
    weight = torch.zeros(LENGTH)
    weight[10] = 1.0
    only = HeadOutput(output().embedded, output().cas, torch.tensor([[0.9, 0.1]]),
                      attentions=dict(attention=Attention(weight, True)))
    assert 'attention covers 1.0 of the 64 snippets' in said(network(), only)


def test_weights_that_sharpen_to_single_snippets_are_said() -> None:
    message = said(network(SimilarityWeighting(gamma_t=1e4, num_updates=0)), output(near=slice(10, 11)))
    assert 'sharpens to 1.0 snippets' in message and 'coverage=0.95' in message


def test_weights_against_the_classifier_are_said() -> None:
    message = said(network(SimilarityWeighting(gamma_t=1.0)), output(near=slice(30, 60)))
    assert 'works against the classifier for 100%' in message and 'embedded_length=3' in message
    assert 'against' not in said(network(), output(near=slice(30, 60))), 'without weighting it does no harm'


def test_rejected_classes_are_said_with_a_number_that_keeps_them() -> None:
    message = said(network(p_c=0.1), output(score=0.05), output(score=0.07))
    assert 'p_c = 0.1 rejects 100%' in message and '0.05 would keep 95 %' in message
    assert 'p_c' not in said(network(p_c=0.01), output(score=0.9))


def test_videos_that_are_not_classified_are_said() -> None:
    assert 'the videos are not classified: p_c is 0.20 for their own' in said(network(p_c=0), output(score=0.2))


@pytest.mark.parametrize(('labels', 'message'), [
    ([[0], [1], [0, 1]], ''), ([[0, 1], [1, 2]], 'never fires: no training video has exactly one label'),
    ([[0], [0, 1]], 'never fires for Dive: every training video of these has other labels')])
def test_classes_without_clustering_are_named(labels: list[list[int]], message: str) -> None:
    found = of_labels(network(), labels, ['Run', 'Dive', 'never there'])
    assert (message in found[0]) if message else not found
    assert not of_labels(network(alpha=0.0), labels, ['Run', 'Dive'])


def test_what_to_do_where_no_video_has_one_label_hangs_on_the_length() -> None:
    labels, free, one = [[0, 1], [1, 2]], network(), network()
    free.embedded_length, one.embedded_length = None, 3.0
    assert of_labels(free, labels, 'abc')[0].endswith('Give the localizer embedded_length=3, which does.')
    assert 'Nothing has to be changed' in of_labels(one, labels, 'abc')[0]


def test_labels_that_are_the_same_for_every_video_are_said_whatever_the_losses() -> None:
    for alpha in (0.0, 0.1):
        found, = of_labels(network(alpha=alpha), [[1], [1]], ['Run', 'Dive'])
        assert found.startswith('nothing was learned: each of the 2 training videos has the same label, Dive')


def test_the_effective_number_is_that_of_equal_weights() -> None:
    for count in (1, 3, 17):
        assert effective_number(np.r_[np.full(count, 0.2), np.zeros(5)]) == pytest.approx(count)
    assert effective_number(np.zeros(3)) == 0


def test_the_hook_reads_training_videos_without_segments_and_leaves_the_model_in_training(tiny, caplog) -> None:
    for entry in tiny.content['database'].values():
        if entry['subset'] == 'train':
            for annotation in entry['annotations']:
                annotation['segment'] = ['poison', None]
    tiny.save()
    dataset = DATASETS.build(tiny.config())
    model = build_model(model_config()).train()
    runner = SimpleNamespace(model=model, train_dataloader=SimpleNamespace(dataset=dataset),
                             logger=logging.getLogger('diagnosis'))
    with caplog.at_level(logging.INFO):
        DiagnosisHook(num_videos=5).after_train(runner)
    assert 'Diagnosis by 5 training videos and their labels:' in caplog.text
    assert '  rgb: ' in caplog.text and '  flow: ' in caplog.text and model.training


def test_another_model_is_left_alone(caplog) -> None:
    DiagnosisHook().after_train(SimpleNamespace(model=nn.Linear(1, 1)))
    assert not caplog.text
