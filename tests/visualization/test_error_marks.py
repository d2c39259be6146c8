"""The marks of a page are what the error analysis says, video by video and at every threshold."""
from __future__ import annotations

import doctest

import numpy as np

import rpn_plugin.visualization.error_marks
from rpn_plugin.evaluation.functional.error_analysis import KINDS, analyse_errors
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization.error_marks import mark_errors


def made(rng: np.random.Generator, count: int, scored: bool) -> VideoSegments:
    start = rng.random(count) * 50
    return VideoSegments(np.column_stack([start, start + 1 + rng.random(count) * 5]),
                         rng.choice(['Diving', 'HighJump', 'Shotput'], count).tolist(),
                         rng.random(count).round(1) if scored else None)


def test_the_example_is_true() -> None:
    assert doctest.testmod(rpn_plugin.visualization.error_marks).failed == 0


def test_marks_agree_with_the_analysis_of_what_a_threshold_leaves() -> None:
    rng = np.random.default_rng(0)
    truth = {f'v{number}': made(rng, rng.integers(0, 8), False) for number in range(12)}
    found = {video: made(rng, rng.integers(0, 60), True) for video in truth}
    marks = mark_errors(found, truth, 0.4)
    for threshold in (0.0, 0.3, 0.6, 0.9):
        left = {video: segments.take(segments.scores >= threshold) for video, segments in found.items()}
        analysis = analyse_errors(left, truth, 0.4)
        kinds = np.concatenate([marks[video].kind[found[video].scores >= threshold] for video in found])
        assert kinds.tolist() == analysis.kind.tolist()
        taken = np.concatenate([marks[video].taken for video in truth])
        assert (taken >= threshold).tolist() == analysis.found.tolist() and analysis.found.any()


def test_without_any_instance_everything_is_background() -> None:
    none = VideoSegments.from_annotations([])
    marks = mark_errors({'v': made(np.random.default_rng(0), 3, True)}, {'v': none}, 0.5)['v']
    assert [KINDS[kind] for kind in marks.kind] == ['background'] * 3
    assert len(marks.taken) == 0 and marks.average_precision == {}
