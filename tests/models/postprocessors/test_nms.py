"""Temporal NMS against plain quadratic references; many equal scores, duplicates, empty and reversed segments."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.models.postprocessors import TemporalNMS, hard_nms, once_decayed_nms, own_length_nms, soft_nms
from rpn_plugin.structures import pairwise_tiou

Segment = tuple[int, int]
Proposal = tuple[Segment, float, int]
"""Segment on a grid, score, class."""

all_proposals = st.lists(
    st.tuples(
        st.tuples(st.integers(0, 10), st.integers(0, 10)), st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.0]),
        st.integers(0, 2)),
    max_size=12)
thresholds = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 1.0])
quick = settings(max_examples=120, deadline=None)


def arrays(proposals: list[Proposal]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segments, labels, scores."""
    return (np.array([segment for segment, _, _ in proposals], dtype=np.float64).reshape(-1, 2),
            np.array([label for _, _, label in proposals], dtype=np.int64),
            np.array([score for _, score, _ in proposals], dtype=np.float64))


def tiou(first: Segment, second: Segment) -> float:
    first, second = set(range(*first)), set(range(*second))
    return len(first & second) / len(first | second) if first | second else 0.0


def hard(proposals: list[Proposal], threshold: float) -> dict[int, float]:
    """Index to score of those kept, best first."""
    kept: dict[int, float] = {}
    for index, (segment, score, _) in sorted(enumerate(proposals), key=lambda entry: -entry[1][1]):
        if all(tiou(segment, proposals[better][0]) <= threshold for better in kept):
            kept[index] = score
    return kept


def soft(proposals: list[Proposal], method: str, threshold: float, sigma: float, min_score: float) -> dict[int, float]:
    """Index to decayed score of those kept, best first; every score is worked out anew in every round."""
    kept: dict[int, float] = {}
    while True:
        scores = {}
        for index, (segment, score, _) in enumerate(proposals):
            for better in kept:
                overlap = tiou(segment, proposals[better][0])
                if method == 'gaussian':
                    score *= np.exp(-overlap * overlap / sigma)
                elif overlap > threshold:
                    score *= 1 - overlap
            if index not in kept and score >= min_score:
                scores[index] = score
        if not scores:
            return kept
        best = max(scores, key=lambda index: (scores[index], -index))
        kept[best] = scores[best]


@quick
@given(all_proposals, thresholds)
def test_hard_nms_keeps_what_no_better_kept_one_overlaps(proposals: list[Proposal], threshold: float) -> None:
    segments, _, scores = arrays(proposals)
    assert hard_nms(segments, scores, threshold).tolist() == list(hard(proposals, threshold))


@quick
@given(all_proposals, st.sampled_from(['linear', 'gaussian']), thresholds, st.sampled_from([0.25, 0.5]),
       st.sampled_from([1e-3, 0.125, 0.3]))
def test_soft_nms_decays_by_every_better_kept_one(proposals: list[Proposal], method: str, threshold: float,
                                                  sigma: float, min_score: float) -> None:
    segments, _, scores = arrays(proposals)
    kept, kept_scores = soft_nms(segments, scores, method, threshold, sigma, min_score)
    expected = soft(proposals, method, threshold, sigma, min_score)
    assert kept.tolist() == list(expected)
    assert kept_scores == pytest.approx(list(expected.values()), rel=1e-12)


def test_soft_nms_by_hand() -> None:
    segments, scores = np.array([[0.0, 4.0], [2.0, 4.0], [8.0, 9.0]]), np.array([1.0, 0.8, 0.6])  # tIoU 0.5 and 0
    kept, decayed = soft_nms(segments, scores, 'linear', threshold=0.4)
    assert kept.tolist() == [0, 2, 1] and decayed.tolist() == [1.0, 0.6, 0.4]
    kept, decayed = soft_nms(segments, scores, 'linear', threshold=0.5)
    assert kept.tolist() == [0, 1, 2] and decayed.tolist() == [1.0, 0.8, 0.6]
    kept, decayed = soft_nms(segments, scores, 'gaussian', sigma=0.5)
    assert kept.tolist() == [0, 2, 1] and decayed == pytest.approx([1.0, 0.6, 0.8 * math.exp(-0.5)])


@pytest.mark.parametrize('method', ['hard', 'linear', 'gaussian'])
def test_equal_scores_keep_their_input_order(method: str) -> None:
    segments = np.array([[10.0 * place, 10.0 * place + 5] for place in range(40)])
    labels, scores = np.arange(40) % 3, np.repeat([0.25, 0.75], 20)
    kept, kept_labels, kept_scores = TemporalNMS(method)(segments, labels, scores)
    order = [*range(20, 40), *range(20)]
    assert kept.tolist() == segments[order].tolist() and kept_labels.tolist() == labels[order].tolist()
    assert kept_scores.tolist() == scores[order].tolist()


