"""Proposals of several sequences against plain loops, and the options of released test code."""
from __future__ import annotations

import math
from statistics import fmean

import numpy as np
import pytest
import torch

from rpn_plugin.models import MultiCutProposals, TakeSequences, ThresholdProposals
from rpn_plugin.models.postprocessors.multi_cut_proposals import upsampled
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch


def test_one_plain_cut_is_the_plain_generator() -> None:
    rng = np.random.default_rng(0)
    for length in (1, 2, 40):
        sequence, likely = rng.random((length, 4)), np.array([0.2, 0.05, 0.1, 0.9])
        plain = ThresholdProposals(0.1, [0.3, 0.6], relative=False, normalize=False, video_weight=0.2)(sequence, likely)
        several = MultiCutProposals([dict(thresholds=[0.3, 0.6])], 0.1)(sequence, likely)
        order, expected = (np.lexsort((found[2], found[1], *found[0].T)) for found in (several, plain))
        for ours, theirs in zip(several, plain):
            np.testing.assert_array_equal(ours[order], theirs[expected])


def runs_of(flags: list[bool]) -> list[tuple[int, int]]:
    starts = [t for t in range(len(flags)) if flags[t] and (t == 0 or not flags[t - 1])]
    ends = [t + 1 for t in range(len(flags)) if flags[t] and (t + 1 == len(flags) or not flags[t + 1])]
    return list(zip(starts, ends))


def scaled(column: list[float]) -> list[float]:
    low, high = max(min(column), 0.0), max(max(column), 0.0)
    return [min(1.0, max(0.0, (value - low) / (high - low if high > low else 1.0))) for value in column]


def points_of(column: list[float], number: int) -> list[float]:
    """Values at evenly spaced points of each snippet, whose own value is in its middle."""
    found = []
    for point in range(number * len(column)):
        place = min(max((point + 0.5) / number - 0.5, 0.0), len(column) - 1.0)
        left = min(int(place), max(len(column) - 2, 0))
        right = min(left + 1, len(column) - 1)
        found.append(column[left] + (place - left) * (column[right] - column[left]))
    return found


@pytest.mark.parametrize('upsample, min_length', [(1, 1), (4, 1), (5, 7)])
@pytest.mark.parametrize('zero_below', [False, True])
def test_every_sequence_is_cut_and_the_first_is_scored(upsample: int, min_length: int, zero_below: bool) -> None:
    rng = np.random.default_rng(upsample)
    sequences, likely = rng.normal(0.4, 1, (21, 2, 3)), np.array([0.5, 0.19, 0.21])
    thresholds = [[0.0, 0.3, 0.5], [0.45]]
    generator = MultiCutProposals(
        [dict(thresholds=thresholds[0], normalize=True, zero_below=zero_below), dict(thresholds=thresholds[1])],
        min_class_score=0.2, upsample=upsample, min_length=min_length, video_weight=0.3, inflation=0.25,
        outer_weight=0.6)
    expected = []
    for label in (0, 2):
        values = points_of(scaled(sequences[:, 0, label].tolist()), upsample)
        for index in (0, 1):
            cut = values if index == 0 else points_of(sequences[:, 1, label].tolist(), upsample)
            for threshold in thresholds[index]:
                above = [value >= threshold if threshold else value > 0 for value in cut]
                read = [v if a or index or not zero_below else 0.0 for v, a in zip(values, above)]
                for start, end in runs_of(above):
                    if end - start < min_length:
                        continue
                    reach = math.ceil(0.25 * (end - start))
                    sides = read[max(0, start - reach):start] + read[end:end + reach]
                    score = fmean(read[start:end]) - 0.6 * (fmean(sides) if sides else 0.0) + 0.3 * likely[label]
                    expected.append((label, start / upsample, end / upsample, score))
    borders, labels, scores = generator(sequences, likely)
    found = list(zip(labels.tolist(), *borders.T.tolist(), scores.tolist()))
    assert len(found) > 5 and np.array(sorted(found)) == pytest.approx(np.array(sorted(expected)))


def test_a_sequence_without_thresholds_is_only_scored() -> None:
    sequences = np.array([[[0.5], [0.0]], [[0.7], [1.0]], [[0.1], [1.0]]])
    generator = MultiCutProposals([dict(thresholds=[]), dict(thresholds=[0.5])], confidence='mean')
    borders, _, scores = generator(sequences, np.ones(1))
    assert borders.tolist() == [[1, 3]] and scores == pytest.approx([0.4])


def test_confidences_may_come_from_another_network() -> None:
    rng = np.random.default_rng(0)
    own, other, likely = rng.random((30, 2, 2)), rng.random((30, 2, 2)), np.ones(2)
    generator = MultiCutProposals([dict(thresholds=[]), dict(thresholds=[0.5])], confidence='mean')
    borders, labels, scores = generator.cut_and_score(own, other, likely)
    assert borders.tolist() == generator(own, likely)[0].tolist()
    for (start, end), label, score in zip(borders.astype(int), labels, scores):
        assert score == pytest.approx(other[start:end, 0, label].mean())


def test_relative_thresholds_are_shares_of_the_sequences_range() -> None:
    logits = np.array([[-4.0], [-1.0], [2.0], [1.0], [-3.0]])
    borders, _, scores = MultiCutProposals([dict(thresholds=[0.5], relative=True)], confidence='max')(logits,
                                                                                                     np.ones(1))
    assert borders.tolist() == [[1, 4]] and scores.tolist() == [2.0]
    share = MultiCutProposals([dict(thresholds=[0.5], of_maximum=True)], confidence='max')
    assert share(logits, np.ones(1))[0].tolist() == [[2, 4]]


