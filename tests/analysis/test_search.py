"""The search's own logic, on a score that is a known function of the setting."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from rpn_plugin.analysis.held_out import HeldOutSets
from rpn_plugin.analysis.hyper_parameters import Changes, HyperParameter
from rpn_plugin.analysis.scorer import METRIC
from rpn_plugin.analysis.search import (
    SURVIVING,
    Candidate,
    SearchSpace,
    choose_testing,
    coordinate_search,
    curve,
    draw,
    refine,
    side_by_side,
    successive_halving,
)


def numbers(name: str, kind: str, values: Iterable[float]) -> HyperParameter:
    return HyperParameter(name, {f'{value:g}': {name: value} for value in values}, kind)


HYPER_PARAMETERS = [numbers('a', 'training', (0, 1, 2, 3)), numbers('b', 'training', (0, 5)),
                    numbers('c', 'scale', (0, 1, 2)), numbers('d', 'testing', (0, 1, 2, 3))]
BASE = dict(a=1, b=0, c=0, d=0)


class Known:
    """Scores a setting of all, best at a = 2, b = 0, c = a - 1, d = 2; each training adds its own offset."""

    def __init__(self, changes: dict, training: tuple[int, int]) -> None:
        self.values, self.training = {**BASE, **changes}, training

    def score(self, changes: Iterable[Changes] = ()) -> dict[str, float]:
        values = dict(self.values)
        for change in changes:
            values.update(change)
        a, b, c, d = (values[name] for name in 'abcd')
        loss = (a - 2)**2 + b**2 + (c - a + 1)**2 + (d - 2)**2
        return {METRIC: 0.5 - 0.01 * loss + 0.1 * self.training[0] + 0.001 * self.training[1]}


class KnownSpace(SearchSpace):
    def scorers(self, setting: dict, trainings: Sequence[tuple[int, int]]) -> list[Known]:
        changes = {name: float(setting[name]) for name in ('a', 'b') if name in setting}
        return [Known(changes, training) for training in trainings]


@pytest.fixture
def space() -> SearchSpace:
    named = {hyper_parameter.name: hyper_parameter for hyper_parameter in HYPER_PARAMETERS}
    return KnownSpace(Config(dict(BASE)), HeldOutSets((), ()), named, Path(), '')


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


def test_a_coordinate_search_ends_where_no_single_change_wins_and_leaves_the_training_alone(space) -> None:
    best = coordinate_search(space, Candidate(3, {'a': '3'}), [(0, 0), (1, 0)], ('scale', 'testing'))
    assert best.setting == {'a': '3', 'c': '2', 'd': '2'} and best.number == 3
    assert best.scores == pytest.approx((0.49, 0.59)) and best.score == pytest.approx(0.54)
    assert coordinate_search(space, Candidate(0, {'a': '3'}), [(0, 0)], ('scale', )).setting == {'a': '3', 'c': '2'}


def test_halving_measures_fewer_on_more_trainings_and_keeps_the_config_as_it_is(space) -> None:
    stages = [[(0, 0)], [(0, 0), (1, 0)], [(0, 0), (1, 0), (0, 1)]]
    measured = list(successive_halving(space, stages, draw(space, 8, seed=0), jobs=1))
    numbers = [[candidate.number for at, candidate in measured if at == stage] for stage in range(3)]
    assert len(numbers[0]) == 8 and 0 in numbers[1] and 0 in numbers[2]
    for before, after in zip(numbers, numbers[1:]):
        assert set(after) <= set(before) and len(after) <= round(SURVIVING * len(before)) + 1
    for at, candidate in measured:
        assert len(candidate.scores) == len(stages[at]) and candidate.score == pytest.approx(np.mean(candidate.scores))
    best = max((candidate for at, candidate in measured if at == 2), key=lambda candidate: candidate.score)
    final, = choose_testing(space, [best], stages[-1], jobs=1)
    assert {name: float(choice) for name, choice in final.setting.items() if choice != 'as is'} == dict(a=2, c=1, d=2)


@pytest.mark.parametrize('start', [{}, {'a': '0', 'b': '5'}, {'a': '3', 'c': '2'}])
def test_refining_ends_at_the_best_training_wherever_it_starts(space, start) -> None:
    trainings = [(0, 0), (1, 0)]
    measured = list(refine(space, Candidate(4, start), trainings, rounds=3, jobs=1))
    best = max(measured, key=lambda candidate: candidate.score)
    changed = {name: float(choice) for name, choice in best.setting.items() if choice != 'as is'}
    assert {**BASE, **changed} == dict(a=2, b=0, c=1, d=2) and best.score == pytest.approx(0.55)
    assert all(candidate.number == 4 and len(candidate.scores) == 2 for candidate in measured)
    assert all(candidate.setting['d'] == '2' for candidate in measured), 'what testing alone reads is chosen at first'
    of_the_best = len([a for a in '0123' if a != '2']) + 1
    assert [candidate.setting.get('a') for candidate in measured[-of_the_best:]].count('2') == 1, 'then all around it'


def test_refining_with_no_round_chooses_what_needs_no_training(space) -> None:
    only, = refine(space, Candidate(1, {'a': '3'}), [(0, 0)], rounds=0, jobs=1)
    assert only == coordinate_search(space, Candidate(1, {'a': '3'}), [(0, 0)], ('scale', 'testing'))


def test_refining_goes_beyond_an_end_that_does_best(space) -> None:
    narrow = HyperParameter('a', {value: {'a': float(value)} for value in ('0', '1')}, 'training',
                  {value: {'a': float(value)} for value in ('2', '3')})
    first = replace(space, hyper_parameters={**space.hyper_parameters, 'a': narrow})
    measured = list(refine(first, Candidate(0, {'a': '0'}), [(0, 0)], rounds=1, jobs=1))
    best = max(measured, key=lambda candidate: candidate.score)
    assert best.setting['a'] == '2' and measured[-1].setting['a'] == '3' and measured[-2] == best
    wide = replace(narrow, choices={**narrow.choices, '1.9': {'a': 1.9}, '2.5': {'a': 2.5}})
    second = replace(space, hyper_parameters={**space.hyper_parameters, 'a': wide})
    measured = refine(second, Candidate(0, {}), [(0, 0)], rounds=1, jobs=1)
    assert {candidate.setting.get('a') for candidate in measured} == {None, '0', '1.9', '2.5'}, 'the best is no end'
    assert list(curve(space, best, narrow, [(0, 0)], jobs=1)) == ['0', '1', '2', '3']


def test_refining_stops_when_a_round_wins_nothing(space) -> None:
    best = Candidate(0, {'a': '2', 'c': '1', 'd': '2'})
    assert len(list(refine(space, best, [(0, 0)], rounds=9, jobs=1))) == 1 + 3 + 1


def test_candidates_side_by_side_are_those_one_after_the_other(space) -> None:
    tasks = [(space, Candidate(number, {'a': str(number)}), [(0, 0)], ('scale', )) for number in range(4)]
    with side_by_side(1) as search:
        expected = list(search(tasks))
    with side_by_side(2) as search:
        assert sorted(search(tasks), key=lambda candidate: candidate.number) == expected


def test_a_curve_moves_one_hyper_parameter_and_leaves_the_rest_at_the_chosen_point(space) -> None:
    chosen = coordinate_search(space, Candidate(1, {'a': '2'}), [(0, 0)], ('scale', 'testing'))
    for moved, expected in (('d', [0.46, 0.49, 0.5, 0.49]), ('a', [0.42, 0.48, 0.5, 0.48])):
        points = curve(space, chosen, space.hyper_parameters[moved], [(0, 0)], jobs=2 if moved == 'a' else 1)
        assert list(points) == ['0', '1', '2', '3']
        assert [point.score for point in points.values()] == pytest.approx(expected)
    extra = curve(space, chosen, numbers('e', 'testing', (0, 1)), [(0, 0)], jobs=1)
    assert [point.score for point in extra.values()] == [chosen.score] * 2


KILLED = """
import os, time
from rpn_plugin.analysis.search import side_by_side

def work(task):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == '__main__':
    with side_by_side(2, work) as do:
        list(do([0, 1]))
"""


def test_workers_end_with_a_search_that_is_killed(tmp_path) -> None:
    (tmp_path / 'search.py').write_text(KILLED)
    with subprocess.Popen([sys.executable, tmp_path / 'search.py'], stdout=subprocess.PIPE, text=True) as search:
        workers = [int(search.stdout.readline()) for _ in range(2)]
        search.kill()
        search.communicate(timeout=60)  # its output ends when the workers have closed it
    assert len(set(workers)) == 2
