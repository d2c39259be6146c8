"""Similarity weighting and prototype updating against algorithm 1 and eq. 12 in plain loops."""
from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rpn_plugin.models.postprocessors import SimilarityWeighting
from rpn_plugin.structures import HeadOutput, SnippetBatch

EMBEDDING, CLASSES = 3, 2
Vector = list[float]


def similarity(snippet: Vector, prototype: Vector) -> float:
    return -sum((x - p)**2 for x, p in zip(snippet, prototype))


def normalized(logits: Vector) -> Vector:
    exponentials = [math.exp(logit - max(logits)) for logit in logits]
    return [value / sum(exponentials) for value in exponentials]


def algorithm_1(snippets: list[Vector], prototype: Vector, gamma_t: float, n: int, k: int, rate: float) -> Vector:
    """The weights over time of one video and one class, line by line."""
    for _ in range(n):
        best = sorted(snippets, key=lambda snippet: -similarity(snippet, prototype))[:k]
        weights = normalized([gamma_t * similarity(snippet, prototype) for snippet in best])
        step = [sum(w * (snippet[e] - prototype[e]) for w, snippet in zip(weights, best)) for e in range(EMBEDDING)]
        prototype = [p + rate * s for p, s in zip(prototype, step)]
    return normalized([gamma_t * similarity(snippet, prototype) for snippet in snippets])


def head_output(lengths: list[int], seed: int) -> HeadOutput:
    generator = torch.Generator().manual_seed(seed)
    videos = [torch.randn(length, EMBEDDING, generator=generator, dtype=torch.float64) for length in lengths]
    return HeadOutput(
        embedded=SnippetBatch.from_videos(videos),
        cas=torch.rand(sum(lengths), CLASSES, generator=generator, dtype=torch.float64),
        video_score=torch.full((len(lengths), CLASSES), 0.5),
        prototypes=torch.randn(CLASSES, EMBEDDING, generator=generator, dtype=torch.float64))


def expected_phi(output: HeadOutput, **rules: float) -> Tensor:
    """phi of all videos, one video and one class after another; ``ratio`` gives k."""
    ratio = Fraction(str(rules.pop('ratio')))
    columns = []
    for video, cas in zip(output.embedded.split(), output.embedded.layout.split(output.cas)):
        k = max(1, math.floor(ratio * len(video)))
        weights = [algorithm_1(video.tolist(), prototype, k=k, **rules) for prototype in output.prototypes.tolist()]
        columns.append(torch.tensor([[cas[t, j].item() * weights[j][t] for j in range(CLASSES)]
                                     for t in range(len(video))], dtype=torch.float64))
    return torch.cat(columns)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 33), min_size=1, max_size=4),
    seed=st.integers(0, 2**16),
    gamma_t=st.sampled_from([0.05, 1.0, 4.0]),
    n=st.integers(0, 3),
    ratio=st.sampled_from([0.1, 0.3, 0.5, 1.0]),
    rate=st.sampled_from([0.0, 0.1, 0.7, 1.0]))
def test_phi_is_that_of_algorithm_1_for_each_video_and_class(lengths: list[int], seed: int, gamma_t: float, n: int,
                                                             ratio: float, rate: float) -> None:
    output = head_output(lengths, seed)
    phi = SimilarityWeighting(gamma_t, num_updates=n, top_ratio=ratio, moving_rate=rate)(output)
    expected = expected_phi(output, gamma_t=gamma_t, n=n, ratio=ratio, rate=rate)
    torch.testing.assert_close(phi, expected, rtol=0, atol=1e-10)


def test_the_defaults_are_the_papers_two_updates_of_a_tenth_each() -> None:
    output = head_output([25, 41], seed=0)
    torch.testing.assert_close(SimilarityWeighting()(output), expected_phi(output, gamma_t=1, n=2, ratio=0.1, rate=0.1),
                               rtol=0, atol=1e-10)


def test_a_video_alone_scores_as_among_others() -> None:
    lengths = [1, 9, 60, 23]
    output = head_output(lengths, seed=1)
    weighting = SimilarityWeighting(gamma_t=2.0, num_updates=3, top_ratio=0.2, moving_rate=0.5)
    layout = output.embedded.layout
    together = layout.split(weighting(output))
    for video, cas, phi in zip(output.embedded.split(), layout.split(output.cas), together):
        alone = HeadOutput(SnippetBatch.from_videos([video]), cas, output.video_score[:1], prototypes=output.prototypes)
        torch.testing.assert_close(weighting(alone), phi, rtol=0, atol=1e-12)


def test_without_updates_phi_is_cas_times_the_softmax_over_time() -> None:
    output = head_output([7, 30], seed=2)
    expected = [cas * (-3.0 * torch.cdist(video, output.prototypes)**2).softmax(dim=0)
                for video, cas in zip(output.embedded.split(), output.embedded.layout.split(output.cas))]
    phi = SimilarityWeighting(gamma_t=3.0, num_updates=0)(output)
    torch.testing.assert_close(phi, torch.cat(expected), rtol=0, atol=1e-10)


