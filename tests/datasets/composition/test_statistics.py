"""The statistics of a set small enough to count by hand."""
from __future__ import annotations

import pytest

from rpn_plugin.datasets.composition.statistics import summarize


def entry(subset: str, duration: float, *annotations: tuple[str, float, float]) -> dict:
    return dict(subset=subset, duration=duration,
                annotations=[dict(label=label, segment=[start, end]) for label, start, end in annotations])


def test_a_set_counted_by_hand() -> None:
    content = dict(database=dict(
        a=entry('train', 100, ('A', 10, 20), ('B', 20, 25), ('A', 40, 50), ('A', 60, 65)),
        b=entry('train', 200, ('A', 100, 110)),
        c=entry('train', 60, ('B', 0, 5), ('C', 5, 20)),
        d=entry('test', 1000, ('C', 0, 1000))))
    made = summarize(content, 'train')
    assert (made['videos'], made['hours'], made['instances']) == (3, 0.1, 7)
    assert made['share'] == pytest.approx(60 / 360)
    assert made['adjacent'] == pytest.approx(2 / 4)  # of four instances that follow one
    assert made['two_classes'] == pytest.approx(2 / 3)
    assert made['video_sec'][::2] == [60, 100, 200] and made['instances_per_video'][::2] == [1, 2, 4]
    assert made['video_share'][::2] == pytest.approx([0.05, 0.3, 1 / 3])
    assert made['instance_sec'][::2] == [5, 10, 15]
    assert made['together'] == {('A', 'B'): 0.5, ('B', 'A'): 0.5, ('B', 'C'): 0.5, ('C', 'B'): 1.0, ('A', 'C'): 0.0,
                                ('C', 'A'): 0.0}
