"""Average precision of a ranking against its definition."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.evaluation.functional import average_precision, classification_average_precision
from rpn_plugin.evaluation.functional.average_precision import envelope, uninterpolated

quick = settings(max_examples=150, deadline=None)
all_hits = st.lists(st.booleans(), max_size=9)


def interpolated_by_definition(hits: list[bool], num_ground_truth: int) -> float:
    """Mean over the instances to find of the best precision at which at least so many are found."""
    total = 0.0
    for wanted in range(1, num_ground_truth + 1):
        total += max((sum(hits[:rank]) / rank for rank in range(1, len(hits) + 1) if sum(hits[:rank]) >= wanted),
                     default=0.0)
    return total / num_ground_truth


@quick
@given(all_hits, st.integers(0, 4))
def test_interpolated_ap_is_the_mean_best_precision_at_each_recall(hits: list[bool], missed: int) -> None:
    number = max(1, sum(hits) + missed)
    value = average_precision(np.flatnonzero(hits) + 1, number, envelope)
    assert value == pytest.approx(interpolated_by_definition(hits, number), abs=1e-12)


@quick
@given(all_hits, st.integers(0, 4))
def test_ap_without_interpolation_sums_the_precision_at_each_hit(hits: list[bool], missed: int) -> None:
    number = max(1, sum(hits) + missed)
    value = average_precision(np.flatnonzero(hits) + 1, number, uninterpolated)
    expected = sum(sum(hits[:rank + 1]) / (rank + 1) for rank, hit in enumerate(hits) if hit) / number
    assert value == pytest.approx(expected, abs=1e-12)


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
