"""Packed batches against each video by itself."""
from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rpn_plugin.structures import PackedLayout, SnippetBatch

pytestmark = pytest.mark.smoke

all_lengths = st.lists(st.integers(1, 6), min_size=1, max_size=5)
seeds = st.integers(0, 2**16)
quick = settings(max_examples=60, deadline=None)


def random_videos(lengths: list[int], seed: int, tail: tuple[int, ...] = (3, )) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(length, *tail, generator=generator, dtype=torch.float64) for length in lengths]


@quick
@given(all_lengths, seeds, st.sampled_from([(), (3, ), (2, 3)]))
def test_padding_places_each_video_and_fills_the_rest(lengths: list[int], seed: int, tail: tuple[int, ...]) -> None:
    videos, layout = random_videos(lengths, seed, tail), PackedLayout(lengths)
    packed = torch.cat(videos)
    padded = layout.pad(packed, fill=-7.0)
    for row, real, video in zip(padded, layout.mask, videos):
        assert torch.equal(row[:len(video)], video) and (row[len(video):] == -7).all()
        assert real.tolist() == [True] * len(video) + [False] * (max(lengths) - len(video))
    assert torch.equal(layout.unpad(padded), packed)
    assert all(map(torch.equal, layout.split(packed), videos))


@quick
@given(all_lengths, seeds, st.sampled_from([(), (3, )]))
def test_softmax_and_sum_are_those_of_each_video_alone(lengths: list[int], seed: int, tail: tuple[int, ...]) -> None:
    videos, layout = random_videos(lengths, seed, tail), PackedLayout(lengths)
    packed = 50 * torch.cat(videos)
    softmax = torch.cat([(50 * video).softmax(dim=0) for video in videos])
    torch.testing.assert_close(layout.softmax(packed), softmax, rtol=0, atol=1e-12)
    for total, video in zip(layout.sum(packed), videos, strict=True):
        torch.testing.assert_close(total, sum(50 * snippet for snippet in video), rtol=0, atol=1e-12)


@quick
@given(all_lengths, seeds, st.integers(0, 4))
def test_gaps_part_the_videos_and_the_windows_over_them_are_those_of_each_video(lengths, seed, gap) -> None:
    videos, layout = random_videos(lengths, seed), PackedLayout(lengths)
    zeros = torch.zeros(gap, 3, dtype=torch.float64)
    for _ in range(2):  # again: from the layout's memory
        rows = layout.with_gaps(torch.cat(videos), gap)
        assert torch.equal(rows, torch.cat([zeros, *(part for video in videos for part in (video, zeros))]))
        found = layout.without_gaps(rows.unfold(0, 2 * gap + 1, 1), gap)
        alone = [torch.cat([zeros, video, zeros]).unfold(0, 2 * gap + 1, 1) for video in videos]
        assert torch.equal(found, torch.cat(alone))


def test_not_even_nan_crosses_the_border_of_a_video() -> None:
    layout, spoilt = PackedLayout([4, 2, 3]), torch.zeros(9, 2)
    spoilt[4:6] = float('nan')
    result = layout.softmax(spoilt)
    assert not result[:4].isnan().any() and not result[6:].isnan().any()


def test_gradient_of_softmax_sum_and_windows() -> None:
    layout = PackedLayout([3, 1, 4])
    packed = torch.cat(random_videos([3, 1, 4], seed=1)).requires_grad_()
    assert torch.autograd.gradcheck(layout.softmax, packed)
    assert torch.autograd.gradcheck(layout.sum, packed)
    assert torch.autograd.gradcheck(
        lambda values: layout.without_gaps(layout.with_gaps(values, 2).unfold(0, 5, 1), 2), packed)


def test_a_batch_gives_back_the_videos_it_was_made_of() -> None:
    videos = random_videos([2, 5, 1], seed=2)
    batch = SnippetBatch.from_videos(videos)
    assert all(torch.equal(one, other) for one, other in zip(batch.split(), videos, strict=True))
    doubled = batch.with_features(2 * batch.features)
    assert all(torch.equal(one, 2 * other) for one, other in zip(doubled.split(), videos, strict=True))


@pytest.mark.parametrize('lengths', [[], [3, 0], [-1]])
def test_a_batch_without_a_video_or_with_an_empty_one_is_refused(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match=r'at least one video, each with at least one snippet, but got lengths \['):
        PackedLayout(lengths)


def test_an_empty_video_is_refused_by_the_lengths() -> None:
    with pytest.raises(ValueError, match=r'got lengths \[2, 0\]'):
        SnippetBatch.from_videos([torch.zeros(2, 3), torch.zeros(0, 3)])
    with pytest.raises(ValueError, match='at least one video'):
        SnippetBatch.from_videos([])


@pytest.mark.parametrize('second', [torch.zeros(2, 4), torch.zeros(3), torch.zeros(1, 2, 3)])
def test_videos_of_different_widths_are_refused_by_their_shapes(second: Tensor) -> None:
    with pytest.raises(ValueError, match=r'one common D, but got shapes \[\(2, 3\), \(') as error:
        SnippetBatch.from_videos([torch.zeros(2, 3), second])
    assert str(tuple(second.shape)) in str(error.value)


def test_features_that_do_not_fit_the_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r'shape \(4, D\) for videos of lengths \[2, 2\], but got shape \(5, 3\)'):
        SnippetBatch(torch.zeros(5, 3), PackedLayout([2, 2]))
    with pytest.raises(TypeError):
        PackedLayout([2.7])
    assert PackedLayout(torch.tensor([2, 3])).lengths == (2, 3)
