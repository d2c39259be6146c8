"""The search's own logic, on a score that is a known function of the setting."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from rpn_plugin.analysis.held_out import HeldOutSets
from rpn_plugin.analysis.knobs import Changes, Knob
from rpn_plugin.analysis.search import (SURVIVING, Candidate, SearchSpace, climb, curve, draw, halving, polish, refine,
                                        side_by_side)
from rpn_plugin.analysis.trial import METRIC


def knob(name: str, kind: str, values: Iterable[float]) -> Knob:
    return Knob(name, {f'{value:g}': {name: value} for value in values}, kind)


KNOBS = [knob('a', 'training', (0, 1, 2, 3)), knob('b', 'training', (0, 5)), knob('c', 'scale', (0, 1, 2)),
         knob('d', 'testing', (0, 1, 2, 3))]
BASE = dict(a=1, b=0, c=0, d=0)


class Known:
    """Scores a setting of all knobs, best at a = 2, b = 0, c = a - 1, d = 2; each run adds its own offset."""

    def __init__(self, training: dict, run: tuple[int, int]) -> None:
        self.values, self.run = {**BASE, **training}, run

    def score(self, changes: Iterable[Changes] = ()) -> dict[str, float]:
        values = dict(self.values)
        for change in changes:
            values.update(change)
        a, b, c, d = (values[name] for name in 'abcd')
        loss = (a - 2)**2 + b**2 + (c - a + 1)**2 + (d - 2)**2
        return {METRIC: 0.5 - 0.01 * loss + 0.1 * self.run[0] + 0.001 * self.run[1]}


class KnownSpace(SearchSpace):
    def scorers(self, setting: dict, runs: Sequence[tuple[int, int]]) -> list[Known]:
        training = {name: float(setting[name]) for name in ('a', 'b') if name in setting}
        return [Known(training, run) for run in runs]


@pytest.fixture
def space() -> SearchSpace:
    return KnownSpace(Config(dict(BASE)), HeldOutSets((), ()), {knob.name: knob for knob in KNOBS}, Path(), '')


def test_candidates_are_distinct_start_with_the_config_and_change_training_alone(space) -> None:
    drawn = draw(space, 6, seed=0)
    assert drawn[0].setting == {} and [candidate.number for candidate in drawn] == list(range(6))
    settings = [candidate.setting for candidate in drawn]
    assert all(settings.count(setting) == 1 for setting in settings)
    for setting in settings[1:]:
        assert set(setting) <= {'a', 'b'} and setting
        assert setting.get('a') != '1' and setting.get('b') != '0', 'what the config says already'
    assert draw(space, 6, seed=0) == drawn != draw(space, 6, seed=1)
    assert len(draw(space, 100, seed=0)) == 4 * 2, 'there are no more'


def test_a_climb_ends_where_no_single_knob_wins_and_leaves_the_training_alone(space) -> None:
    best = climb(space, Candidate(3, {'a': '3'}), [(0, 0), (1, 0)], ('scale', 'testing'))
    assert best.setting == {'a': '3', 'c': '2', 'd': '2'} and best.number == 3
    assert best.scores == pytest.approx((0.49, 0.59)) and best.score == pytest.approx(0.54)
    assert climb(space, Candidate(0, {'a': '3'}), [(0, 0)], ('scale', )).setting == {'a': '3', 'c': '2'}


def test_halving_measures_fewer_on_more_runs_and_keeps_the_config_as_it_is(space) -> None:
    rungs = [[(0, 0)], [(0, 0), (1, 0)], [(0, 0), (1, 0), (0, 1)]]
    measured = list(halving(space, rungs, draw(space, 8, seed=0), jobs=1))
    numbers = [[candidate.number for rung, candidate in measured if rung == stage] for stage in range(3)]
    assert len(numbers[0]) == 8 and 0 in numbers[1] and 0 in numbers[2]
    for before, after in zip(numbers, numbers[1:]):
        assert set(after) <= set(before) and len(after) <= round(SURVIVING * len(before)) + 1
    for rung, candidate in measured:
        assert len(candidate.scores) == len(rungs[rung]) and candidate.score == pytest.approx(np.mean(candidate.scores))
    best = max((candidate for rung, candidate in measured if rung == 2), key=lambda candidate: candidate.score)
    final, = polish(space, [best], rungs[-1], jobs=1)
    assert {name: float(choice) for name, choice in final.setting.items() if choice != 'as is'} == dict(a=2, c=1, d=2)


@pytest.mark.parametrize('start', [{}, {'a': '0', 'b': '5'}, {'a': '3', 'c': '2'}])
def test_refining_ends_at_the_best_training_wherever_it_starts(space, start) -> None:
    runs = [(0, 0), (1, 0)]
    measured = list(refine(space, Candidate(4, start), runs, rounds=3, jobs=1))
    best = max(measured, key=lambda candidate: candidate.score)
    changed = {name: float(choice) for name, choice in best.setting.items() if choice != 'as is'}
    assert {**BASE, **changed} == dict(a=2, b=0, c=1, d=2) and best.score == pytest.approx(0.55)
    assert all(candidate.number == 4 and len(candidate.scores) == 2 for candidate in measured)
    assert all(candidate.setting['d'] == '2' for candidate in measured), 'what testing alone reads is chosen at first'
    of_the_best = len([a for a in '0123' if a != '2']) + 1
    assert [candidate.setting.get('a') for candidate in measured[-of_the_best:]].count('2') == 1, 'then all around it'


def test_refining_with_no_round_chooses_what_needs_no_training(space) -> None:
    only, = refine(space, Candidate(1, {'a': '3'}), [(0, 0)], rounds=0, jobs=1)
    assert only == climb(space, Candidate(1, {'a': '3'}), [(0, 0)], ('scale', 'testing'))


def test_refining_goes_beyond_an_end_that_does_best(space) -> None:
    narrow = Knob('a', {value: {'a': float(value)} for value in ('0', '1')}, 'training',
                  {value: {'a': float(value)} for value in ('2', '3')})
    measured = list(refine(replace(space, knobs={**space.knobs, 'a': narrow}), Candidate(0, {'a': '0'}), [(0, 0)],
                           rounds=1, jobs=1))
    best = max(measured, key=lambda candidate: candidate.score)
    assert best.setting['a'] == '2' and measured[-1].setting['a'] == '3' and measured[-2] == best
    wide = replace(narrow, choices={**narrow.choices, '1.9': {'a': 1.9}, '2.5': {'a': 2.5}})
    measured = refine(replace(space, knobs={**space.knobs, 'a': wide}), Candidate(0, {}), [(0, 0)], rounds=1, jobs=1)
    assert {candidate.setting.get('a') for candidate in measured} == {None, '0', '1.9', '2.5'}, 'the best is no end'
    assert list(curve(space, best, narrow, [(0, 0)], jobs=1)) == ['0', '1', '2', '3']


def test_refining_stops_when_a_round_wins_nothing(space) -> None:
    runs = [(0, 0)]
    assert len(list(refine(space, Candidate(0, {'a': '2', 'c': '1', 'd': '2'}), runs, rounds=9, jobs=1))) == 1 + 3 + 1


def test_candidates_side_by_side_are_those_one_after_the_other(space) -> None:
    tasks = [(space, Candidate(number, {'a': str(number)}), [(0, 0)], ('scale', )) for number in range(4)]
    with side_by_side(1) as climbed:
        expected = list(climbed(tasks))
    with side_by_side(2) as climbed:
        assert sorted(climbed(tasks), key=lambda candidate: candidate.number) == expected


def test_a_curve_moves_one_knob_and_leaves_the_rest_at_the_chosen_point(space) -> None:
    chosen = climb(space, Candidate(1, {'a': '2'}), [(0, 0)], ('scale', 'testing'))
    for moved, expected in (('d', [0.46, 0.49, 0.5, 0.49]), ('a', [0.42, 0.48, 0.5, 0.48])):
        points = curve(space, chosen, space.knobs[moved], [(0, 0)], jobs=2 if moved == 'a' else 1)
        assert list(points) == ['0', '1', '2', '3']
        assert [point.score for point in points.values()] == pytest.approx(expected)
    extra = curve(space, chosen, knob('e', 'testing', (0, 1)), [(0, 0)], jobs=1)
    assert [point.score for point in extra.values()] == [chosen.score] * 2
