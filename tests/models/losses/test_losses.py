"""Losses, eq. 9-10, video by video."""
from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from rpn_plugin.models.losses import ClusteringLoss, VideoClassificationLoss
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch

pytestmark = pytest.mark.smoke

VIDEOS = st.lists(
    st.tuples(st.lists(st.floats(-50, 0), min_size=4, max_size=4),
              st.lists(st.integers(0, 1), min_size=4, max_size=4).filter(any)), min_size=1, max_size=5)


def output_of(logits: torch.Tensor) -> HeadOutput:
    """Of videos of one snippet each, so that the pooled similarity is that snippet's."""
    batch = SnippetBatch.from_videos([torch.zeros(1, 2)] * len(logits))
    return HeadOutput(batch, logits, logits.softmax(dim=1), video_logits=logits, similarity=logits)


def tensors(videos):
    return (output_of(torch.tensor([scores for scores, _ in videos], dtype=torch.float64)),
            torch.tensor([labels for _, labels in videos], dtype=torch.float64))


@given(VIDEOS)
def test_classification_loss_is_equation_9_averaged_over_videos(videos) -> None:
    expected = 0.0
    for scores, labels in videos:
        top = max(scores)
        log_total = top + math.log(sum(math.exp(score - top) for score in scores))
        expected -= sum(label / sum(labels) * (score - log_total) for score, label in zip(scores, labels)) / len(videos)
    assert VideoClassificationLoss(loss_weight=2.0)(*tensors(videos)).item() == pytest.approx(2 * expected, abs=1e-9)


@given(VIDEOS)
def test_clustering_loss_is_equation_10_averaged_over_videos(videos) -> None:
    expected = sum(-scores[labels.index(1)] for scores, labels in videos if sum(labels) == 1) / len(videos)
    assert ClusteringLoss(loss_weight=0.1)(*tensors(videos)).item() == pytest.approx(0.1 * expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4), seed=st.integers(0, 2**16), data=st.data())
def test_nearest_is_equation_10_for_one_class_and_pulls_to_the_nearest_of_several(lengths, seed, data) -> None:
    generator = torch.Generator().manual_seed(seed)
    batch = SnippetBatch.from_videos([torch.zeros(length, 2, dtype=torch.float64) for length in lengths])
    similarity = -torch.rand(sum(lengths), 4, generator=generator, dtype=torch.float64) * 9
    weight = batch.layout.softmax(torch.randn(sum(lengths), generator=generator, dtype=torch.float64))
    logits = batch.layout.sum(weight[:, None] * similarity)
    output = HeadOutput(batch, similarity, logits.softmax(1), logits, dict(a=Attention(weight, True)), similarity)
    labels = [data.draw(st.lists(st.integers(0, 1), min_size=4, max_size=4).filter(any)) for _ in lengths]
    expected = 0.0
    for of_video, s, w in zip(labels, similarity.split(lengths), weight.split(lengths)):
        classes = [label for label in range(4) if of_video[label]]
        expected -= sum(w[t].item() * max(s[t, label].item() for label in classes) for t in range(len(s)))
    loss = ClusteringLoss(0.5, multi_label='nearest')(output, torch.tensor(labels, dtype=torch.float64))
    assert loss.item() == pytest.approx(0.5 * expected / len(lengths), abs=1e-9)


def test_nearest_sends_each_snippet_to_one_prototype_only() -> None:
    batch = SnippetBatch.from_videos([torch.zeros(2, 2)])
    similarity = torch.tensor([[-1.0, -2.0, -0.1], [-5.0, -3.0, -0.1]], requires_grad=True)
    weight = torch.tensor([0.25, 0.75])
    logits = (weight[:, None] * similarity).sum(0, keepdim=True)
    output = HeadOutput(batch, similarity, logits.softmax(1), logits, dict(a=Attention(weight, True)), similarity)
    ClusteringLoss(multi_label='nearest')(output, torch.tensor([[1.0, 1.0, 0.0]])).backward()
    assert similarity.grad.tolist() == [[-0.25, 0, 0], [0, -0.75, 0]]
    gate = replace(output, attentions=dict(a=Attention(weight, False)))
    with pytest.raises(ValueError, match='needs a head whose attention sums to one'):
        ClusteringLoss(multi_label='nearest')(gate, torch.tensor([[1.0, 1.0, 0.0]]))
    with pytest.raises(ValueError, match="multi_label of .*but got 'all'"):
        ClusteringLoss(multi_label='all')


def test_a_batch_without_single_class_videos_gives_zero_with_a_graph() -> None:
    scores = torch.randn(2, 3, requires_grad=True)
    loss = ClusteringLoss()(output_of(scores), torch.ones(2, 3))
    loss.backward()
    assert loss.item() == 0 and not scores.grad.any()


def test_no_loss_waits_for_the_device() -> None:

    class Operations(TorchDispatchMode):
        names: set[str] = set()

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.names.add(function.name())
            return function(*args, **(kwargs or {}))

    scores = torch.randn(3, 4, requires_grad=True)
    labels = torch.tensor([[1., 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]])
    output = output_of(scores)
    with Operations() as operations:
        (VideoClassificationLoss()(output, labels) + ClusteringLoss()(output, labels)).backward()
    waiting = {'aten::_local_scalar_dense', 'aten::nonzero', 'aten::masked_select', 'aten::equal', 'aten::_to_copy'}
    assert 'aten::_log_softmax' in operations.names and not waiting & operations.names


@pytest.mark.parametrize('background', [0, 1])
def test_a_background_class_has_the_label_that_is_stated(background) -> None:
    logits = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]], dtype=torch.float64)  # two classes and background
    labels = torch.tensor([[1.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    batch = SnippetBatch.from_videos([torch.zeros(1, 2)] * 2)
    output = HeadOutput(batch, logits[:, :2], logits[:, :2].sigmoid(), extras=dict(other=logits))
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist()):
        target = [*label, background]
        total = math.log(sum(map(math.exp, row)))
        expected -= sum(t / sum(target) * (value - total) for t, value in zip(target, row)) / len(logits)
    loss = VideoClassificationLoss(logits='other', background=background)
    assert loss(output, labels).item() == pytest.approx(expected)
    with pytest.raises(ValueError, match=r'expects other of shape \(2, 2\).*gives \(2, 3\).*background=0 or 1'):
        VideoClassificationLoss(logits='other')(output, labels)


def test_clustering_needs_a_head_that_matches_prototypes() -> None:
    batch = SnippetBatch.from_videos([torch.zeros(1, 2)])
    output = HeadOutput(batch, torch.zeros(1, 3), torch.zeros(1, 3), video_logits=torch.zeros(1, 3))
    with pytest.raises(ValueError, match='ClusteringLoss needs a head whose video logits are similarities'):
        ClusteringLoss()(output, torch.ones(1, 3))
