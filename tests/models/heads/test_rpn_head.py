"""Prototype matching, attention and video scores, eq. 5-8, snippet by snippet."""
from __future__ import annotations

import math

import pytest
import torch

from rpn_plugin.models.heads import RPNHead, prototype_similarity
from rpn_plugin.structures import SnippetBatch

pytestmark = pytest.mark.smoke

LENGTHS = (4, 1, 9)


def setting(dtype=torch.float64):
    torch.manual_seed(0)
    videos = [torch.randn(length, 6, dtype=dtype) for length in LENGTHS]
    return RPNHead(6, attention_channels=5, gamma_c=0.7).to(dtype), videos, torch.randn(3, 6, dtype=dtype)


@pytest.mark.parametrize('scale', [1e-3, 1.0, 1e2])
def test_similarity_is_the_negative_squared_distance(scale) -> None:
    x, p = torch.randn(50, 64, dtype=torch.float64) * scale, torch.randn(7, 64, dtype=torch.float64) * scale
    direct = -(x[:, None] - p[None]).square().sum(-1)
    torch.testing.assert_close(prototype_similarity(x, p), direct, rtol=1e-10, atol=1e-10 * scale**2)


def test_similarity_is_never_positive() -> None:
    x = torch.randn(100, 32) * 1e3
    assert prototype_similarity(x, x).max() <= 0


def test_similarity_keeps_float32_under_autocast() -> None:
    x, p = torch.randn(50, 512) + 10, torch.randn(7, 512) + 10
    with torch.autocast('cpu', dtype=torch.bfloat16):
        similarity = prototype_similarity(x, p)
    assert similarity.dtype == torch.float32
    torch.testing.assert_close(similarity, prototype_similarity(x, p))


def test_similarity_of_half_precision_features_is_computed_in_float32() -> None:
    x, p = (torch.randn(50, 512) + 10).bfloat16(), (torch.randn(7, 512) + 10).bfloat16()
    torch.testing.assert_close(prototype_similarity(x, p), prototype_similarity(x.float(), p.float()), rtol=0, atol=0)


def test_scores_follow_equations_5_to_8() -> None:
    head, videos, prototypes = setting()
    output = head(SnippetBatch.from_videos(videos), prototypes)
    n = 0
    for b, video in enumerate(videos):
        s = [[-sum((a - c)**2 for a, c in zip(x, p)) for p in prototypes.tolist()] for x in video.tolist()]
        energy = [head.attention.output(head.attention.hidden.linear(x).relu()).item() for x in video]
        weight = [math.exp(e) / sum(map(math.exp, energy)) for e in energy]
        s_bar = [sum(w * row[j] for w, row in zip(weight, s)) for j in range(3)]
        for t, row in enumerate(s):
            shift = [math.exp(0.7 * (v - max(row))) for v in row]
            assert output.similarity[n].tolist() == pytest.approx(row, abs=1e-10)
            assert output.cas[n].tolist() == pytest.approx([v / sum(shift) for v in shift], abs=1e-10)
            assert output.attention[n].item() == pytest.approx(weight[t], abs=1e-10)
            n += 1
        shift = [math.exp(v - max(s_bar)) for v in s_bar]
        assert output.video_logits[b].tolist() == pytest.approx(s_bar, rel=1e-10)
        assert output.video_score[b].tolist() == pytest.approx([v / sum(shift) for v in shift], abs=1e-10)


@pytest.mark.parametrize('top_ratio', [0.1, 0.5, 1.0])
def test_a_video_may_score_by_attention_and_by_its_most_similar_snippets_in_equal_parts(top_ratio) -> None:
    head, videos, prototypes = setting()
    attended = head(SnippetBatch.from_videos(videos), prototypes)
    head.top_ratio = top_ratio
    output = head(SnippetBatch.from_videos(videos), prototypes)
    for b, similarity in enumerate(output.embedded.layout.split(output.similarity)):
        k = max(1, math.ceil(round(10 * top_ratio) * len(similarity) / 10))
        best = [sum(sorted(column, reverse=True)[:k]) / k for column in similarity.T.tolist()]
        expected = [(a + c) / 2 for a, c in zip(attended.video_logits[b].tolist(), best)]
        assert output.video_logits[b].tolist() == pytest.approx(expected)
    torch.testing.assert_close(output.video_score, output.video_logits.softmax(dim=1))
    torch.testing.assert_close(output.cas, attended.cas)


@pytest.mark.parametrize('top_ratio', [0.0, 1.5])
def test_an_impossible_share_of_snippets_is_refused(top_ratio) -> None:
    with pytest.raises(ValueError, match=rf'top_ratio in \(0, 1\] or None, but got {top_ratio}'):
        RPNHead(6, top_ratio=top_ratio)


@pytest.mark.parametrize('prototypes, given', [(None, 'none'), (torch.zeros(3, 5), r'shape \(3, 5\)')])
def test_prototypes_of_another_width_are_refused(prototypes, given) -> None:
    head, videos, _ = setting(torch.float32)
    with pytest.raises(ValueError, match=rf'prototypes of shape \(C, 6\).*got {given}. Give the localizer a neck'):
        head(SnippetBatch.from_videos(videos), prototypes)


def test_attention_sums_to_one_over_each_video() -> None:
    head, videos, prototypes = setting(torch.float32)
    batch = SnippetBatch.from_videos(videos)
    attention = batch.layout.split(head(batch, prototypes).attention)
    assert [part.sum().item() for part in attention] == pytest.approx([1.0] * len(LENGTHS))


def test_a_video_scores_the_same_whoever_is_in_the_batch() -> None:
    head, videos, prototypes = setting(torch.float32)
    together = head(SnippetBatch.from_videos(videos), prototypes)
    alone = [head(SnippetBatch.from_videos([video]), prototypes) for video in videos]
    reversed_order = head(SnippetBatch.from_videos(videos[::-1]), prototypes)
    close = {'atol': 1e-6, 'rtol': 0}
    torch.testing.assert_close(together.video_score, torch.cat([output.video_score for output in alone]), **close)
    torch.testing.assert_close(together.cas, torch.cat([output.cas for output in alone]), **close)
    torch.testing.assert_close(together.video_score, reversed_order.video_score.flip(0), **close)
