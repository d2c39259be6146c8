"""The packed and the padded layout keep one protocol: what one gives, the other gives, video by video."""
from __future__ import annotations

import inspect
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.structures import Layout, PackedLayout, PaddedLayout, snippets_of_share

pytestmark = pytest.mark.smoke

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=4)
RATIOS = st.sampled_from([0.1, 0.125, 0.3, 0.5, 1.0])


def both(lengths: list[int], width: int = 3) -> tuple[list[torch.Tensor], tuple, tuple]:
    """Videos, and (layout, rows) packed and padded; NaN stands beyond the ends of padded videos."""
    generator = torch.Generator().manual_seed(sum(lengths))
    videos = [torch.randn(length, width, dtype=torch.float64, generator=generator) for length in lengths]
    padded = torch.nn.utils.rnn.pad_sequence(videos, batch_first=True, padding_value=float('nan'))
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return videos, (PackedLayout(lengths), torch.cat(videos)), (PaddedLayout(mask), padded.flatten(0, 1))


def test_both_layouts_have_every_operation_of_the_protocol() -> None:
    operations = [name for name, member in vars(Layout).items() if callable(member) and not name.startswith('_')]
    assert len(operations) >= 6
    for name in operations:
        expected = list(inspect.signature(getattr(Layout, name)).parameters)
        for layout in (PackedLayout, PaddedLayout):
            assert list(inspect.signature(getattr(layout, name)).parameters) == expected


@settings(max_examples=60, deadline=None)
@given(LENGTHS, RATIOS, st.booleans())
def test_pooling_over_time_is_that_of_each_video_alone(lengths: list[int], ratio: float, round_up: bool) -> None:
    videos, *batches = both(lengths)
    for layout, rows in batches:
        assert layout.num_videos == len(videos)
        for index, video in enumerate(videos):
            k = max(1, (math.ceil if round_up else math.floor)(Fraction(str(ratio)) * len(video)))
            best = [sum(sorted(column, reverse=True)[:k]) / k for column in video.T.tolist()]
            assert layout.top_k_mean(rows, ratio, round_up)[index].tolist() == pytest.approx(best)
            torch.testing.assert_close(layout.sum(rows)[index], video.sum(dim=0))
            torch.testing.assert_close(layout.mean(rows)[index], video.mean(dim=0))
            torch.testing.assert_close(layout.weighted_sum(rows[:, :2], rows)[index], video[:, :2].T @ video)
            sums = layout.weighted_sum(rows[:, :2], rows)
            torch.testing.assert_close(layout.split(layout.products(rows, sums))[index], video @ sums[index].T)
            torch.testing.assert_close(layout.max(rows)[index], video.amax(dim=0))
            torch.testing.assert_close(layout.mean(rows[:, 0])[index], video[:, 0].mean())
            chosen = layout.split(layout.top_k_weights(rows, ratio, round_up))[index]
            order = sorted(range(len(video)), key=lambda t: -video[t, 2])
            assert chosen[:, 2].tolist() == pytest.approx([1 / k if t in order[:k] else 0 for t in range(len(video))])
            column = layout.split(layout.top_k_weights(rows[:, 2], ratio, round_up))[index]
            torch.testing.assert_close(column, chosen[:, 2])
            torch.testing.assert_close(layout.split(rows)[index], video)
            torch.testing.assert_close(layout.split(layout.spread(layout.sum(rows)))[index],
                                       layout.sum(rows)[index].expand_as(video))
            torch.testing.assert_close(layout.split(layout.softmax(rows))[index], video.softmax(dim=0))
            torch.testing.assert_close(layout.split(layout.softmax(rows[:, 0]))[index], video[:, 0].softmax(dim=0))


@settings(max_examples=40, deadline=None)
@given(LENGTHS, st.integers(0, 3))
def test_windows_over_gaps_are_those_of_each_video_alone(lengths: list[int], gap: int) -> None:
    videos, *batches = both(lengths)
    for layout, rows in batches:
        windows = layout.with_gaps(rows, gap).unfold(0, 2 * gap + 1, 1).flatten(1)
        found = layout.split(layout.without_gaps(windows, gap))
        for video, of_video in zip(videos, found, strict=True):
            alone = torch.nn.functional.pad(video, (0, 0, gap, gap)).unfold(0, 2 * gap + 1, 1).flatten(1)
            torch.testing.assert_close(of_video, alone)


@pytest.mark.parametrize('kind', [0, 1], ids=['packed', 'padded'])
def test_the_top_k_mean_has_a_gradient_to_the_k_best_alone(kind: int) -> None:
    layout, rows = both([5, 1, 9])[1 + kind]
    rows = rows.nan_to_num().requires_grad_()
    assert torch.autograd.gradcheck(lambda values: layout.top_k_mean(values, 0.5), rows)
    layout.top_k_mean(rows, 0.5)[0].sum().backward()
    assert int(rows.grad.count_nonzero()) == 3 * 3


@given(st.integers(1, 10_000), st.integers(1, 100))
def test_a_share_of_snippets_is_exact_where_decimals_are(length: int, percent: int) -> None:
    exact = Fraction(percent, 100) * length
    assert snippets_of_share(percent / 100, length) == max(1, math.ceil(exact))
    assert snippets_of_share(percent / 100, length, round_up=False) == max(1, math.floor(exact))