@quick
@given(all_proposals, st.sampled_from(['hard', 'linear', 'gaussian']), thresholds, st.sampled_from([None, 1, 3]))
def test_a_video_is_suppressed_class_by_class_and_sorted(proposals: list[Proposal], method: str, threshold: float,
                                                         max_per_video: int | None) -> None:
    expected = []
    for label in {label for _, _, label in proposals}:
        members = [index for index, proposal in enumerate(proposals) if proposal[2] == label]
        of_class = [proposals[index] for index in members]
        kept = hard(of_class, threshold) if method == 'hard' else soft(of_class, method, threshold, 0.4, 0.125)
        expected += [(score, members[place]) for place, score in kept.items()]
    expected = sorted(expected, key=lambda entry: (-entry[0], entry[1]))[:max_per_video]

    nms = TemporalNMS(method, threshold=threshold, sigma=0.4, min_score=0.125, max_per_video=max_per_video)
    segments, labels, scores = nms(*arrays(proposals))
    assert segments.tolist() == [list(proposals[index][0]) for _, index in expected]
    assert labels.tolist() == [proposals[index][2] for _, index in expected]
    assert scores == pytest.approx([score for score, _ in expected], rel=1e-12)


def test_another_method_is_refused_by_the_known_ones() -> None:
    with pytest.raises(ValueError, match="hard, linear, gaussian or once, but got 'softer'"):
        TemporalNMS('softer')


