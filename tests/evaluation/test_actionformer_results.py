"""ActionFormer's pickled results are read exactly, by the ground truth's numbers of classes, and never run."""
from __future__ import annotations

import json
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from published import CLASSES, made_videos, write_actionformer

from rpn_plugin.evaluation import GroundTruth
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.pickle_machine import UnsafePickleError
from rpn_plugin.structures import VideoSegments

VIDEOS = made_videos()


@pytest.fixture(scope='module')
def truth(tmp_path_factory) -> GroundTruth:
    return GroundTruth.read(write_actionformer(tmp_path_factory.mktemp('actionformer'), VIDEOS).annotations)


def results(number: int, seed: int = 0) -> dict:
    """As its evaluation collects them: one column after the other, videos one after the other."""
    rng = np.random.default_rng(seed)
    videos = sorted(rng.choice([video.name for video in VIDEOS], number).tolist())
    segments = np.sort(rng.uniform(0, 20, (number, 2)), axis=1).astype(np.float32)
    return {'video-id': videos, 't-start': segments[:, 0].copy(), 't-end': segments[:, 1].copy(),
            'label': rng.integers(len(CLASSES), size=number), 'score': rng.random(number).astype(np.float32)}


def write(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize('number', [0, 1, 5, 3000])  # the last one's arrays stay on disk until they are asked for
@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_every_detection_comes_back_under_the_name_of_its_class(truth, number: int, protocol: int, tmp_path) -> None:
    content = results(number)
    found = read_detections(write(tmp_path / 'eval_results.pkl', content, protocol), truth)
    rows = [(video, CLASSES[label], start, end, score) for video, label, start, end, score in zip(
        content['video-id'], *(content[name].tolist() for name in ('label', 't-start', 't-end', 'score')))]
    assert [(video, label, *segment, score) for video, entry in found.items() for segment, label, score in zip(
        entry.segments.tolist(), entry.labels, entry.scores.tolist())] == rows
    assert all(isinstance(entry, VideoSegments) for entry in found.values())


def test_a_file_that_would_run_code_is_refused_and_runs_nothing(truth, tmp_path) -> None:
    class RunsCode:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / 'it ran'), )

    path = write(tmp_path / 'eval_results.pkl', dict(results(3), label=RunsCode()))
    with pytest.raises(UnsafePickleError, match=r'eval_results.pkl: refused, since it holds a reference to \w+.mkdir'):
        read_detections(path, truth)
    assert not (tmp_path / 'it ran').exists()


@pytest.mark.parametrize('change, message', [
    (lambda content: [content], "expected ActionFormer's results, a dictionary with video-id, .* got .a list"),
    (lambda content: {'video-id': []}, "expected ActionFormer's results.*but got .'video-id'"),
    (lambda content: content | {'video-id': [1, 2, 3]}, 'expected "video-id" as a list of names'),
    (lambda content: content | {'score': np.zeros(2)}, 'expected "score" as 3 numbers, .* got shape .2,. of float64'),
    (lambda content: content | {'label': np.zeros(3)}, 'expected "label" as 3 numbers, .* got shape .3,. of float64'),
    (lambda content: content | {'label': np.array([0, 1, 7])}, r'no class has the number 7; known are \[0, 1, 2\]'),
    (lambda content: content | {'score': np.array([0, 1, np.nan])}, 'video video_.* has a score that is not finite'),
    (lambda content: content | {'t-end': np.array([0, 1, np.inf])}, 'video video_.*Expected finite segments'),
    (lambda content: content | {'t-end': None}, 'expected "t-end" as 3 numbers, .* but got None'),
])
def test_what_has_another_form_is_named(truth, change, message: str, tmp_path) -> None:
    path = write(tmp_path / 'eval_results.pkl', change(results(3)))
    with pytest.raises(ValueError, match=f'^{re.escape(str(path))}: {message}'):
        read_detections(path, truth)


def test_a_file_that_ends_too_early_is_damaged(truth, tmp_path) -> None:
    path = write(tmp_path / 'eval_results.pkl', results(3))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match='eval_results.pkl: damaged or incomplete'):
        read_detections(path, truth)


@pytest.mark.parametrize('more, message', [
    ({}, 'numbers its classes nowhere: expected a "label_id"'),
    (dict(classes=['Diving', 'HighJump']), None),
])
def test_numbers_are_places_in_the_list_of_classes_where_annotations_have_no_ids(more, message, tmp_path) -> None:
    database = dict(va=dict(annotations=[dict(label='Diving', segment=[0, 1])]))
    (tmp_path / 'truth.json').write_text(json.dumps(dict(database=database, **more)))
    truth = GroundTruth.read(tmp_path / 'truth.json')
    path = write(tmp_path / 'eval_results.pkl', results(3) | {'label': np.array([1, 0, 0])})
    if message:
        with pytest.raises(ValueError, match=f'truth.json: {message}'):
            read_detections(path, truth)
    else:
        found = read_detections(path, truth)
        assert [label for entry in found.values() for label in entry.labels] == ['HighJump', 'Diving', 'Diving']
    with pytest.raises(ValueError, match='its classes are numbers, which only a ground truth names'):
        read_detections(path)


def test_a_number_that_stands_for_two_classes_is_refused(tmp_path) -> None:
    annotations = [dict(label=label, segment=[0, 1], label_id=4) for label in ('Diving', 'HighJump')]
    (tmp_path / 'truth.json').write_text(json.dumps(dict(database=dict(va=dict(annotations=annotations)))))
    with pytest.raises(ValueError, match='truth.json: the label_id 4 stands for several classes'):
        GroundTruth.read(tmp_path / 'truth.json').class_names()
