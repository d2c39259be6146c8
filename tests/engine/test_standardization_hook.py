"""The statistics come from the training set by themselves, and from nothing else."""
from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from torch import nn

from rpn_plugin.engine import StandardizationHook
from rpn_plugin.models import SnippetDataPreprocessor


def runner(dataset, preprocessor: nn.Module, resume: bool = False) -> SimpleNamespace:
    model = nn.Module()
    model.data_preprocessor = preprocessor
    return SimpleNamespace(hooks=[], model=model, train_dataloader=SimpleNamespace(dataset=dataset), _resume=resume,
                           logger=logging.getLogger('test'))


def snippets(tiny, stream: str, subset: str = 'train') -> np.ndarray:
    return np.concatenate([np.load(tiny.path(stream, video)).astype(np.float64)
                           for video, entry in tiny.content['database'].items() if entry['subset'] == subset])


@pytest.mark.parametrize('wrapper', [
    None, lambda config: dict(type='RepeatDataset', times=3, dataset=config),
    lambda config: dict(type='ConcatDataset', datasets=[config, config])
])
def test_every_stream_gets_the_mean_and_scale_of_the_training_videos(tiny, wrapper) -> None:
    dataset = DATASETS.build(wrapper(tiny.config()) if wrapper else tiny.config())
    preprocessor = SnippetDataPreprocessor(standardize=True)
    StandardizationHook().before_train(runner(dataset, preprocessor))
    for stream in ('rgb', 'flow'):
        values, found = snippets(tiny, stream), preprocessor.standardizations[stream]
        np.testing.assert_allclose(found.mean, values.mean(axis=0), atol=1e-6)
        assert found.scale.item() == pytest.approx(np.sqrt(np.mean((values - values.mean(axis=0))**2)), rel=1e-6)
        assert abs(found.mean.numpy() - snippets(tiny, stream, 'test').mean(axis=0)).max() > 1e-2


def test_constant_channels_and_constant_features_stay_finite(tiny) -> None:
    for video, entry in tiny.content['database'].items():
        length = round(entry['duration'] / 0.64)
        tiny.write_features('rgb', video, np.full((length, 4), 1e4, dtype=np.float32) + 0.1)
    preprocessor = SnippetDataPreprocessor(standardize=True)
    StandardizationHook().before_train(runner(DATASETS.build(tiny.config()), preprocessor))
    assert preprocessor.standardizations['rgb'].scale == 1
    assert preprocessor.scale(torch.full((2, 4), 1e4), 'rgb').abs().max() < 1


def test_a_resumed_run_keeps_its_statistics_and_a_finetuned_one_does_not(tiny) -> None:
    dataset = DATASETS.build(tiny.config())
    source = SnippetDataPreprocessor(standardize=True)
    StandardizationHook().before_train(runner(dataset, source))
    source.standardizations['rgb'].scale.fill_(5.0)
    resumed, finetuned = SnippetDataPreprocessor(standardize=True), SnippetDataPreprocessor(standardize=True)
    for preprocessor, resume in ((resumed, True), (finetuned, False)):
        preprocessor.load_state_dict(source.state_dict())
        StandardizationHook().before_train(runner(dataset, preprocessor, resume))
    assert resumed.standardizations['rgb'].scale == 5 and finetuned.standardizations['rgb'].scale < 2


def test_a_preprocessor_that_does_not_standardize_is_left_alone(tiny) -> None:
    preprocessor = SnippetDataPreprocessor()
    StandardizationHook().before_train(runner(None, preprocessor))
    assert not preprocessor.has_statistics and not preprocessor.state_dict()


def test_a_training_set_without_feature_files_is_refused() -> None:
    with pytest.raises(TypeError, match='a training set of feature files, but got list.*standardize=False'):
        StandardizationHook().before_train(runner([1], SnippetDataPreprocessor(standardize=True)))


def test_a_value_that_is_not_finite_is_named_by_its_file(tiny) -> None:
    spoilt = np.load(tiny.path('flow', 'train_1'))
    spoilt[2, 1] = np.nan
    tiny.write_features('flow', 'train_1', spoilt)
    with pytest.raises(ValueError, match='flow/train_1.npy: 1 values are not finite'):
        StandardizationHook().before_train(
            runner(DATASETS.build(tiny.config()), SnippetDataPreprocessor(standardize=True)))