def test_a_share_of_the_mean_has_to_be_passed_and_runs_grow_until_they_meet() -> None:
    sequence, likely = np.array([0, 1, 0.25, 0, 1, 0, 0, 0, 0])[:, None], np.ones(1)  # of the mean 0.25
    cut = dict(thresholds=[1.0], of_mean=True)
    assert MultiCutProposals([cut])(sequence, likely)[0].tolist() == [[1, 2], [4, 5]]
    assert MultiCutProposals([cut], dilation=1)(sequence, likely)[0].tolist() == [[0, 6]]
    fine = MultiCutProposals([cut], confidence='max', upsample=2, dilation=0.5)(sequence, likely)
    plain = MultiCutProposals([cut], confidence='max', upsample=2)(sequence, likely)
    assert fine[0].tolist() == (plain[0] + [-0.5, 0.5]).tolist()
    assert MultiCutProposals([cut])(np.zeros((9, 1)), likely)[0].tolist() == []


def test_a_video_without_a_likely_class_falls_back_on_its_likeliest_or_has_none() -> None:
    sequence, likely = np.random.default_rng(0).random((9, 3)), np.array([0.1, 0.15, 0.05])
    options = dict(cuts=[dict(thresholds=[0.5])], min_class_score=0.2)
    assert set(MultiCutProposals(fallback=True, **options)(sequence, likely)[1]) == {1}
    borders, labels, scores = MultiCutProposals(**options)(sequence, likely)
    assert borders.shape == (0, 2) and labels.shape == scores.shape == (0, )
    assert set(MultiCutProposals(fallback=True, **options)(sequence, likely + 0.1)[1]) == {0, 1}


def test_upsampling_keeps_constants_and_symmetry() -> None:
    assert (upsampled(np.full((5, 2), 0.3), 24) == 0.3).all() and upsampled(np.ones((1, 1)), 24).shape == (24, 1)
    peak = upsampled(np.array([[0.0], [1.0], [4.0], [1.0], [0.0]]), 24)[:, 0]
    np.testing.assert_allclose(peak, peak[::-1], atol=1e-15)
    borders, _, _ = MultiCutProposals([dict(thresholds=[2.0])], upsample=24)(
        np.array([[0.0], [1.0], [4.0], [1.0], [0.0]]), np.ones(1))
    assert borders.sum() == pytest.approx(5.0), 'as far from either end'


@pytest.mark.parametrize('options, message', [
    (dict(cuts=[]), 'each with thresholds and one of them with some'),
    (dict(cuts=[dict(thresholds=[])]), 'one of them with some'),
    (dict(cuts=[dict(thresholds=[1.0], above=1)]), "got .*'above': 1"),
    (dict(cuts=[dict(thresholds=[1.0])], confidence='median'), "confidence of .*but got 'median'"),
    (dict(cuts=[dict(thresholds=[1.0])], upsample=0), 'at least 1, but got 0 and 1'),
    (dict(cuts=[dict(thresholds=[1.0])], dilation=-1), 'dilation of at least 0 snippets, but got -1')])
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultiCutProposals(**options)


def test_generators_refuse_another_number_of_sequences_and_diverged_scores() -> None:
    sequences, likely = np.zeros((4, 2, 3)), np.ones(3)
    with pytest.raises(ValueError, match='has 1 cuts, but the weighting gives 2 sequences'):
        MultiCutProposals([dict(thresholds=[0.5])])(sequences, likely)
    with pytest.raises(ValueError, match=r'one sequence \(T, C\), but got shape \(4, 2, 3\); use MultiCutProposals'):
        ThresholdProposals()(sequences, likely)
    with pytest.raises(ValueError, match='MultiCutProposals expects finite scores'):
        MultiCutProposals([dict(thresholds=[0.5])])(np.full((4, 3), np.inf), likely)


def output() -> HeadOutput:
    batch = SnippetBatch.from_videos([torch.zeros(2, 4), torch.zeros(3, 4)])
    return HeadOutput(
        batch, torch.arange(15.0).view(5, 3), torch.ones(2, 3),
        attentions=dict(gate=Attention(torch.arange(5.0), sums_to_one=False)), extras=dict(pooled=torch.zeros(2, 3)))


def test_sequences_are_taken_in_order_and_shared_ones_are_spread_over_the_classes() -> None:
    found = TakeSequences(['gate', 'cas'])(output())
    assert found.shape == (5, 2, 3)
    assert torch.equal(found[:, 0], torch.arange(5.0)[:, None].expand(5, 3)) and torch.equal(found[:, 1], output().cas)
    assert torch.equal(TakeSequences(['gate', 'cas']).stream(output(), parts=lambda: []), found)


def test_what_is_no_sequence_is_refused() -> None:
    with pytest.raises(ValueError, match=r'pooled of shape \(5, 3\) or \(5,\), but the head gives \(2, 3\)'):
        TakeSequences(['pooled'])(output())
    with pytest.raises(KeyError, match="gives no 'cat'"):
        TakeSequences(['cat'])(output())
    with pytest.raises(ValueError, match='at least one name'):
        TakeSequences([])
