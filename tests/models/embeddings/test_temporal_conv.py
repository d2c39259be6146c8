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


def conv1d(conv: TemporalConv, video: torch.Tensor) -> torch.Tensor:
    """The host library's convolution of one video (T, D) with the same weights."""
    weight = conv.linear.weight.view(conv.linear.out_features, conv.kernel_size, -1).transpose(1, 2)  # (E, D, k)
    return F.conv1d(video.T[None], weight, conv.linear.bias, padding=conv.kernel_size // 2)[0].T


@pytest.mark.parametrize('kernel_size', [1, 3, 5, 9, 31])
def test_equals_conv1d_on_each_video_in_value_and_gradients(kernel_size) -> None:
    conv = TemporalConv(5, 4, kernel_size).double()
    found, expected = [], []
    for results in (found, expected):
        inputs = [video.requires_grad_() for video in videos()]
        conv.zero_grad()
        if results is found:
            batch = SnippetBatch.from_videos(inputs)
            output = conv(batch.features, batch.layout)
        else:
            output = torch.cat([conv1d(conv, video) for video in inputs])
        (output * torch.arange(output.numel(), dtype=output.dtype).view(output.shape).sin()).sum().backward()
        results += [output, *(video.grad for video in inputs), conv.linear.weight.grad, conv.linear.bias.grad]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize('kernel_size', [3, 5, 31])
def test_not_even_nan_crosses_the_border_of_a_video(kernel_size) -> None:
    conv = TemporalConv(5, 4, kernel_size)
    inputs = [torch.randn(length, 5) for length in LENGTHS]
    inputs[2][:] = float('nan')
    batch = SnippetBatch.from_videos([video.requires_grad_() for video in inputs])
    outputs = batch.layout.split(conv(batch.features, batch.layout))
    clean = [output for index, output in enumerate(outputs) if index != 2]
    assert torch.cat(clean).isfinite().all() and outputs[2].isnan().all()
    (outputs[2] * float('nan')).sum().backward()
    assert not any(video.grad.any() for index, video in enumerate(inputs) if index != 2)


def test_a_wrong_width_says_which_option_to_set() -> None:
    with pytest.raises(ValueError, match='D=8, but got D=5.*embedding.in_channels'):
        TemporalConvEmbedding(8, [4])(SnippetBatch.from_videos([torch.zeros(3, 5)]))


@pytest.mark.parametrize('kernel_size', [0, 2, -1])
def test_an_even_kernel_is_refused(kernel_size) -> None:
    with pytest.raises(ValueError, match='odd kernel_size'):
        TemporalConv(5, 4, kernel_size)
