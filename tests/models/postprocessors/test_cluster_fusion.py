"""Clusters of proposals against a plain loop, and what holds for any proposals."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.models import ClusterFusion

Proposal = tuple[tuple[int, int], float, int]
"""Start and length on a grid, score, class."""

proposals = st.lists(st.tuples(st.tuples(st.integers(0, 10), st.integers(1, 8)),
                               st.sampled_from([0.125, 0.25, 0.5, 1.0]), st.integers(0, 1)), max_size=10)


def arrays(boxes: list[Proposal]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (np.array([[start, start + length] for (start, length), _, _ in boxes], dtype=float).reshape(-1, 2),
            np.array([label for _, _, label in boxes], dtype=np.int64), np.array([score for _, score, _ in boxes]))


@settings(max_examples=40, deadline=None)
@given(proposals, st.sampled_from([0.0, 0.25, 0.6]))
def test_a_detection_is_the_weighted_mean_of_what_the_best_proposal_covers(boxes, overlap) -> None:
    left = sorted(boxes, key=lambda box: (-box[1], box[2], box[0][0], sum(box[0])))
    expected = []
    while left:
        (start, length), best, label = left[0]
        members = [left[0]] + [box for box in left[1:] if box[2] == label and min(start + length, sum(box[0])) - max(
            start, box[0][0]) > overlap * box[0][1]]
        left = [box for box in left[1:] if box not in members]
        weights = [math.exp(box[1] / 0.2) for box in members]
        means = [sum(w * value for w, value in zip(weights, values)) / sum(weights) for values in zip(
            *[(box[0][0], sum(box[0]), box[1]) for box in members])]
        hull = min(box[0][0] for box in members), max(sum(box[0]) for box in members)
        assert hull[0] - 1e-9 <= means[0] < means[1] <= hull[1] + 1e-9 and means[2] <= best + 1e-9
        expected.append((label, *means))
    segments, labels, scores = ClusterFusion(overlap)(*arrays(boxes))
    found = sorted(zip(labels.tolist(), *segments.T.tolist(), scores.tolist()))
    assert np.array(found).reshape(-1, 4) == pytest.approx(np.array(sorted(expected)).reshape(-1, 4))
    assert (np.diff(scores) <= 0).all()


@settings(max_examples=25, deadline=None)
@given(proposals, st.randoms(use_true_random=False))
def test_the_order_of_the_proposals_does_not_matter(boxes, random) -> None:
    mixed = random.sample(boxes, len(boxes))
    for one, two in zip(ClusterFusion()(*arrays(boxes)), ClusterFusion()(*arrays(mixed))):
        np.testing.assert_array_equal(one, two)


def test_one_proposal_stays_and_two_copies_are_one() -> None:
    one = arrays([((2, 3), 0.5, 1)])
    for copies in (1, 2):
        found = ClusterFusion()(*(np.repeat(values, copies, axis=0) for values in one))
        for ours, expected in zip(found, one):
            assert ours.tolist() == expected.tolist()


def test_at_most_so_many_are_kept_and_a_temperature_must_be_positive() -> None:
    boxes = [((place, 1), 0.1 * place, 0) for place in range(1, 9)]
    assert ClusterFusion(max_per_video=3)(*arrays(boxes))[2].tolist() == pytest.approx([0.8, 0.7, 0.6])
    with pytest.raises(ValueError, match='positive temperature, but got 0'):
        ClusterFusion(temperature=0)
