"""Sampling keeps the streams together and the order of time."""
from __future__ import annotations

import numpy as np
import pytest

from rpn_plugin.datasets import SampleSnippets


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
