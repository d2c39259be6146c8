"""A video in parts equals the whole, whatever the parts and however far the network sees."""
from __future__ import annotations

import copy

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.model import BaseModule
from tiny_model import build_model, model_config

from rpn_plugin.models.localizers import LongVideoScorer, reason_to_run_whole
from rpn_plugin.structures import SnippetBatch


def network(kernel_size: int = 3, attention: int = 3, updates: int = 2, weighting: bool = True):
    """One localizer of a double-precision model."""
    config = copy.deepcopy(model_config(kernel_size=kernel_size))
    config['localizer']['head']['attention_kernel_size'] = attention
    config['localizer']['weighting'] = dict(type='SimilarityWeighting', gamma_t=0.5, num_updates=updates,
                                            moving_rate=0.5) if weighting else None
    return build_model(config).double().localizers['rgb']


def features(length: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(length).standard_normal((length, 4)))


class Reader:
    """Reads parts of a video and remembers which."""

    def __init__(self, video: torch.Tensor) -> None:
        self.video = video
        self.parts: list[tuple[int, int]] = []

    def __call__(self, start: int, stop: int) -> dict[str, SnippetBatch]:
        self.parts.append((start, stop))
        return dict(rgb=SnippetBatch.from_videos([self.video[start:stop]]))


@settings(max_examples=60, deadline=None)
@given(length=st.integers(1, 40), chunk=st.integers(1, 45), kernel_size=st.sampled_from([1, 3, 5]),
       attention=st.sampled_from([1, 3, 5]), updates=st.integers(0, 3), weighting=st.booleans(),
       power=st.sampled_from([0, 0.5, 2]), embedded_length=st.sampled_from([None, 3.0]),
       top_ratio=st.sampled_from([None, 0.2]))
def test_parts_give_what_the_whole_gives(length, chunk, kernel_size, attention, updates, weighting, power,
                                         embedded_length, top_ratio) -> None:
    localizer, video = network(kernel_size, attention, updates, weighting), features(length)
    localizer.attention_power, localizer.embedded_length = power, embedded_length
    localizer.head.top_ratio = top_ratio
    with torch.no_grad():
        whole = localizer.run(Reader(video)(0, length))
        phi = localizer.localization_sequence(whole)
    output, sequence = LongVideoScorer(localizer, Reader(video), length, chunk)()
    for name in ('cas', 'attention', 'video_score', 'similarity', 'prototypes'):
        torch.testing.assert_close(getattr(output, name), getattr(whole, name), rtol=0, atol=1e-12)
    torch.testing.assert_close(sequence, phi, rtol=0, atol=1e-12)


def test_no_part_is_longer_than_it_must_be_and_every_pass_reads_the_video_once() -> None:
    reader = Reader(features(50))
    LongVideoScorer(network(kernel_size=3, attention=5, updates=2), reader, 50, 10)()
    assert max(stop - start for start, stop in reader.parts) == 10 + 2 * (1 + 1 + 2)  # two layers and the attention
    assert len(reader.parts) == (1 + 2 * 2) * 5


def test_scores_are_kept_and_embeddings_are_not() -> None:
    output, _ = LongVideoScorer(network(), Reader(features(30)), 30, 7)()
    assert output.embedded.features.shape == (30, 6) and output.cas.shape == (30, 3)
    assert output.embedded.features.untyped_storage().nbytes() == 6 * 8


def test_another_head_is_split_as_well() -> None:
    config = copy.deepcopy(model_config())
    config['localizer'].update(neck=None, weighting=None, head=dict(type='TopKMILHead', in_channels=6, num_classes=3))
    localizer, video = build_model(config).double().localizers['rgb'], features(40)
    with torch.no_grad():
        whole = localizer.run(Reader(video)(0, 40))
    output, sequence = LongVideoScorer(localizer, Reader(video), 40, 7)()
    torch.testing.assert_close(sequence, whole.cas, rtol=0, atol=1e-12)
    torch.testing.assert_close(output.video_score, whole.video_score, rtol=0, atol=1e-12)


def test_a_head_that_does_not_say_how_far_it_sees_is_not_split() -> None:
    localizer = network()
    assert reason_to_run_whole(localizer) is None
    localizer.head = BaseModule()
    assert reason_to_run_whole(localizer) == 'BaseModule is not split in time (reach, score_snippets, pool)'


def test_the_reach_is_how_far_a_snippet_is_felt() -> None:
    localizer = network(kernel_size=5)
    video = features(41)
    moved = video.clone()
    moved[20] += 1
    with torch.no_grad():
        differs = (localizer.embedding(Reader(video)(0, 41)['rgb']).features
                   != localizer.embedding(Reader(moved)(0, 41)['rgb']).features).any(1).nonzero().flatten()
    assert differs.min() >= 20 - localizer.embedding.reach and differs.max() <= 20 + localizer.embedding.reach
    assert localizer.embedding.reach == 4
