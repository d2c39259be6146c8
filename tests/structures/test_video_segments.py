"""Segments of a video from annotations and from what localizers predict."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from rpn_plugin.structures import VideoSegments

pytestmark = pytest.mark.smoke

CLASSES = ('Diving', 'HighJump')
ANNOTATIONS = [dict(segment=(1, 2.5), label='Diving'), dict(segment=[0.1, 7], label='HighJump')]


def instances(kind=torch.tensor, labels=(1, 0)) -> dict:
    return dict(segments=kind([[0.0, 4.0], [6.0, 8.0]]), labels=kind(labels), scores=kind([0.9, 0.25]))


def plain(segments: VideoSegments) -> tuple:
    return segments.segments.tolist(), list(segments.labels), None if segments.scores is None else (
        segments.scores.tolist())


def test_annotations_keep_their_order_and_become_float64() -> None:
    truth = VideoSegments.from_annotations(ANNOTATIONS)
    assert plain(truth) == ([[1.0, 2.5], [0.1, 7.0]], ['Diving', 'HighJump'], None)
    assert truth.segments.dtype == np.float64
    assert plain(VideoSegments.from_annotations([])) == ([], [], None)


@pytest.mark.parametrize('segment', [[1.0, 2.0, 3.0], [0.0, float('nan')]])
def test_annotations_that_are_no_segments_are_refused(segment: list) -> None:
    with pytest.raises(ValueError, match='segments'):
        VideoSegments.from_annotations([dict(segment=segment, label='Diving')])


def test_a_sample_and_the_mapping_that_the_runner_makes_of_it_give_the_same() -> None:
    sample = ActionDataSample()
    sample.pred_instances = InstanceData(**instances())
    expected = ([[0.0, 4.0], [6.0, 8.0]], ['HighJump', 'Diving'], [torch.tensor(0.9).item(), 0.25])
    for each in (sample, sample.to_dict(), dict(pred_instances=instances(lambda values: torch.tensor(values).numpy()))):
        found = VideoSegments.from_sample(each, CLASSES)
        assert plain(found) == expected and isinstance(found.scores, np.ndarray)
    sample.pred_instances = sample.pred_instances[:0]
    assert plain(VideoSegments.from_sample(sample, CLASSES)) == ([], [], [])


@pytest.mark.parametrize('labels', [(0, 2), (-1, 0)])
def test_a_label_of_no_class_is_refused(labels: tuple) -> None:
    with pytest.raises(ValueError, match=r'labels in \[0, 2\).*from'):
        VideoSegments.from_sample(dict(pred_instances=instances(labels=labels)), CLASSES)


@pytest.mark.parametrize('rows', [slice(1, None), np.array([1]), np.array([False, True])])
def test_rows_are_taken_with_their_labels_and_scores(rows: slice | np.ndarray) -> None:
    found = VideoSegments.from_sample(dict(pred_instances=instances()), CLASSES)
    assert plain(found.take(rows)) == ([[6.0, 8.0]], ['Diving'], [0.25])
    assert plain(VideoSegments.from_annotations(ANNOTATIONS).take(rows)) == ([[0.1, 7.0]], ['HighJump'], None)
