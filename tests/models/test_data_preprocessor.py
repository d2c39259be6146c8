"""Standardization of features: by the training videos, whatever their unit, and carried by checkpoints."""
from __future__ import annotations

import numpy as np
import pytest
import torch

from rpn_plugin.models import SnippetDataPreprocessor
from rpn_plugin.structures import ONLY_STREAM, StreamStatistics

pytestmark = pytest.mark.smoke


def statistics(features: np.ndarray) -> StreamStatistics:
    mean = features.mean(axis=0)
    return StreamStatistics(torch.tensor(mean), torch.tensor(np.sqrt(np.mean((features - mean)**2))))


@pytest.fixture
def features() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return dict(rgb=rng.normal(7.0, [1.0, 3.0, 0.0], (50, 3)), flow=rng.normal(-1e3, 400.0, (50, 2)))


def preprocessor(features: dict[str, np.ndarray]) -> SnippetDataPreprocessor:
    made = SnippetDataPreprocessor(standardize=True)
    made.set_statistics({stream: statistics(values) for stream, values in features.items()})
    return made


def run(preprocessor: SnippetDataPreprocessor, features: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    inputs = preprocessor(dict(inputs={stream: [torch.tensor(values[:20]), torch.tensor(values[20:])]
                                       for stream, values in features.items()}))['inputs']
    return {stream: batch.features.numpy() for stream, batch in inputs.items()}


def test_every_stream_has_mean_0_and_scale_1_and_keeps_the_proportions_of_its_channels(features) -> None:
    for stream, values in run(preprocessor(features), features).items():
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
        assert np.mean(values**2) == pytest.approx(1, abs=1e-4)
        spread = features[stream].std(axis=0)
        np.testing.assert_allclose(values.std(axis=0) * spread.max(), spread * values.std(axis=0).max(), rtol=1e-3)


def test_another_unit_and_offset_of_a_stream_change_nothing(features) -> None:
    others = dict(rgb=0.01 * features['rgb'] - 3.0, flow=1e4 + 250.0 * features['flow'])
    expected = run(preprocessor(features), features)
    for stream, values in run(preprocessor(others), others).items():
        np.testing.assert_allclose(values, expected[stream], atol=1e-3)


def test_a_checkpoint_carries_the_statistics_into_a_new_preprocessor(features) -> None:
    trained, loaded = preprocessor(features), SnippetDataPreprocessor(standardize=True)
    assert trained.has_statistics and not loaded.has_statistics
    loaded.load_state_dict(trained.state_dict())
    assert loaded.has_statistics
    for stream, values in run(loaded, features).items():
        np.testing.assert_array_equal(values, run(trained, features)[stream])


def test_without_statistics_nothing_is_scored(features) -> None:
    with pytest.raises(RuntimeError, match="statistics of the features 'rgb' are not known, only those of .*"
                                           'StandardizationHook in default_hooks'):
        run(SnippetDataPreprocessor(standardize=True), features)


def test_features_of_another_width_are_refused(features) -> None:
    with pytest.raises(ValueError, match='trained on features of width D=3, but got D=2'):
        run(preprocessor(features), dict(rgb=features['flow']))


def test_a_network_without_named_streams_reads_the_only_statistics_there_are(features) -> None:
    of_one = preprocessor(dict(rgb=features['rgb']))
    values = torch.tensor(features['rgb']).float()
    torch.testing.assert_close(of_one.scale(values, ONLY_STREAM), of_one.scale(values, 'rgb'))
    with pytest.raises(RuntimeError, match='not known'):
        preprocessor(features).scale(values, ONLY_STREAM)


def test_a_stated_length_comes_after_the_standardization(features) -> None:
    both = SnippetDataPreprocessor(l2_length=8.0, standardize=True)
    both.set_statistics({'rgb': statistics(features['rgb'])})
    length = np.linalg.norm(run(both, dict(rgb=features['rgb']))['rgb'], axis=1)
    np.testing.assert_allclose(length, 8.0, rtol=1e-5)
