"""Rules that the package does not have: each is one entry in a table, and scores by what it says."""
from __future__ import annotations

from dataclasses import fields
from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from rpn_plugin.evaluation import PROTOCOLS, Protocol
from rpn_plugin.evaluation.comparison import STEPS, compare_protocols
from rpn_plugin.evaluation.functional import LocalizationResult, evaluate_localization
from rpn_plugin.evaluation.functional.matching import Pairs
from rpn_plugin.evaluation.rules import RULES, BordersRule, Rule
from rpn_plugin.structures import VideoSegments

THRESHOLDS = (0.2, 0.4, 0.6)
Listed = dict[str, list[tuple[float, float, float]]]
"""(start, end, score) by video."""


def crowd(seed: int) -> tuple[Listed, Listed]:
    """Detections and instances of one class, most of them contested."""
    rng = np.random.default_rng(seed)

    def some(number: int) -> list[tuple[float, float, float]]:
        return [(start, start + length, score) for start, length, score in zip(
            rng.uniform(0, 12, number), rng.uniform(2, 8, number), rng.permutation(number * 2) / 7)]

    return {'va': some(6), 'vb': some(5), 'unknown': some(2)}, {'va': some(4), 'vb': some(3), 'vc': []}


def score(found: Listed, truth: Listed, intervals: dict | None = None, thresholds: tuple[float, ...] = THRESHOLDS,
          **rules: str) -> LocalizationResult:
    def as_videos(entries: Listed, scored: bool) -> dict[str, VideoSegments]:
        return {video: VideoSegments(np.array([entry[:2] for entry in listed]).reshape(-1, 2), ['A'] * len(listed),
                                     np.array([entry[2] for entry in listed]) if scored else None)
                for video, listed in entries.items()}

    return evaluate_localization(as_videos(found, True), as_videos(truth, False),
                                 Protocol('own', thresholds, thresholds, **rules), intervals)


def tiou(first: tuple, second: tuple) -> float:
    common = min(first[1], second[1]) - max(first[0], second[0])
    return common / (max(first[1], second[1]) - min(first[0], second[0])) if common > 0 else 0.0


def ranked(hits: set[tuple[str, int]], found: Listed) -> list[bool]:
    places = [(-entry[2], (video, row)) for video, listed in found.items() for row, entry in enumerate(listed)]
    return [place in hits for _, place in sorted(places, key=lambda entry: entry[0])]


