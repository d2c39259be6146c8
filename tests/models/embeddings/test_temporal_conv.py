"""The packed convolution is the ordinary one, applied to every video by itself."""
from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from rpn_plugin.models.embeddings import TemporalConv, TemporalConvEmbedding
from rpn_plugin.structures import SnippetBatch

LENGTHS = (1, 2, 7, 3)


def videos(width: int = 5) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(length, width, generator=generator, dtype=torch.float64) for length in LENGTHS]


@pytest.mark.parametrize('kernel_size', [1, 3, 5, 9])
def test_equals_conv1d_on_each_video(kernel_size) -> None:
    conv = TemporalConv(5, 4, kernel_size).double()
    weight = conv.linear.weight.view(4, kernel_size, 5).transpose(1, 2)  # (E, D, k)
    batch = SnippetBatch.from_videos(videos())
    for video, output in zip(videos(), batch.layout.split(conv(batch.features, batch.layout))):
        expected = F.conv1d(video.T[None], weight, conv.linear.bias, padding=kernel_size // 2)[0].T
        torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)


def test_a_video_does_not_see_its_neighbours_in_the_batch() -> None:
    network = TemporalConvEmbedding(5, [6, 4], kernel_size=3).double().eval()
    batch = SnippetBatch.from_videos(videos())
    changed = [video + 100 * (index != 2) for index, video in enumerate(videos())]
    kept = network(batch).split()[2]
    torch.testing.assert_close(network(SnippetBatch.from_videos(changed)).split()[2], kept, rtol=0, atol=1e-12)


def test_a_wrong_width_says_which_option_to_set() -> None:
    with pytest.raises(ValueError, match='D=8, but got D=5.*embedding.in_channels'):
        TemporalConvEmbedding(8, [4])(SnippetBatch.from_videos([torch.zeros(3, 5)]))


@pytest.mark.parametrize('kernel_size', [0, 2, -1])
def test_an_even_kernel_is_refused(kernel_size) -> None:
    with pytest.raises(ValueError, match='odd kernel_size'):
        TemporalConv(5, 4, kernel_size)
