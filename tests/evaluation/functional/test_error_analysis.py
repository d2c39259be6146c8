"""Every detection has one kind and every instance is found or missed."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.functional.error_analysis import KINDS, analyse_errors, precision_recall
from rpn_plugin.evaluation.protocols import Protocol
from rpn_plugin.structures import VideoSegments

LABELS = ('Diving', 'CliffDiving')


def videos(*entries: tuple) -> dict[str, VideoSegments]:
    """Entries (video, label, start, end[, score]) by video."""
    found: dict[str, list] = {}
    for entry in entries:
        found.setdefault(entry[0], []).append(entry)
    return {video: VideoSegments(np.array([entry[2:4] for entry in rows], dtype=float), [entry[1] for entry in rows],
                                 np.array([entry[4] for entry in rows], dtype=float) if len(rows[0]) > 4 else None)
            for video, rows in found.items()}


TRUTH = videos(('a', 'Diving', 0, 10), ('a', 'CliffDiving', 20, 30), ('b', 'Diving', 0, 4))


@pytest.mark.parametrize('detection, kind', [
    (('a', 'Diving', 0, 9, 0.5), 'true positive'),
    (('a', 'Diving', 0, 3, 0.5), 'localization'),
    (('a', 'Diving', 20, 29, 0.5), 'confusion'),
    (('a', 'Diving', 20, 22, 0.5), 'confusion'),
    (('a', 'Diving', 40, 50, 0.5), 'background'),
    (('unknown', 'Diving', 0, 10, 0.5), 'background'),
    (('a', 'Waving', 0, 10, 0.5), 'confusion'),
])
def test_each_kind(detection: tuple, kind: str) -> None:
    assert KINDS[analyse_errors(videos(detection), TRUTH).kind[0]] == kind


def test_the_second_detection_of_an_instance_is_a_duplicate_whatever_the_order_in_the_file() -> None:
    found = videos(('a', 'Diving', 0, 9, 0.4), ('a', 'Diving', 0, 10, 0.9))
    assert [KINDS[kind] for kind in analyse_errors(found, TRUTH).kind] == ['duplicate', 'true positive']


def test_misses_carry_their_length_and_company() -> None:
    analysis = analyse_errors(videos(('a', 'Diving', 0, 10, 0.5)), TRUTH)
    assert analysis.missed == (('a', 'CliffDiving', 10.0, 2), ('b', 'Diving', 4.0, 1))
    assert analysis.recall_by(analysis.length_sec, (0, 5, np.inf)) == [('[0, 5)', 1, 0.0), ('5 up', 2, 0.5)]
    assert [count for _, count, _ in analysis.recall_by(analysis.length_sec, (0, 4, 10, np.inf))] == [0, 1, 2]
    name, count, recall = analysis.recall_by(analysis.crowd, (5, 9))[0]
    assert (name, count) == ('[5, 9)', 0) and np.isnan(recall)


def test_the_budget_counts_by_class() -> None:
    found = videos(*(('a', 'Diving', 0, 10, 0.9 - 0.1 * index) for index in range(4)), ('a', 'Waving', 50, 60, 0.9))
    analysis = analyse_errors(found, TRUTH)
    assert analysis.rank.tolist() == [0.0, 0.5, 1.0, 1.5, np.inf]
    assert analysis.shares(1).tolist() == [0.5, 0.5, 0, 0, 0]
    assert analysis.shares(100).tolist() == [0.25, 0.75, 0, 0, 0]  # a class without instances is beyond any budget
    assert analysis.shares().tolist() == [0.2, 0.6, 0, 0, 0.2]
    assert np.isnan(analysis.shares(0)).all()


ENTRIES = st.tuples(st.sampled_from('ab'), st.sampled_from(LABELS), st.integers(0, 20), st.integers(1, 10))
TRUTHS = st.lists(ENTRIES, min_size=1, max_size=8)
FOUND = st.lists(st.tuples(ENTRIES, st.sampled_from([0.1, 0.5, 0.9])), max_size=12)


@settings(max_examples=60, deadline=None)
@given(TRUTHS, FOUND)
def test_counts_agree_with_the_evaluator(truths, found) -> None:
    truth = videos(*((video, label, start, start + length) for video, label, start, length in truths))
    detected = videos(*((video, label, start, start + length, score)
                        for (video, label, start, length), score in found))
    analysis = analyse_errors(detected, truth, 0.5)
    true_positives = int((analysis.kind == 0).sum())
    assert true_positives == analysis.found.sum() == len(truths) - len(analysis.missed)
    result = evaluate_localization(detected, truth, Protocol('test', (0.5, ), (0.5, )))
    curves = precision_recall(detected, truth, 0.5)
    for row, name in enumerate(result.classes):
        recall, precision = curves[name]
        envelope = [max(precision[place:]) for place in range(len(precision))]
        steps = np.diff(np.r_[0, recall])
        assert (steps * envelope).sum() == pytest.approx(result.average_precision[row, 0])


@pytest.mark.parametrize('tiou', [0.1, 0.0, 1.5])
def test_a_threshold_outside_its_range_is_refused(tiou: float) -> None:
    with pytest.raises(ValueError, match=r'tIoU in \(0.1, 1\]'):
        analyse_errors({}, TRUTH, tiou)


def test_no_ground_truth_is_refused() -> None:
    with pytest.raises(ValueError, match='No ground-truth segment'):
        analyse_errors({}, {'a': VideoSegments(np.zeros((0, 2)), [])})
