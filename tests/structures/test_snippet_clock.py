"""Snippet borders against the windows that the snippets were computed from."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.structures import SnippetClock, describe_recipe, same_recipe

pytestmark = pytest.mark.smoke

clocks = st.builds(
    SnippetClock,
    fps=st.sampled_from([10.0, 24, 25, 29.97, 30]),
    stride_frames=st.floats(0.5, 64),
    window_frames=st.floats(0.5, 128),
    offset_frames=st.floats(-50, 50))


@settings(max_examples=100, deadline=None)
@given(clocks, st.integers(0, 500))
def test_a_snippet_owns_the_stride_around_the_middle_of_its_window(clock: SnippetClock, snippet: int) -> None:
    first_frame = clock.offset_frames + snippet * clock.stride_frames
    middle = first_frame + clock.window_frames / 2
    borders = [(middle - clock.stride_frames / 2) / clock.fps, (middle + clock.stride_frames / 2) / clock.fps]
    assert clock.to_seconds(np.array([snippet, snippet + 1])) == pytest.approx(borders, abs=1e-9)


def test_windows_wider_than_the_stride_are_centred() -> None:
    # ActionFormer's note: clips of 16 frames at 30 fps, stride 4. Clip 0 is centred on frame 8 and owns frames 6 to 10.
    clock = SnippetClock(fps=30, stride_frames=4, window_frames=16)
    assert clock.to_seconds(0.0) == pytest.approx(6 / 30)
    assert clock.to_seconds(1.0) == pytest.approx(10 / 30)


@settings(max_examples=100, deadline=None)
@given(clocks, st.lists(st.floats(-10, 1000), min_size=1, max_size=5))
def test_seconds_and_borders_are_each_others_inverse(clock: SnippetClock, values: list[float]) -> None:
    values = np.array(values)
    assert clock.to_borders(clock.to_seconds(values)) == pytest.approx(values, abs=1e-6)
    assert clock.to_seconds(clock.to_borders(values)) == pytest.approx(values, abs=1e-6)


@settings(max_examples=200, deadline=None)
@given(
    stride=st.integers(1, 16), window=st.integers(1, 32), offset=st.integers(-8, 8), frames=st.integers(0, 200))
def test_num_snippets_counts_the_whole_windows(stride: int, window: int, offset: int, frames: int) -> None:
    expected = 0
    while offset + expected * stride + window <= frames:
        expected += 1
    assert SnippetClock(25, stride, window, offset).num_snippets(frames / 25) == expected


@settings(max_examples=100, deadline=None)
@given(clocks, st.integers(1, 2000))
def test_duration_is_the_shortest_that_holds_so_many_snippets(clock: SnippetClock, number: int) -> None:
    duration = clock.duration_sec(number)
    assert clock.num_snippets(duration) == number
    assert clock.num_snippets(duration - 0.001 * clock.seconds_per_snippet) == number - 1


def test_a_recipe_without_window_and_offset_has_adjoining_windows_from_frame_zero() -> None:
    clock = SnippetClock.from_recipe(dict(fps=25, snippet_stride=16))
    assert clock == SnippetClock(fps=25, stride_frames=16, window_frames=16, offset_frames=0)
    assert clock.to_seconds(np.arange(3)) == pytest.approx([0, 0.64, 1.28])


def test_a_recipe_says_window_and_offset_in_frames() -> None:
    clock = SnippetClock.from_recipe(dict(fps=10, snippet_stride=2.5, window=10, offset=5))
    assert clock == SnippetClock(fps=10, stride_frames=2.5, window_frames=10, offset_frames=5)


@pytest.mark.parametrize('recipe, named', [
    (dict(fps=25), 'fps'),
    (dict(snippet_stride=16), 'snippet_stride'),
    (dict(fps=25, snippet_stride=16, strid=4), 'strid'),
])
def test_a_bad_recipe_is_shown_beside_the_keys_that_it_should_have(recipe: dict, named: str) -> None:
    with pytest.raises(ValueError, match=rf"keys fps and snippet_stride, .* window and offset, or .*; got .*'{named}'"):
        SnippetClock.from_recipe(recipe)


def test_features_spread_over_the_duration_share_it_evenly() -> None:
    clock = SnippetClock.from_recipe(dict(fps=25, spread_over_duration=True), duration_sec=50.0, num_snippets=100)
    assert clock.to_seconds(np.array([0, 1, 100])) == pytest.approx([0, 0.5, 50])
    assert clock.duration_sec(100) == pytest.approx(50.0)
    for known in (dict(), dict(duration_sec=50.0), dict(num_snippets=100)):
        with pytest.raises(ValueError, match='add "duration"'):
            SnippetClock.from_recipe(dict(fps=25, spread_over_duration=True), **known)
    with pytest.raises(ValueError, match='it has fps and spread_over_duration; got'):
        SnippetClock.from_recipe(dict(fps=25, spread_over_duration=True, snippet_stride=16))


def test_a_recipe_may_be_at_the_rate_of_each_video() -> None:
    recipe = dict(fps='video', snippet_stride=4, window=16)
    assert SnippetClock.from_recipe(recipe, video_fps=30.0) == SnippetClock(30.0, 4, 16)
    with pytest.raises(ValueError, match='add "fps"'):
        SnippetClock.from_recipe(recipe)


@pytest.mark.parametrize('first, second, same', [
    (dict(fps=25, snippet_stride=16), dict(fps=25.0, snippet_stride=16, window=16, offset=0), True),
    (dict(fps=25, snippet_stride=16), dict(fps=25, snippet_stride=16, window=64), False),
    (dict(fps=25, snippet_stride=16), dict(fps=25, spread_over_duration=True), False),
    (dict(fps='video', snippet_stride=4), dict(fps=30, snippet_stride=4), False),
])
def test_recipes_are_the_same_however_they_are_written(first: dict, second: dict, same: bool) -> None:
    assert same_recipe(first, second) is same_recipe(second, first) is same


def test_a_recipe_reads_as_a_sentence() -> None:
    assert describe_recipe(dict(fps=25, snippet_stride=16)).startswith('one feature per 16 frames at 25 fps (0.64 s)')
    assert 'per 4 frames at the frame rate of each video' in describe_recipe(dict(fps='video', snippet_stride=4))
    assert 'spread evenly' in describe_recipe(dict(fps=25, spread_over_duration=True))


@pytest.mark.parametrize('name', ['fps', 'stride_frames', 'window_frames'])
@pytest.mark.parametrize('value', [0, -16, float('nan'), float('inf'), '25'])
def test_an_impossible_number_is_named(name: str, value: object) -> None:
    numbers = dict(fps=25, stride_frames=16, window_frames=16) | {name: value}
    with pytest.raises(ValueError, match=f'positive number for {name}, but got {value!r}'):
        SnippetClock(**numbers)


@pytest.mark.parametrize('value', [float('nan'), float('-inf')])
def test_an_offset_that_is_not_finite_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=f'finite offset_frames, but got {value!r}'):
        SnippetClock(25, 16, offset_frames=value)


def test_the_text_is_the_sentence_of_a_feature_note() -> None:
    assert str(SnippetClock(fps=30, stride_frames=4, window_frames=16)) == (
        'one feature per 4 frames at 30 fps (0.1333 s), each from a window of 16 frames')


@pytest.mark.parametrize('recipe', [
    dict(fps=10**400, snippet_stride=16), dict(fps=25, snippet_stride=1e308), dict(fps='25', snippet_stride=16),
    dict(fps=25, snippet_stride=16, offset=10**400), dict(fps='fast', spread_over_duration=True),
    dict(fps=[25], spread_over_duration=True)])
def test_a_recipe_of_numbers_that_nobody_means_is_refused(recipe) -> None:
    with pytest.raises(ValueError, match='SnippetClock expects'):
        SnippetClock.from_recipe(recipe, duration_sec=10.0, num_snippets=5)
