"""Segments against counting the cells of a time grid."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.structures import as_segments, clip_segments, pairwise_tiou

pytestmark = pytest.mark.smoke

Pairs = list[tuple[int, int]]
grid_segments = st.lists(st.tuples(st.integers(-3, 12), st.integers(-3, 12)), max_size=6)  # reversed and empty ones too
seconds = st.floats(-1e4, 1e4)
proper_segments = st.lists(st.tuples(seconds, st.floats(1e-3, 1e4)), min_size=1, max_size=5).map(
    lambda pairs: np.array([(start, start + length) for start, length in pairs]))


def tiou_by_cells(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Cells in both over cells in either; a reversed segment has none."""
    first, second = set(range(*first)), set(range(*second))
    return len(first & second) / len(first | second) if first | second else 0.0


@settings(max_examples=150, deadline=None)
@given(grid_segments, grid_segments)
def test_tiou_is_the_share_of_common_cells(first: Pairs, second: Pairs) -> None:
    tiou = pairwise_tiou(as_segments(first), as_segments(second))
    assert tiou.tolist() == [[tiou_by_cells(one, other) for other in second] for one in first]


@settings(max_examples=100, deadline=None)
@given(proper_segments, proper_segments)
def test_tiou_is_symmetric_within_bounds_and_one_with_itself(first: np.ndarray, second: np.ndarray) -> None:
    tiou = pairwise_tiou(first, second)
    assert (tiou == pairwise_tiou(second, first).T).all()
    assert (tiou >= 0).all() and (tiou <= 1).all()
    assert (np.diag(pairwise_tiou(first, first)) == 1).all()


def test_an_empty_and_a_reversed_segment_overlap_nothing_not_even_themselves() -> None:
    wild = as_segments([[5, 5], [9, 1], [0, 10]])
    with np.errstate(all='raise'):
        assert pairwise_tiou(wild, wild).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]


@settings(max_examples=150, deadline=None)
@given(grid_segments, st.integers(0, 10))
def test_clipping_keeps_the_part_inside_the_video(pairs: Pairs, duration: int) -> None:
    segments = as_segments(pairs)
    clipped, keep = clip_segments(segments, duration)
    expected = [(max(start, 0), min(end, duration)) for start, end in pairs]
    assert keep.tolist() == [start < end for start, end in expected]
    assert clipped.tolist() == [[start, end] for start, end in expected if start < end]
    assert segments.tolist() == [list(pair) for pair in pairs]  # the argument is not touched


@pytest.mark.parametrize('values', [[1.0, 2.0], [[1.0, 2.0, 3.0]], [[[1.0, 2.0]]]])
def test_another_shape_is_refused_by_the_name_of_what_it_is(values: list) -> None:
    shape = str(np.shape(values)).replace('(', r'\(').replace(')', r'\)')
    with pytest.raises(ValueError, match=rf'ground truth of v1 of shape \(N, 2\).*got shape {shape}'):
        as_segments(values, 'ground truth of v1')


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), float('-inf')])
def test_the_segment_with_a_border_that_is_not_finite_is_shown(bad: float) -> None:
    with pytest.raises(ValueError, match=rf'finite detections of v1, but got \[3.0, {bad}\]'):
        as_segments([[1.0, 2.0], [3.0, bad]], 'detections of v1')


def test_an_empty_list_of_segments_can_be_compared() -> None:
    assert pairwise_tiou(as_segments([]), as_segments([[0, 1]])).shape == (0, 1)
    assert pairwise_tiou(as_segments([[0, 1]]), as_segments([])).shape == (1, 0)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_tiou_keeps_the_precision_of_its_input(dtype: type) -> None:
    segments = np.array([[0, 3], [1, 4], [5, 5]], dtype=dtype)
    found = pairwise_tiou(segments, segments)
    assert found.dtype == dtype and found.tolist() == [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 0]]


def test_tiou_of_whole_seconds_is_a_fraction() -> None:
    segments = np.array([[0, 3], [1, 4]])
    assert pairwise_tiou(segments, segments).tolist() == [[1, 0.5], [0.5, 1]]
