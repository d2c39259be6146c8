"""The way from one protocol to another ends at the other."""
from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from rpn_plugin.evaluation import PROTOCOLS, Protocol
from rpn_plugin.evaluation.comparison import Comparison, compare_protocols
from rpn_plugin.evaluation.functional import LocalizationResult
from rpn_plugin.evaluation.report import format_comparison
from rpn_plugin.structures import VideoSegments


def compare(first: Protocol, second: Protocol) -> Comparison:
    rng = np.random.default_rng(0)

    def some(number: int, scored: bool) -> VideoSegments:
        segments = rng.integers(0, 60, (number, 2)) / 5
        return VideoSegments(np.sort(segments, axis=1), [str(label) for label in rng.choice(['A', 'B'], number)],
                             rng.random(number) if scored else None)

    truth = {'va': some(20, False), 'vb': some(20, False), 'video_test_0001292': VideoSegments(np.zeros((0, 2)), [])}
    found = {video: some(60, True) for video in (*truth, 'unknown')}
    return compare_protocols(found, truth, first, second, {'va': np.array([[2.0, 4.0]])})


def mean_over(result: LocalizationResult, thresholds: tuple[float, ...]) -> float:
    chosen = np.isin(np.round(result.protocol.tiou_thresholds, 4), np.round(thresholds, 4))
    return float(result.mean_ap[chosen].mean())


@pytest.mark.parametrize('first, second', permutations(PROTOCOLS, 2))
def test_the_steps_lead_from_one_protocol_to_the_other(first: str, second: str) -> None:
    comparison = compare(PROTOCOLS[first], PROTOCOLS[second])
    assert comparison.steps[0] == (first, pytest.approx(mean_over(comparison.first, comparison.tiou_thresholds)))
    assert comparison.steps[-1][1] == pytest.approx(mean_over(comparison.second, comparison.tiou_thresholds), abs=1e-12)


def test_a_step_is_worth_what_its_rule_alone_changes() -> None:
    names = [name for name, _ in compare(PROTOCOLS['facnet'], PROTOCOLS['facnet-filtered']).steps]
    assert names == ['facnet', 'ambiguous']
    steps = dict(compare(PROTOCOLS['facnet'], PROTOCOLS['facnet-filtered']).steps)
    assert steps['facnet'] != steps['ambiguous']


def test_without_a_common_threshold_there_are_no_steps_but_numbers() -> None:
    comparison = compare(Protocol('low', (0.2, ), (0.2, )), Protocol('high', (0.3, ), (0.3, )))
    assert comparison.steps == () and comparison.first.average_map > comparison.second.average_map
    assert 'no tIoU threshold in common' in format_comparison(comparison)
