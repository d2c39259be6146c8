"""The shipped step: the loss and gradients of the paper's loop, no leak between videos, no wait for the device."""
from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from reference_rpn import ReferenceRPN
from torch import Tensor, nn

from rpn_plugin.structures import PackedLayout, SnippetBatch

D, E, C, ATTENTION, ALPHA = 7, 12, 4, 5, 0.3
LENGTHS = {'one video': (23, ), 'a video shorter than the kernel': (1, ), 'several': (9, 1, 30, 2, 17)}
A = torch.tensor([[0, 0.5, 0, 0.25], [0.125, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0.75, 0]], dtype=torch.float64)


def shipped(kernel_size: int, dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    model = MODELS.build(dict(
        type='WeaklySupervisedLocalizer',
        embedding=dict(type='TemporalConvEmbedding', in_channels=D, channels=[E], kernel_size=kernel_size,
                       dropout=dropout),
        neck=dict(type='CooccurrenceGCN', num_classes=C, channels=[E, E]),
        head=dict(type='RPNHead', in_channels=E, attention_channels=ATTENTION,
                  loss_clu=dict(type='ClusteringLoss', loss_weight=ALPHA))))
    model.neck.set_cooccurrence(A, 'test')
    return model


def reference(model: nn.Module, kernel_size: int) -> ReferenceRPN:
    network = ReferenceRPN(D, E, ATTENTION, A, kernel_size, dropout=0.0, alpha=ALPHA)
    network.to(next(model.parameters()).dtype).copy_from(model)
    return network


def batch(lengths: tuple[int, ...], dtype: torch.dtype) -> tuple[list[Tensor], Tensor, list[ActionDataSample]]:
    """Videos (T, D), labels (B, C) with one or two classes, and the same labels as data samples."""
    generator = torch.Generator().manual_seed(1)
    videos = [torch.randn(length, D, generator=generator, dtype=dtype) for length in lengths]
    classes = [[index % C] + [(index + 1) % C] * (index % 2) for index in range(len(lengths))]
    labels = torch.zeros(len(lengths), C, dtype=dtype)
    samples = []
    for row, index in zip(labels, classes):
        row[index] = 1
        samples.append(ActionDataSample().set_gt_label(index))
    return videos, labels, samples


def loss_of(model: nn.Module, videos: list[Tensor], samples: list[ActionDataSample]) -> Tensor:
    return sum(model(dict(rgb=SnippetBatch.from_videos(videos)), samples, mode='loss').values())


@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, 1e-9), (torch.float32, 1e-5)], ids=['double', 'single'])
@pytest.mark.parametrize('way', ['loop', 'padded'])
@pytest.mark.parametrize('kernel_size', [1, 3])
@pytest.mark.parametrize('lengths', LENGTHS.values(), ids=LENGTHS)
def test_loss_and_gradients_are_those_of_the_reference(lengths, kernel_size, way, dtype, tolerance) -> None:
    model = shipped(kernel_size).to(dtype)
    videos, labels, samples = batch(lengths, dtype)
    loss = loss_of(model, videos, samples)
    loss.backward()
    other = reference(model, kernel_size)
    expected = getattr(other, way)(videos, labels)
    torch.testing.assert_close(loss.detach(), expected, rtol=tolerance, atol=tolerance)
    assert set(other.parts()) == set(dict(model.named_parameters()))
    for name, parameter in other.parts().items():
        found, gradient = model.get_parameter(name).grad, other.shaped_like_ours(name, parameter.grad)
        scale = max(1.0, float(gradient.abs().max()))
        torch.testing.assert_close(found, gradient, rtol=0, atol=tolerance * scale, msg=name)


def test_a_step_of_adam_is_that_of_the_loop() -> None:
    model = shipped(3).double()
    videos, labels, samples = batch(LENGTHS['several'], torch.float64)
    other = reference(model, 3)
    optimizers = [torch.optim.Adam(network.parameters(), lr=1e-3) for network in (model, other)]
    for _ in range(5):
        loss_of(model, videos, samples).backward()
        other.loop(videos, labels)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    for name, parameter in other.parts().items():
        torch.testing.assert_close(model.get_parameter(name).detach(), other.shaped_like_ours(name, parameter.detach()),
                                   rtol=0, atol=1e-7, msg=name)


@pytest.mark.parametrize('kernel_size', [1, 3])
def test_the_gradient_of_a_video_ignores_what_shares_its_batch(kernel_size) -> None:
    model = shipped(kernel_size).double()
    videos, _, samples = batch(LENGTHS['several'], torch.float64)
    gradients = []
    for factor in (1.0, 1e3):
        others = [(video if index == 2 else factor * video).requires_grad_() for index, video in enumerate(videos)]
        loss_of(model, others, samples).backward()
        gradients.append(others[2].grad)
        for video in others:
            video.detach_()
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


def test_dropout_has_the_statistics_of_the_loop_and_is_its_own_in_every_video() -> None:
    """The same snippet in every video: what differs between videos is the mask alone."""
    p, draws, length, num_videos = 0.4, 400, 3, 5
    model = shipped(1, dropout=p)
    snippet = torch.randn(D)
    packed = SnippetBatch.from_videos([snippet.expand(length, D)] * num_videos)
    clean = model.embedding.eval()(packed).features[0].detach()  # (E,)
    active = clean > 0
    with torch.no_grad():
        model.embedding.train()
        drawn = torch.stack([model.embedding(packed).features for _ in range(draws)])
    kept = (drawn[..., active] / clean[active]).view(draws, num_videos, length, -1)
    error = (p / (1 - p) / kept.numel())**0.5
    assert abs(float(kept.mean()) - 1) < 5 * error
    assert float(kept.var()) == pytest.approx(p / (1 - p), rel=0.05)
    signs = (kept - 1).flatten(2)
    for one in range(num_videos):
        for other in range(one):
            correlation = float((signs[:, one] * signs[:, other]).mean()) / (p / (1 - p))
            assert abs(correlation) < 5 / signs[:, one].numel()**0.5


@pytest.mark.parametrize('kernel_size', [1, 3])
def test_a_training_step_never_waits_for_the_device(kernel_size, monkeypatch) -> None:
    """Tensors of the meta device have no values: whatever the host wanted to read, or left off the device, fails."""
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())  # which does not know the meta device
    model = shipped(kernel_size, dropout=0.5).to('meta')
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    lengths = LENGTHS['several']
    samples = batch(lengths, torch.float32)[2]
    packed = SnippetBatch(torch.empty(sum(lengths), D, device='meta'), PackedLayout(lengths, 'meta'))
    losses = model(dict(rgb=packed), samples, mode='loss')
    sum(losses.values()).backward()
    optimizer.step()
    assert {loss.device.type for loss in losses.values()} == {'meta'}
    with pytest.raises(RuntimeError, match='meta'):
        losses['loss_cls'].item()
