"""Matching and average precision against their rules in plain loops, with ties, duplicates and empty segments."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.evaluation.functional import (Detections, classification_average_precision,
                                              interpolated_average_precision, match_detections)

Segment = tuple[int, int]

VIDEOS = ['va', 'vb', 'vc', 'unknown']
grid_segments = st.tuples(st.integers(0, 9), st.integers(0, 9))  # reversed and empty ones too
all_detections = st.lists(st.tuples(st.sampled_from(VIDEOS), grid_segments, st.sampled_from([0.1, 0.5, 0.9])),
                          max_size=12)
all_ground_truth = st.dictionaries(st.sampled_from(VIDEOS[:3]), st.lists(grid_segments, max_size=5))
quick = settings(max_examples=150, deadline=None)


def tiou(first: Segment, second: Segment) -> float:
    first, second = set(range(*first)), set(range(*second))
    return len(first & second) / len(first | second) if first | second else 0.0


def hits_by_the_rules(found: list[tuple[str, Segment, float]], truth: dict[str, list[Segment]],
                      threshold: float) -> list[tuple[int, bool]]:
    """(index, whether it is a true positive) in descending score."""
    taken, hits = set(), []
    for index, (video, segment, _) in sorted(enumerate(found), key=lambda entry: -entry[1][2]):
        best, best_overlap = None, 0.0
        for place, target in enumerate(truth.get(video, [])):
            overlap = tiou(segment, target)
            if (video, place) not in taken and overlap >= threshold and overlap > best_overlap:
                best, best_overlap = (video, place), overlap
        if best is not None:
            taken.add(best)
        hits.append((index, best is not None))
    return hits


def interpolated_by_definition(hits: list[bool], num_ground_truth: int) -> float:
    """Mean over the instances to find of the best precision at which at least so many are found."""
    total = 0.0
    for wanted in range(1, num_ground_truth + 1):
        total += max((sum(hits[:rank]) / rank for rank in range(1, len(hits) + 1) if sum(hits[:rank]) >= wanted),
                     default=0.0)
    return total / num_ground_truth


def as_detections(found: list[tuple[str, Segment, float]]) -> Detections:
    return Detections([video for video, _, _ in found],
                      np.array([segment for _, segment, _ in found], dtype=np.float64).reshape(-1, 2),
                      np.array([score for _, _, score in found]))


@quick
@given(all_detections, all_ground_truth)
def test_detections_match_by_the_rules(found: list[tuple[str, Segment, float]],
                                       truth: dict[str, list[Segment]]) -> None:
    thresholds = [0.0, 0.25, 1 / 3, 0.5, 0.75, 1.0]
    targets = {video: np.array(segments, dtype=np.float64).reshape(-1, 2) for video, segments in truth.items()}
    order, true_positive = match_detections(as_detections(found), targets, thresholds)
    for threshold, row in zip(thresholds, true_positive, strict=True):
        expected = hits_by_the_rules(found, truth, threshold)
        assert list(zip(order.tolist(), row.tolist(), strict=True)) == expected


@pytest.mark.parametrize('video', ['unknown', 'empty'])
def test_a_detection_on_a_video_without_ground_truth_is_a_false_positive(video: str) -> None:
    found = as_detections([(video, (0, 5), 0.9), ('va', (0, 5), 0.8)])
    truth = {'va': np.array([[0.0, 5.0]]), 'empty': np.zeros((0, 2))}
    order, true_positive = match_detections(found, truth, [0.5])
    assert order.tolist() == [0, 1] and true_positive.tolist() == [[False, True]]


def test_a_taken_instance_gives_way_to_the_next_best_free_one() -> None:
    truth = {'va': np.array([[0.0, 10.0], [2.0, 10.0]])}
    found = as_detections([('va', (0, 10), 0.9), ('va', (0, 10), 0.8), ('va', (0, 10), 0.7)])
    _, true_positive = match_detections(found, truth, [0.5, 0.8, 0.9])
    assert true_positive.tolist() == [[True, True, False], [True, True, False], [True, False, False]]


@quick
@given(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), min_size=1, max_size=3), st.integers(0, 9),
       st.integers(0, 4))
def test_interpolated_ap_is_the_mean_best_precision_at_each_recall(rows: list[list[bool]], length: int,
                                                                   missed: int) -> None:
    true_positive = np.array(rows)[:, :length]
    num_ground_truth = max(1, int(true_positive.sum(axis=1).max()) + missed)
    precision = interpolated_average_precision(true_positive, num_ground_truth)
    expected = [interpolated_by_definition(row, num_ground_truth) for row in true_positive.tolist()]
    assert precision == pytest.approx(expected, abs=1e-12)


@quick
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), max_size=10))
def test_ap_of_video_scores_is_the_mean_precision_at_the_positives(videos: list[tuple[float, bool]]) -> None:
    ranked = [positive for _, positive in sorted(videos, key=lambda entry: -entry[0])]
    precisions = [sum(ranked[:rank + 1]) / (rank + 1) for rank, positive in enumerate(ranked) if positive]
    precision = classification_average_precision(
        np.array([score for score, _ in videos]), np.array([positive for _, positive in videos], dtype=bool))
    if precisions:
        assert precision == pytest.approx(sum(precisions) / len(precisions), abs=1e-12)
    else:
        assert math.isnan(precision)
