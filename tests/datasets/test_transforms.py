"""Sampling keeps the streams together and the order of time."""
from __future__ import annotations

import numpy as np
import pytest
import torch

from rpn_plugin.datasets import HideSnippets, SampleSnippets


def results(length: int) -> dict:
    time = np.arange(length, dtype=np.float32)[:, None]
    return dict(num_snippets=length, snippets=dict(rgb=time, flow=-time))


@pytest.mark.parametrize('mode', ['crop', 'strata'])
def test_a_short_video_stays_whole(mode) -> None:
    out = SampleSnippets(10, mode).transform(results(10))
    assert out['snippets']['rgb'][:, 0].tolist() == list(range(10))


def test_a_crop_is_contiguous_and_every_start_occurs() -> None:
    sampler, starts = SampleSnippets(4, 'crop'), set()
    for _ in range(200):
        out = sampler.transform(results(7))
        time = out['snippets']['rgb'][:, 0]
        np.testing.assert_array_equal(np.diff(time), 1)
        np.testing.assert_array_equal(out['snippets']['flow'][:, 0], -time)
        starts.add(int(time[0]))
    assert starts == {0, 1, 2, 3} and out['num_snippets'] == 4


def test_strata_take_one_snippet_of_each_part() -> None:
    sampler, seen = SampleSnippets(3, 'strata'), set()
    for _ in range(300):
        time = sampler.transform(results(9))['snippets']['rgb'][:, 0]
        np.testing.assert_array_equal(time // 3, [0, 1, 2])
        seen.update(time.astype(int).tolist())
    assert seen == set(range(9))


@pytest.mark.parametrize('mode', ['crop', 'strata'])
def test_a_share_depends_on_the_video(mode) -> None:
    sampler = SampleSnippets(0.25, mode)
    assert [len(sampler.transform(results(length))['snippets']['rgb']) for length in (1, 3, 8, 43)] == [1, 1, 2, 10]


@pytest.mark.parametrize('options', [(10, 'middle'), (0, 'crop'), (-3, 'crop'), (1.5, 'crop'), (0.0, 'strata')])
def test_a_bad_option_is_refused(options) -> None:
    with pytest.raises(ValueError, match=rf"share in \(0, 1\), and mode crop or strata, but got {options[0]} and "
                       f"'{options[1]}'"):
        SampleSnippets(*options)


def hidden(length: int, **options: object) -> np.ndarray:
    """Whether each snippet was replaced by the mean, of both streams alike."""
    item = results(length) | dict(rng=np.random.default_rng(options.pop('seed', 0)))
    out = HideSnippets(**options).transform(item)
    places = out['snippets']['rgb'][:, 0] != np.arange(length)
    assert (out['snippets']['rgb'][places] == (length - 1) / 2).all()
    np.testing.assert_array_equal(out['snippets']['flow'], -out['snippets']['rgb'])
    return places


def test_stretches_are_hidden_whole_and_one_stays() -> None:
    seen = np.zeros(40)
    for seed in range(200):
        places = hidden(40, seed=seed, num_stretches=8, probability=0.9).reshape(8, 5)
        assert (places.all(axis=1) | ~places.any(axis=1)).all() and not places.all()
        seen += places.ravel()
    assert (seen > 120).all() and (seen < 190).all()
    assert not hidden(40, probability=0.0).any() and not hidden(1, probability=0.9).any()
    assert hidden(7, num_stretches=16, probability=0.9).sum() < 7


def test_tensors_are_hidden_as_arrays_are_and_the_item_stays_as_it_was() -> None:
    array = np.random.default_rng(0).random((30, 2)).astype(np.float16)
    found = [HideSnippets(probability=0.7).transform(dict(
        num_snippets=30, snippets=dict(rgb=values), rng=np.random.default_rng(1)))['snippets']['rgb']
        for values in (array, torch.from_numpy(array))]
    np.testing.assert_allclose(found[0], found[1].numpy(), rtol=1e-3)
    assert found[0].dtype == np.float16 and found[1].dtype == torch.float16
    assert (found[0] != array).any() and (array == np.random.default_rng(0).random((30, 2)).astype(np.float16)).all()


@pytest.mark.parametrize('options', [dict(num_stretches=0), dict(probability=1.0), dict(probability=-0.1)])
def test_nothing_to_see_is_refused(options) -> None:
    with pytest.raises(ValueError, match='num_stretches >= 1 and a probability'):
        HideSnippets(**options)
