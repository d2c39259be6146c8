"""Our videos in the host's form: the same content at the same seconds."""
from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import DATASETS, TRANSFORMS

from rpn_plugin.structures import SnippetClock

STEPS = [dict(type='LoadSnippets'), dict(type='RescaleSnippets', length=10), dict(type='GenerateLocalizationLabels')]


def rescale(snippets: dict[str, np.ndarray], length: int, clock: SnippetClock = SnippetClock(25, 16)) -> dict:
    return TRANSFORMS.build(dict(type='RescaleSnippets', length=length))(dict(snippets=snippets, clock=clock))


def test_a_video_of_the_right_length_stays_as_it_is_streams_side_by_side() -> None:
    rgb, flow = np.random.default_rng(0).standard_normal((2, 10, 4)).astype(np.float16)
    feature = rescale(dict(rgb=rgb, flow=flow), 10)['raw_feature']
    assert feature.dtype == np.float32
    np.testing.assert_array_equal(feature, np.concatenate([rgb, flow], axis=1).T)


@pytest.mark.parametrize('length', [5, 17, 100])
def test_time_is_stretched_evenly(length: int) -> None:
    snippets = (np.arange(30, dtype=np.float32) + 0.5)[:, None]  # its own place in snippets
    feature = rescale(dict(rgb=snippets), length)['raw_feature'][0]
    places = (np.arange(length) + 0.5) * 30 / length
    np.testing.assert_allclose(feature, places.clip(0.5, 29.5), rtol=1e-5)  # flat beyond the outer centres


def test_the_seconds_are_those_that_the_snippets_cover() -> None:
    results = rescale(dict(rgb=np.zeros((30, 4), np.float32)), 10, SnippetClock(30, 4))
    assert results['duration_second'] == pytest.approx(30 * 4 / 30)
    assert results['duration_frame'] == results['feature_frame'] == 120


def test_segments_become_shares_of_the_features(tiny) -> None:
    item = DATASETS.build(tiny.config('test', pipeline=STEPS))[0]
    segments = np.array([annotation['segment'] for annotation in item['annotations']])
    np.testing.assert_allclose(item['gt_bbox'], segments / (0.64 * item['num_snippets']))


def test_a_length_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match='length of at least 1, but got 0'):
        rescale({}, 0)