def crowd(kind: str, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segments, labels and tied scores of many proposals, empty, reversed and doubled ones among them."""
    rng = np.random.default_rng(0)
    length = dict(dense=rng.uniform(1, 60, size), sparse=rng.uniform(0.1, 3, size),
                  nested=np.exp(rng.uniform(0, 6, size)), chain=np.full(size, 5.0))[kind]
    start = np.arange(size) * 2.0 if kind == 'chain' else rng.random(size) * (100 if kind == 'dense' else 5 * size)
    segments = np.column_stack([start, start + length])
    segments[::50] = segments[::50, ::-1]
    segments[1::50, 1] = segments[1::50, 0]
    segments[2::50] = segments[3::50]
    scores = np.ones(size) if kind == 'chain' else np.round(rng.random(size), 2)
    return segments, rng.integers(0, 3, size), scores


@pytest.mark.parametrize('kind', ['dense', 'sparse', 'nested', 'chain'])
@pytest.mark.parametrize('threshold', [0.0, 0.1, 0.5, 0.7])
def test_hard_nms_of_a_crowd_is_the_greedy_loop(kind: str, threshold: float) -> None:
    segments, labels, scores = crowd(kind, 1500)
    tiou = np.where(labels[:, None] == labels, pairwise_tiou(segments, segments), 0.0)
    kept = []
    for index in np.argsort(-scores, kind='stable'):
        if (tiou[index, kept] <= threshold).all():
            kept.append(index)
    assert hard_nms(segments, scores, threshold, labels).tolist() == kept


@pytest.mark.parametrize('kind', ['dense', 'sparse', 'nested', 'chain'])
@pytest.mark.parametrize('method', ['gaussian', 'linear'])
def test_soft_nms_of_a_crowd_is_the_loop_to_the_bit(kind: str, method: str) -> None:
    segments, labels, scores = crowd(kind, 1500)
    tiou = np.where(labels[:, None] == labels, pairwise_tiou(segments, segments), 0.0)
    factors = np.exp(-tiou**2 / 0.4) if method == 'gaussian' else np.where(tiou > 0.3, 1 - tiou, 1.0)
    left, kept, kept_scores = scores.copy(), [], []
    while left.max() >= 1e-2:
        kept.append(int(left.argmax()))
        kept_scores.append(left[kept[-1]])
        left = np.where(left > 0, left * factors[kept[-1]], left)
        left[kept[-1]] = -1
    index, decayed = soft_nms(segments, scores, method, 0.3, 0.4, 1e-2, labels)
    assert index.tolist() == kept and decayed.tolist() == kept_scores


@pytest.mark.parametrize('scale, shift', [(1e-9, 0.0), (1e6, 0.0), (1.0, 1e9), (1e-3, -1e6)])
@quick
@given(all_proposals, thresholds)
def test_hard_nms_in_any_unit_and_far_from_zero(scale: float, shift: float, proposals: list[Proposal],
                                                threshold: float) -> None:
    segments, labels, scores = arrays(proposals)
    segments = segments * scale + shift
    tiou = np.where(labels[:, None] == labels, pairwise_tiou(segments, segments), 0.0)
    kept = []
    for index in np.argsort(-scores, kind='stable'):
        if (tiou[index, kept] <= threshold).all():
            kept.append(index)
    assert hard_nms(segments, scores, threshold, labels).tolist() == kept


@quick
@given(all_proposals, thresholds, st.sampled_from(['linear', 'gaussian']))
def test_classes_at_once_are_the_classes_one_by_one(proposals: list[Proposal], threshold: float, method: str) -> None:
    segments, labels, scores = arrays(proposals)
    members = [np.flatnonzero(labels == label) for label in range(3)]
    hard_at_once = hard_nms(segments, scores, threshold, labels)
    soft_at_once = soft_nms(segments, scores, method, threshold, labels=labels)
    for label, of_class in enumerate(members):
        alone = hard_nms(segments[of_class], scores[of_class], threshold)
        assert hard_at_once[labels[hard_at_once] == label].tolist() == of_class[alone].tolist()
        alone, decayed = soft_nms(segments[of_class], scores[of_class], method, threshold)
        mine = labels[soft_at_once[0]] == label
        assert soft_at_once[0][mine].tolist() == of_class[alone].tolist()
        assert soft_at_once[1][mine].tolist() == decayed.tolist()


def test_scores_of_zero_are_picked_once_when_nothing_is_too_low() -> None:
    segments, scores = np.array([[0.0, 2.0], [0.0, 2.0], [0.0, 2.0]]), np.array([0.5, 0.0, 0.5])
    kept, decayed = soft_nms(segments, scores, 'linear', threshold=0.0, min_score=0.0)
    assert kept.tolist() == [0, 1, 2] and decayed.tolist() == [0.5, 0.0, 0.0]


@quick
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6), st.integers(0, 4), st.integers(0, 1)), max_size=12),
       st.sampled_from([0.0, 0.2, 0.5, 0.9]))
def test_suppression_by_own_length_drops_what_a_better_segment_covers(boxes, threshold) -> None:
    segments = np.array([[start, start + length] for start, length, _, _ in boxes], dtype=float).reshape(-1, 2)
    scores, labels = (np.array([box[key] for box in boxes], dtype=kind) for key, kind in ((2, float), (3, int)))
    expected: list[int] = []
    for place in sorted(range(len(boxes)), key=lambda index: -scores[index]):
        (start, end), length = segments[place], np.diff(segments[place])[0]
        covered = [min(end, segments[kept, 1]) - max(start, segments[kept, 0]) for kept in expected
                   if labels[kept] == labels[place]]
        if not any(share > 0 and share > threshold * length for share in covered):
            expected.append(place)
    assert own_length_nms(segments, scores, threshold, labels).tolist() == expected
    kept = TemporalNMS(overlap='own', threshold=threshold)(segments, labels, scores)
    assert kept[0].tolist() == segments[expected].tolist() and kept[1].tolist() == labels[expected].tolist()


def test_a_segment_inside_a_better_one_is_all_covered_and_one_around_it_is_not() -> None:
    segments, labels = np.array([[4.0, 6.0], [0.0, 10.0]]), np.zeros(2, dtype=int)
    suppress = TemporalNMS(overlap='own', threshold=0.9)
    assert suppress(segments, labels, np.array([0.1, 0.9]))[0].tolist() == [[0, 10]]
    assert suppress(segments, labels, np.array([0.9, 0.1]))[0].tolist() == segments.tolist()


@pytest.mark.parametrize('method, overlap', [('gaussian', 'own'), ('hard', 'candidate')])
def test_an_overlap_that_a_method_does_not_know_is_refused(method, overlap) -> None:
    with pytest.raises(ValueError, match=f"got '{overlap}' with '{method}'"):
        TemporalNMS(method, overlap=overlap)


@quick
@given(all_proposals, thresholds)
def test_decaying_once_keeps_all_and_decays_by_the_rival_that_would_have_won(proposals, threshold) -> None:
    segments, labels, scores = arrays(proposals)
    segments.sort(axis=1)
    expected, winners = scores.tolist(), []
    for place in sorted(range(len(scores)), key=lambda index: -scores[index]):
        shares = [pairwise_tiou(segments[[kept]], segments[[place]])[0, 0] for kept in winners
                  if labels[kept] == labels[place]]
        rival = next((share for share in shares if share > threshold), None)
        if rival is None:
            winners.append(place)
        else:
            expected[place] *= math.exp(-rival**2 / 0.35)
    index, decayed = once_decayed_nms(segments, scores, threshold, 0.35, labels)
    assert sorted(index) == list(range(len(scores))) and (np.diff(decayed) <= 0).all()
    assert dict(zip(index.tolist(), decayed.tolist())) == pytest.approx(dict(enumerate(expected)))
    kept = TemporalNMS('once', threshold=threshold, sigma=0.35, max_per_video=3)(segments, labels, scores)
    assert kept[2].tolist() == decayed[:3].tolist() and kept[1].tolist() == labels[index[:3]].tolist()