def optimal(pairs: Pairs, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The matches whose tIoU have the highest sum."""
    threshold, chosen = [], []
    for index, enough in enumerate(reached):
        pair = np.full((pairs.detection.max(initial=-1) + 1, pairs.instance.max(initial=-1) + 1), -1)
        pair[pairs.detection[enough], pairs.instance[enough]] = np.flatnonzero(enough)
        value = np.where(pair >= 0, pairs.tiou[pair], 0.0)
        taken = pair[linear_sum_assignment(value, maximize=True)]
        chosen += taken[taken >= 0].tolist()
        threshold += [index] * int((taken >= 0).sum())
    return np.array(threshold, dtype=int), np.array(chosen, dtype=int)


def best_by_trying_all(found: Listed, truth: Listed, threshold: float) -> set[tuple[str, int]]:
    """Detections of the matches whose tIoU have the highest sum, video by video."""
    hits = set()
    for video, instances in truth.items():
        best, rows = -1.0, ()
        number = len(found.get(video, []))
        for order in permutations([*range(number), *[-1] * len(instances)], len(instances)):
            values = [tiou(found[video][row], instance) if row >= 0 else 0.0 for row, instance in zip(order, instances)]
            total = sum(value for value in values if value >= threshold)
            if total > best:
                best, rows = total, [row for row, value in zip(order, values) if value >= threshold]
        hits |= {(video, row) for row in rows}
    return hits


@pytest.mark.parametrize('seed', range(4))
def test_a_matching_of_ones_own_scores_as_trying_all_does(seed: int, monkeypatch) -> None:
    monkeypatch.setitem(RULES['matching'], 'optimal', Rule('matches have the highest sum of tIoU', optimal))
    found, truth = crowd(seed)
    result = score(found, truth, matching='optimal', interpolation='none')
    for threshold, value in zip(THRESHOLDS, result.average_precision[0]):
        hits = ranked(best_by_trying_all(found, truth, threshold), found)
        precision = [sum(hits[:rank + 1]) / (rank + 1) for rank, hit in enumerate(hits) if hit]
        assert value == pytest.approx(sum(precision) / 7)
    assert 'highest sum' in result.protocol.described()['matching']


def test_the_best_matching_is_not_what_taking_in_turn_gives(monkeypatch) -> None:
    monkeypatch.setitem(RULES['matching'], 'optimal', Rule('matches have the highest sum of tIoU', optimal))
    truth = {'va': [(0.0, 4.0, 0), (3.0, 7.0, 0)]}
    found = {'va': [(1.0, 5.0, 0.9), (0.0, 3.5, 0.5)]}  # the second can only have the first instance
    assert score(found, truth, matching='optimal').average_precision[0, 0] == 1.0
    assert score(found, truth).average_precision[0, 0] == 0.5


@pytest.mark.parametrize('seed', range(4))
def test_an_interpolation_of_ones_own_scores_by_its_definition(seed: int, monkeypatch) -> None:
    def eleven_points(precision: np.ndarray, num_instances: int) -> float:
        recall = np.arange(1, len(precision) + 1) / num_instances
        return float(np.mean([precision[recall >= point].max(initial=0.0) for point in np.arange(11) / 10]))

    monkeypatch.setitem(RULES['interpolation'], '11-point', Rule('AP is the mean at 11 recalls (VOC 2007)',
                                                                 eleven_points))
    found, truth = crowd(seed)
    result = score(found, truth, matching='detection_takes_best', interpolation='11-point')
    for threshold, value in zip(THRESHOLDS, result.average_precision[0]):
        free, hits = [(video, entry) for video, listed in truth.items() for entry in listed], set()
        for video, row, entry in sorted(((video, row, entry) for video, listed in found.items()
                                         for row, entry in enumerate(listed)), key=lambda each: -each[2][2]):
            near = [each for each in free if each[0] == video and tiou(entry, each[1]) >= threshold]
            if near:
                free.remove(max(near, key=lambda each: tiou(entry, each[1])))
                hits.add((video, row))
        of_rank = ranked(hits, found)
        curve = [(sum(of_rank[:rank]) / 7, sum(of_rank[:rank]) / rank) for rank in range(1, len(of_rank) + 1)]
        assert value == pytest.approx(sum(max((precision for recall, precision in curve if recall >= point / 10),
                                              default=0.0) for point in range(11)) / 11)


def test_a_comparison_of_ones_own_may_take_what_is_below_the_threshold(monkeypatch) -> None:
    monkeypatch.setitem(RULES['comparison'], 'nearly', Rule('a match needs tIoU >= threshold - 0.05',
                                                            lambda value, threshold: value >= threshold - 0.05))
    found, truth = {'va': [(0.0, 1.6, 0.9)]}, {'va': [(0.0, 10.0, 0)]}
    assert score(found, truth).average_precision.tolist() == [[0.0, 0.0, 0.0]]
    assert score(found, truth, comparison='nearly').average_precision.tolist() == [[1.0, 0.0, 0.0]]


def test_detections_half_in_an_ambiguous_interval_can_be_told_from_those_that_touch_one(monkeypatch) -> None:
    monkeypatch.setitem(RULES['ambiguous'], 'drop_half', Rule(
        'detections that have a tIoU of 0.5 with an ambiguous interval are removed before matching',
        lambda value: (value >= 0.5, np.zeros(len(value), dtype=bool))))
    found = {'va': [(0.0, 4.0, 0.9), (10.0, 14.0, 0.8), (20.0, 24.0, 0.5)]}
    truth, intervals = {'va': [(20.0, 24.0, 0)]}, {'va': np.array([[3.0, 5.0], [11.0, 14.0]])}
    results = {rule: score(found, truth, intervals, ambiguous=rule) for rule in RULES['ambiguous']}
    assert {rule: float(result.mean_ap[0]) for rule, result in results.items()} == dict(
        ignored=pytest.approx(1 / 3), drop_unmatched=1.0, drop_first=1.0, drop_half=0.5)
    assert {rule: result.counts['dropped_in_ambiguous_intervals'] for rule, result in results.items()} == dict(
        ignored=0, drop_unmatched=0, drop_first=2, drop_half=1)
    assert {rule: result.protocol.uses_ambiguous for rule, result in results.items()} == dict(
        ignored=False, drop_unmatched=True, drop_first=True, drop_half=True)


def test_videos_without_instances_can_be_told_from_unknown_ones(monkeypatch) -> None:
    monkeypatch.setitem(RULES['other_videos'], 'unknown_dropped', Rule(
        'detections on videos that are not in the ground truth are left out', lambda without, unknown: unknown))
    found = {'unknown': [(0.0, 4.0, 0.9)], 'vb': [(0.0, 4.0, 0.8)], 'va': [(0.0, 4.0, 0.5)]}
    truth = {'va': [(0.0, 4.0, 0)], 'vb': []}
    assert {rule: float(score(found, truth, other_videos=rule).mean_ap[0]) for rule in RULES['other_videos']} == dict(
        false_positives=pytest.approx(1 / 3), dropped=1.0, unknown_dropped=0.5)


def test_borders_can_be_read_otherwise(monkeypatch) -> None:
    monkeypatch.setitem(RULES['borders'], 'whole_seconds', BordersRule('borders are rounded to seconds', np.rint))
    found, truth = {'va': [(0.4, 4.4, 0.9)]}, {'va': [(-0.3, 3.6, 0)]}
    assert score(found, truth, thresholds=(1.0, ), borders='whole_seconds').mean_ap.tolist() == [1.0]
    assert score(found, truth, thresholds=(1.0, )).mean_ap.tolist() == [0.0]


def test_comparisons_exchange_a_rule_of_ones_own(monkeypatch) -> None:
    monkeypatch.setitem(RULES['matching'], 'optimal', Rule('matches have the highest sum of tIoU', optimal))
    truth = {'va': VideoSegments(np.array([[0.0, 4.0], [3.0, 7.0]]), ['A', 'A'])}
    found = {'va': VideoSegments(np.array([[1.0, 5.0], [0.0, 3.5]]), ['A', 'A'], np.array([0.9, 0.5]))}
    first, second = (Protocol(name, (0.2, ), (0.2, ), matching=rule)
                     for name, rule in (('first', 'detection_takes_best'), ('second', 'optimal')))
    assert compare_protocols(found, truth, first, second).steps == (('first', 0.5), ('matching', 1.0))


@pytest.mark.parametrize('category', RULES)
def test_a_name_without_an_implementation_cannot_be_scored(category: str, monkeypatch) -> None:
    monkeypatch.setitem(RULES[category], 'planned', 'only a sentence')
    with pytest.raises(ValueError, match=f"Protocol own has the {category} 'planned', which has no implementation"):
        Protocol('own', THRESHOLDS, THRESHOLDS, **{category: 'planned'})


@pytest.mark.parametrize('function', [None, 'optimal'])
def test_a_rule_without_a_function_is_refused(function: object) -> None:
    with pytest.raises(TypeError, match="The rule 'planned' has no implementation: expected a function"):
        Rule('planned', function)


def test_a_rule_of_borders_says_how_the_union_is_computed(monkeypatch) -> None:
    monkeypatch.setitem(RULES['borders'], 'planned', Rule('only half of it', np.rint))
    with pytest.raises(ValueError, match='expected a BordersRule'):
        Protocol('own', THRESHOLDS, THRESHOLDS, borders='planned')


def test_comparisons_exchange_every_rule_that_a_protocol_has() -> None:
    of_protocol = {field.name for field in fields(Protocol)} - {'name', 'source', 'tiou_thresholds', 'average_over'}
    assert of_protocol == set(STEPS) == {*RULES, 'clock', 'video_set'}
    assert [step for step in STEPS if step in RULES] == list(RULES) and len(STEPS) == len(of_protocol)
    assert STEPS[0] == 'video_set' and STEPS.index('clock') == STEPS.index('borders') - 1


def test_every_rule_has_a_sentence_and_a_protocol_that_uses_it() -> None:
    for category, table in RULES.items():
        assert set(table) == {getattr(protocol, category) for protocol in PROTOCOLS.values()}
        assert all(len(rule.description) > 15 for rule in table.values())
