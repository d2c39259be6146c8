"""The table read back."""
from __future__ import annotations

import re

import numpy as np
import pytest

from rpn_plugin.evaluation import Protocol
from rpn_plugin.evaluation.functional import LocalizationResult
from rpn_plugin.evaluation.report import format_table

CLASSES = ('Clean and jerk', 'Diving', 'A class whose name is longer than any other')


@pytest.fixture
def result() -> LocalizationResult:
    rng = np.random.default_rng(0)
    precision = rng.random((3, 4))
    precision[0, 0], precision[1] = 1.0, 0.0  # the widest number and an empty row
    protocol = Protocol('papers-own', (0.1, 0.3, 0.5, 0.7), (0.1, 0.3, 0.5))
    return LocalizationResult(protocol, CLASSES, precision, np.array([7, 1, 12345]))


def test_the_table_says_every_number_in_percent(result: LocalizationResult) -> None:
    _, header, *rows = format_table(result).splitlines()
    assert header.split() == ['class', 'instances', '0.10', '0.30', '0.50', '0.70', 'AVG']
    expected = {}
    for name, count, values in zip(CLASSES, [7, 1, 12345], result.average_precision.tolist()):
        expected[name] = [count, *values, sum(values[:3]) / 3]
    columns = list(zip(*expected.values()))
    expected['mAP'] = [sum(columns[0]), *(sum(column) / 3 for column in columns[1:])]
    assert [row.rsplit(maxsplit=6)[0] for row in rows] == list(expected)
    for row, (count, *values) in zip(rows, expected.values()):
        shown_count, *shown = row.rsplit(maxsplit=6)[1:]
        assert int(shown_count) == count
        assert [float(value) for value in shown] == pytest.approx([100 * value for value in values], abs=0.00501)


def test_the_table_opens_with_the_protocol_and_what_the_average_takes_in(result: LocalizationResult) -> None:
    assert format_table(result).startswith('protocol papers-own; AP in % at tIoU; AVG over 0.1..0.5\n')


def test_the_columns_line_up(result: LocalizationResult) -> None:
    _, *lines = format_table(result).splitlines()
    ends = [[word.end() for word in re.finditer(r'\S+', line)][-6:] for line in lines]
    assert ends == ends[:1] * len(lines)