@pytest.mark.parametrize('ratio', [0.1, 0.29, 0.3, 0.7, 1.0])
def test_k_is_the_floor_of_the_ratio_and_at_least_one(ratio: float) -> None:
    # On the line 0, 1, 2, ... with equal weights (gamma_t = 0), one whole step takes the prototype from 0 to the mean
    # of the nearest k snippets, (k - 1) / 2.
    lengths = list(range(1, 121))
    line = torch.arange(120.0, dtype=torch.float64)[:, None]
    batch = SnippetBatch.from_videos([line[:length] for length in lengths])
    output = HeadOutput(batch, torch.ones(sum(lengths), 1), torch.ones(120, 1),
                        prototypes=torch.zeros(1, 1, dtype=torch.float64))
    moved = SimilarityWeighting(0.0, num_updates=1, top_ratio=ratio, moving_rate=1.0).moved_prototypes(output)
    expected = [max(1, math.floor(Fraction(str(ratio)) * length)) for length in lengths]
    assert (2 * moved.flatten() + 1).round(decimals=6).tolist() == expected


def test_a_video_of_equal_snippets_is_weighted_evenly() -> None:
    batch = SnippetBatch.from_videos([torch.ones(8, EMBEDDING), torch.full((20, EMBEDDING), 2.0)])
    output = HeadOutput(batch, torch.ones(28, 1), torch.ones(2, 1), prototypes=torch.zeros(1, EMBEDDING))
    phi = SimilarityWeighting()(output)
    torch.testing.assert_close(phi[:, 0], torch.tensor([1 / 8] * 8 + [1 / 20] * 20))


def test_the_learned_prototypes_stay_as_they_were() -> None:
    output = head_output([12, 40], seed=3)
    learned = output.prototypes.clone()
    SimilarityWeighting(num_updates=5, moving_rate=1.0)(output)
    assert torch.equal(output.prototypes, learned)


def test_a_head_without_prototypes_is_told_to_go_without_weighting() -> None:
    output = HeadOutput(SnippetBatch.from_videos([torch.zeros(4, 2)]), torch.ones(4, 1), torch.ones(1, 1))
    with pytest.raises(ValueError, match='needs a head that gives prototypes.*weighting=None'):
        SimilarityWeighting()(output)


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(2, 60), min_size=1, max_size=3), seed=st.integers(0, 2**16),
       coverage=st.sampled_from([0.55, 0.8, 0.95]), scale=st.sampled_from([1e-6, 1.0, 1e4]))
def test_a_coverage_is_met_by_every_video_and_class_at_any_scale(lengths: list[int], seed: int, coverage: float,
                                                                 scale: float) -> None:
    output = head_output(lengths, seed)
    weighting = SimilarityWeighting(num_updates=0, coverage=coverage)
    scaled = replace(output, embedded=output.embedded.with_features(scale * output.embedded.features),
                     prototypes=scale * output.prototypes)
    for video, cas, phi in zip(output.embedded.split(), output.embedded.layout.split(output.cas),
                               output.embedded.layout.split(weighting(scaled))):
        weight = (phi / cas).T.tolist()
        similarity = (-torch.cdist(video, output.prototypes)**2).T.tolist()
        for of_class, values in zip(weight, similarity):
            assert sum(of_class) == pytest.approx(1, abs=1e-6)
            covered = math.exp(-sum(value * math.log(value) for value in of_class if value > 0)) / len(of_class)
            assert covered == pytest.approx(coverage, abs=1e-3)
            order = sorted(range(len(values)), key=values.__getitem__)
            assert all(of_class[a] <= of_class[b] + 1e-12 for a, b in zip(order, order[1:])), 'nearer weighs more'


def test_a_coverage_does_not_hang_on_the_other_videos_and_keeps_short_and_even_ones_finite() -> None:
    output = head_output([1, 9, 60, 23], seed=1)
    weighting = SimilarityWeighting(coverage=0.9, num_updates=2)
    layout = output.embedded.layout
    for video, cas, phi in zip(output.embedded.split(), layout.split(output.cas), layout.split(weighting(output))):
        alone = HeadOutput(SnippetBatch.from_videos([video]), cas, output.video_score[:1], prototypes=output.prototypes)
        torch.testing.assert_close(weighting(alone), phi, rtol=0, atol=1e-6)
    even = HeadOutput(SnippetBatch.from_videos([torch.ones(8, EMBEDDING)]), torch.ones(8, 1), torch.ones(1, 1),
                      prototypes=torch.zeros(1, EMBEDDING))
    torch.testing.assert_close(weighting(even), torch.full((8, 1), 1 / 8))


@pytest.mark.parametrize('coverage', [0.0, 1.0, -0.5, 2.0])
def test_a_coverage_that_is_no_share_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match=rf'coverage in \(0, 1\) or None, but got {coverage}'):
        SimilarityWeighting(coverage=coverage)


@pytest.mark.parametrize('option', [dict(top_ratio=0), dict(top_ratio=1.5), dict(moving_rate=-0.1),
                                    dict(moving_rate=1.1), dict(num_updates=-1)])
def test_an_option_out_of_range_is_shown_beside_the_range(option: dict) -> None:
    value = next(iter(option.values()))
    with pytest.raises(ValueError, match=rf'top_ratio in \(0, 1\], moving_rate in \[0, 1\].*num_updates .*{value}'):
        SimilarityWeighting(**option)
