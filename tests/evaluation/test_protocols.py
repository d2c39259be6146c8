"""Protocols by the decimal thresholds that papers print."""
from __future__ import annotations

import pytest

from rpn_plugin.evaluation import PROTOCOLS, Protocol, get_protocol


@pytest.mark.parametrize('name, reported, averaged', [
    ('activitynet', '50 55 60 65 70 75 80 85 90 95', '50 55 60 65 70 75 80 85 90 95'),
    ('activitynet-thumos14', '10 20 30 40 50 60 70', '10 20 30 40 50'),
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
    with pytest.raises(ValueError, match="Unknown protocol 'thumos15'; known are") as error:
        get_protocol('thumos15')
    assert all(repr(name) in str(error.value) for name in PROTOCOLS)


@pytest.mark.parametrize('average_over', [(0.75, ), (0.5, 0.75), ()])
def test_an_average_over_thresholds_that_are_not_there_is_refused(average_over) -> None:
    with pytest.raises(ValueError, match='not all among its tIoU thresholds'):
        Protocol('p', (0.5, 0.6), average_over)
