"""What a whole evaluation reports and refuses."""
from __future__ import annotations

import numpy as np
import pytest

from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.protocols import Protocol
from rpn_plugin.structures import VideoSegments

PROTOCOL = Protocol('test', (0.25, 1 / 3, 0.5, 0.75), (0.25, 0.5))


def as_videos(entries: dict[str, list], scored: bool) -> dict[str, VideoSegments]:
    return {video: VideoSegments(np.array([entry[1] for entry in listed], dtype=np.float64).reshape(-1, 2),
                                 [entry[0] for entry in listed],
                                 np.array([entry[2] for entry in listed]) if scored else None)
            for video, listed in entries.items()}


def test_the_means_are_over_classes_and_averaged_thresholds() -> None:
    truth = as_videos({'va': [('Diving', (0, 4)), ('HighJump', (6, 8)), ('HighJump', (20, 22))]}, scored=False)
    found = as_videos({'va': [('Diving', (0, 2), 0.9), ('HighJump', (6, 8), 0.9)]}, scored=True)  # tIoU 0.5 and 1
    result = evaluate_localization(found, truth, PROTOCOL)
    assert result.classes == ('Diving', 'HighJump') and result.num_instances.tolist() == [1, 2]
    assert result.average_precision.tolist() == [[1, 1, 1, 0], [0.5] * 4]
    assert result.mean_ap.tolist() == [0.75, 0.75, 0.75, 0.25] and result.average_map == 0.75


def test_a_class_with_ground_truth_and_no_detection_counts_zero() -> None:
    truth = as_videos({'va': [('Diving', (0, 4)), ('HighJump', (6, 8))]}, scored=False)
    found = as_videos({'va': [('Diving', (0, 4), 0.9)]}, scored=True)
    result = evaluate_localization(found, truth, PROTOCOL)
    assert result.average_precision.tolist() == [[1.0] * 4, [0.0] * 4] and result.average_map == 0.5
    assert evaluate_localization({}, truth, PROTOCOL).mean_ap.tolist() == [0.0] * 4


def test_without_any_ground_truth_the_remedy_is_named() -> None:
    empty = VideoSegments(np.zeros((0, 2)), [])
    with pytest.raises(ValueError, match='No ground-truth segment in 2 videos.*Use a subset'):
        evaluate_localization({}, {'va': empty, 'vb': empty}, PROTOCOL)


@pytest.mark.parametrize('scores', [None, np.array([0.5, np.nan])])
def test_detections_without_a_usable_score_are_named(scores: np.ndarray | None) -> None:
    truth = as_videos({'va': [('Diving', (0, 4))]}, scored=False)
    found = {'vb': VideoSegments(np.array([[0.0, 1.0], [2.0, 3.0]]), ['Diving', 'Diving'], scores)}
    with pytest.raises(ValueError, match='video vb have a NaN score or none'):
        evaluate_localization(found, truth, PROTOCOL)


def test_segments_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match=r'finite segments, but got \[0.0, nan\]'):
        VideoSegments(np.array([[0.0, np.nan]]), ['Diving'])


@pytest.mark.parametrize('labels, scores, message', [
    (['Diving'], None, '2 segments, 1 labels and no scores'),
    (['Diving', 'Diving'], np.ones(1), '2 segments, 2 labels and 1 scores'),
    ([], np.ones(2), '2 segments, 0 labels and 2 scores'),
])
def test_fields_of_unequal_length_are_refused(labels: list, scores: np.ndarray | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VideoSegments(np.array([[0.0, 1.0], [2.0, 3.0]]), labels, scores)
