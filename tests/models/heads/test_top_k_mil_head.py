"""k-max pooling of a class activation sequence, class by class and video by video."""
from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rpn_plugin.models.heads import TopKMILHead
from rpn_plugin.structures import SnippetBatch

pytestmark = pytest.mark.smoke


def setting(lengths: list[int], top_ratio: float = 0.125) -> tuple[TopKMILHead, SnippetBatch]:
    torch.manual_seed(sum(lengths))
    head = TopKMILHead(in_channels=4, num_classes=3, top_ratio=top_ratio).double()
    return head, SnippetBatch.from_videos([torch.randn(length, 4, dtype=torch.float64) for length in lengths])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.sampled_from([0.1, 0.125, 0.5, 1.0]))
def test_scores_are_those_of_sorted_lists(lengths: list[int], top_ratio: float) -> None:
    head, batch = setting(lengths, top_ratio)
    output = head(batch)
    weight, bias = head.classifier.weight.tolist(), head.classifier.bias.tolist()
    for video, pooled, score in zip(batch.split(), output.video_logits.tolist(), output.video_score.tolist()):
        logits = [[sum(w * x for w, x in zip(row, snippet)) + b for row, b in zip(weight, bias)]
                  for snippet in video.tolist()]
        k = max(1, math.ceil(round(top_ratio * 1000) * len(logits) / 1000))
        expected = [sum(sorted((row[label] for row in logits), reverse=True)[:k]) / k for label in range(3)]
        assert pooled == pytest.approx(expected)
        total = sum(map(math.exp, expected))
        assert score == pytest.approx([math.exp(value) / total for value in expected])
    torch.testing.assert_close(output.cas, batch.features @ head.classifier.weight.T + head.classifier.bias)
    assert output.prototypes is None and output.attention is None


def test_the_loss_is_cross_entropy_with_normalised_labels() -> None:
    head, batch = setting([9, 20])
    output = head(batch)
    labels = torch.tensor([[1.0, 0, 1], [0, 1, 0]], dtype=torch.float64)
    first, second = output.video_score.tolist()
    expected = -((math.log(first[0]) + math.log(first[2])) / 2 + math.log(second[1])) / 2
    losses = head.loss(output, labels)
    assert set(losses) == {'loss_cls'} and losses['loss_cls'].item() == pytest.approx(expected)


def test_only_the_best_snippets_of_a_class_learn() -> None:
    head, batch = setting([16])
    batch.features.requires_grad_()
    output = head(batch)
    output.video_logits[0, 1].backward()
    learning = batch.features.grad.any(dim=1).nonzero().flatten()
    assert set(learning.tolist()) == set(output.cas[:, 1].topk(2).indices.tolist())


def test_logits_are_float32_under_autocast() -> None:
    head, batch = setting([9, 20])
    with torch.autocast('cpu', dtype=torch.bfloat16):
        output = head.float()(batch.with_features(batch.features.float()))
    assert output.cas.dtype == output.video_score.dtype == torch.float32


@pytest.mark.parametrize('top_ratio', [0.0, 1.5])
def test_an_impossible_ratio_is_refused(top_ratio: float) -> None:
    with pytest.raises(ValueError, match=rf'top_ratio in \(0, 1\], but got {top_ratio}'):
        TopKMILHead(4, 3, top_ratio=top_ratio)
