"""Protocols by the decimal thresholds that papers print."""
from __future__ import annotations

import pytest

from rpn_plugin.evaluation import PROTOCOLS, VIDEO_SETS, Protocol, get_protocol, get_video_set
from rpn_plugin.evaluation.rules import RULES


@pytest.mark.parametrize('name, reported, averaged', [
    ('activitynet', '50 55 60 65 70 75 80 85 90 95', '50 55 60 65 70 75 80 85 90 95'),
    ('activitynet-thumos14', '10 20 30 40 50 60 70', '10 20 30 40 50'),
    ('thumos14', '10 20 30 40 50 60 70', '10 20 30 40 50'),
    ('wtalc', '10 20 30 40 50 60 70', '10 20 30 40 50'),
    ('facnet', '10 20 30 40 50 60 70', '10 20 30 40 50'),
    ('facnet-filtered', '10 20 30 40 50 60 70', '10 20 30 40 50'),
])
def test_a_protocol_reports_and_averages_its_published_thresholds(name: str, reported: str, averaged: str) -> None:
    protocol = get_protocol(name)
    assert protocol.name == name
    assert protocol.tiou_thresholds == pytest.approx([int(percent) / 100 for percent in reported.split()], abs=1e-12)
    chosen = [percent for percent, taken in zip(reported.split(), protocol.averaged, strict=True) if taken]
    assert ' '.join(chosen) == averaged


def test_the_average_takes_thresholds_in_spite_of_rounding() -> None:
    protocol = Protocol('rounded', (0.1, 0.1 + 0.2, 0.35, 0.7000000000000001), (0.3, 0.7))
    assert protocol.averaged.tolist() == [False, True, False, True]


def test_an_unknown_protocol_is_refused_by_the_known_ones() -> None:
    with pytest.raises(ValueError, match="Unknown protocol 'thumos15'; did you mean thumos14.* Known are ") as error:
        get_protocol('thumos15')
    assert all(name in str(error.value) for name in PROTOCOLS)


@pytest.mark.parametrize('average_over', [(0.75, ), (0.5, 0.75), ()])
def test_an_average_over_thresholds_that_are_not_there_is_refused(average_over) -> None:
    with pytest.raises(ValueError, match='not all among its tIoU thresholds'):
        Protocol('p', (0.5, 0.6), average_over)


def test_thresholds_have_the_bits_of_their_origin() -> None:
    literals = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    for name in ('activitynet-thumos14', 'wtalc', 'facnet', 'facnet-filtered'):
        assert get_protocol(name).tiou_thresholds == literals
    assert get_protocol('thumos14').tiou_thresholds[2] == 0.1 + 2 * 0.1 != 0.3
    assert get_protocol('activitynet').tiou_thresholds[8] == 0.8999999999999999


@pytest.mark.parametrize('rule', RULES)
def test_an_unknown_rule_is_refused_by_the_known_ones(rule: str) -> None:
    with pytest.raises(ValueError, match=f"Protocol p has the {rule} 'other'; known are") as error:
        Protocol('p', (0.5, ), (0.5, ), **{rule: 'other'})
    assert all(repr(name) in str(error.value) for name in RULES[rule])


def test_every_rule_is_put_in_words() -> None:
    described = {name: protocol.described() for name, protocol in PROTOCOLS.items()}
    assert all(RULES.keys() | {'tIoU grid', 'average', 'video set'} == rules.keys() for rules in described.values())
    assert '25/16 a second' in described['wtalc']['borders'] and '25/16' not in described['thumos14']['borders']
    differing = {rule for rule in RULES if described['facnet'][rule] != described['facnet-filtered'][rule]}
    assert differing == {'ambiguous'}


def test_an_unknown_video_set_is_refused_by_the_known_ones() -> None:
    with pytest.raises(ValueError, match="Unknown video set 'thumos14'; did you mean thumos14-21.* Known ") as error:
        get_video_set('thumos14')
    assert all(name in str(error.value) for name in VIDEO_SETS)


def test_video_sets_name_what_they_leave_out_and_why() -> None:
    excluded = {name: set(video_set.excluded) for name, video_set in VIDEO_SETS.items()}
    assert excluded['thumos14-212'] == {'video_test_0001292'} and excluded['thumos14-213'] == set()
    assert excluded['thumos14-210'] == {f'video_test_{number:07d}' for number in (270, 1292, 1496)}
    assert all(len(reason) > 20 for video_set in VIDEO_SETS.values() for reason in video_set.excluded.values())
