"""Evaluation from Python: what is added video by video scores as the functional form does."""
from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from rpn_plugin.evaluation import LocalizationEvaluator, evaluate_localization, get_protocol
from rpn_plugin.structures import VideoSegments

CLASSES = ['Diving', 'HighJump']
FOUND = dict(segments=np.array([[0.0, 4.0], [20.0, 30.0]]), labels=np.array([0, 1]), scores=np.array([0.5, 0.9]))
TRUTH = dict(segments=[[0, 5], [21, 30]], labels=['Diving', 'HighJump'])


@pytest.mark.parametrize('found', [
    FOUND, {name: values.tolist() for name, values in FOUND.items()},
    {name: torch.from_numpy(values).requires_grad_(name == 'scores') for name, values in FOUND.items()},
    dict(FOUND, labels=np.array(CLASSES)), VideoSegments(FOUND['segments'], CLASSES, FOUND['scores'])],
    ids=('arrays', 'lists', 'tensors', 'names', 'VideoSegments'))
def test_arrays_lists_tensors_and_names_score_as_the_functional_form(found) -> None:
    evaluator = LocalizationEvaluator('activitynet-thumos14', classes=CLASSES)
    evaluator.update('va', found, TRUTH)
    evaluator.update('vb', dict(segments=[], labels=[], scores=[]), dict(segments=[[0, 1]], labels=[0]))
    result = evaluator.compute()
    truth = {'va': VideoSegments(np.array(TRUTH['segments']), CLASSES),
             'vb': VideoSegments(np.array([[0, 1]]), ['Diving'])}
    direct = evaluate_localization({'va': VideoSegments(FOUND['segments'], CLASSES, FOUND['scores'])}, truth,
                                   get_protocol('activitynet-thumos14'))
    assert np.array_equal(result.average_precision, direct.average_precision)
    assert result.metrics()['mAP_avg'] == direct.average_map == 0.75
    assert list(result.metrics()) == [f'mAP@0.{tenth}0' for tenth in range(1, 8)] + ['mAP_avg']


def test_what_was_computed_does_not_end_the_gathering_and_reset_does() -> None:
    evaluator = LocalizationEvaluator(classes=CLASSES)
    evaluator.update('va', FOUND, TRUTH)
    first = evaluator.compute().average_map
    evaluator.update('vb', dict(segments=[], labels=[], scores=[]), TRUTH)
    assert evaluator.compute().average_map < first
    evaluator.reset()
    evaluator.update('va', FOUND, TRUTH)
    assert evaluator.compute().average_map == first


@pytest.mark.parametrize('found, truth, message', [
    (dict(FOUND, labels=[0, 2]), TRUTH, 'names of classes or indices below 2, but got 2'),
    (dict(FOUND, labels=[0, -1]), TRUTH, 'but got -1'),
    (FOUND, dict(TRUTH, labels=[0.0, 1.0]), 'but got 0.0'),
    (dict(FOUND, scores=[0.5]), TRUTH, '2 segments, 2 labels and 1 scores'),
    (dict(FOUND, scores=[0.5, np.nan]), TRUTH, 'NaN score'),
    (dict(FOUND, segments=[[0, 1], [0, np.inf]]), TRUTH, 'Expected finite segments'),
    (dict(segments=[], labels=[]), TRUTH, 'expected segments, labels, scores, but there are no scores'),
    (FOUND, {}, 'expected segments, labels, but there are no segments and no labels'),
])
def test_what_cannot_be_scored_is_named_with_its_video_and_not_kept(found, truth, message: str) -> None:
    evaluator = LocalizationEvaluator(classes=CLASSES)
    with pytest.raises(ValueError, match=f'^Video va: .*{re.escape(message)}'):
        evaluator.update('va', found, truth)
    evaluator.update('va', FOUND, TRUTH)
    with pytest.raises(ValueError, match='Video va was added before'):
        evaluator.update('va', FOUND, TRUTH)


def test_indices_without_class_names_are_told_what_they_need() -> None:
    with pytest.raises(ValueError, match=r'LocalizationEvaluator\(classes=\[\.\.\.\]\), but got 0'):
        LocalizationEvaluator().update('va', FOUND, TRUTH)
