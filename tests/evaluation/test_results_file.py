"""Files of detections: exact round trips, whole files, errors that name file, video and value."""
from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.evaluation import GroundTruth, results_file
from rpn_plugin.evaluation.results_file import read_detections, write_detections, write_detections_csv
from rpn_plugin.structures import LONGEST_SEC, VideoSegments

finite = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.floats(-LONGEST_SEC, LONGEST_SEC)
entries = st.tuples(seconds, seconds, st.sampled_from(['Diving', 'Saut à la perche', '跳水']), finite)
ONE = {'va': VideoSegments(np.array([[1.0, 2.0]]), ['Diving'], np.array([0.5]))}


def content(videos: dict[str, VideoSegments]) -> dict[str, list]:
    """Everything that a file holds, in its order."""
    return {video: [found.segments.tolist(), list(found.labels),
                    None if found.scores is None else found.scores.tolist()]
            for video, found in videos.items()}


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.lists(entries, max_size=3), max_size=3))
def test_detections_come_back_to_the_last_bit_and_in_order(videos: dict[str, list]) -> None:
    detections = {video: VideoSegments(np.array([entry[:2] for entry in listed]).reshape(-1, 2),
                                       [entry[2] for entry in listed], np.array([entry[3] for entry in listed]))
                  for video, listed in videos.items()}
    with tempfile.TemporaryDirectory() as folder:
        write_detections(Path(folder) / 'found.json', detections)
        back = read_detections(Path(folder) / 'found.json')
    assert repr(content(back)) == repr(content(detections))  # tells -0.0 from 0.0


numbers = st.one_of(st.integers(-10**7, 10**7), seconds)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.lists(st.fixed_dictionaries(dict(
    label=st.text(max_size=5), segment=st.tuples(numbers, numbers), score=st.one_of(st.integers(), finite))),
    max_size=3), max_size=3))
def test_the_usual_form_and_one_with_a_field_more_are_read_alike(results: dict[str, list]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [save(Path(folder) / name, dict(results=results, **more))
                 for name, more in (('a.json', dict(external_data={'a:b': [1]})), ('b.json', dict(model='x')))]
        usual, other = (content(read_detections(path)) for path in paths)
    assert repr(usual) == repr(other)


def test_the_usual_form_is_read_without_its_entries_as_objects(tmp_path: Path, monkeypatch) -> None:
    write_detections(tmp_path / 'found.json', ONE)
    monkeypatch.delattr(results_file, 'read_entries')
    assert content(read_detections(tmp_path / 'found.json')) == content(ONE)


def test_single_precision_detections_come_back_as_they_were(tmp_path: Path) -> None:
    found = VideoSegments(np.float32([[0.1, 1 / 3]]), np.array(['Diving']), np.float32([0.7]))
    write_detections(tmp_path / 'found.json', {'va': found})
    assert content(read_detections(tmp_path / 'found.json')) == content({'va': found})


def test_the_file_has_the_form_of_an_activitynet_submission(tmp_path: Path) -> None:
    write_detections(tmp_path / 'found.json', ONE)
    written = json.loads((tmp_path / 'found.json').read_text())
    assert written['results'] == {'va': [{'label': 'Diving', 'score': 0.5, 'segment': [1.0, 2.0]}]}
    assert written.keys() == {'version', 'results', 'external_data'}


def test_writing_makes_the_folder_and_leaves_nothing_but_the_file(tmp_path: Path) -> None:
    for _ in range(2):  # the second time over the first
        write_detections(str(tmp_path / 'new' / 'runs' / 'found.json'), ONE)
    assert [path.name for path in (tmp_path / 'new' / 'runs').iterdir()] == ['found.json']


def test_an_existing_file_survives_detections_that_cannot_be_written(tmp_path: Path) -> None:
    write_detections(tmp_path / 'found.json', ONE)
    with pytest.raises(TypeError):
        write_detections(tmp_path / 'found.json', {'va': VideoSegments(np.zeros((1, 2)), [object()], np.ones(1))})
    assert content(read_detections(tmp_path / 'found.json')) == content(ONE)
    assert [path.name for path in tmp_path.iterdir()] == ['found.json']


def test_an_existing_file_survives_a_disk_that_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_detections(tmp_path / 'found.json', ONE)
    write_text = Path.write_text

    def half(path: Path, text: str, **options: str) -> None:
        write_text(path, text[:len(text) // 2], **options)
        raise OSError('no space left on device')

    monkeypatch.setattr(Path, 'write_text', half)
    with pytest.raises(OSError, match='no space'):
        write_detections(tmp_path / 'found.json', {'vb': ONE['va']})
    assert content(read_detections(tmp_path / 'found.json')) == content(ONE)


def save(path: Path, value: object) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize('entry', [
    dict(segment=[1, 2], score=0.5),
    dict(label='Diving', score=0.5),
    dict(label='Diving', segment=[1, 2]),
    dict(label='Diving', segment=[1, 2, 3], score=0.5),
    dict(label='Diving', segment=[1], score=0.5),
    dict(label='Diving', segment=[1, 'late'], score=0.5),
    dict(label='Diving', segment=None, score=0.5),
    dict(label='Diving', segment=[[1, 2]], score=0.5),
    dict(label='Diving', segment=[None, 2], score=0.5),
    dict(label='Diving', segment={'1': 1, '2': 2}, score=0.5),
    dict(label='Diving', segment=[1, 2], score=[0.5]),
    dict(label='Diving', segment=[1, 2], score='high'),
    dict(label='Diving', segment=[1, 2], score=None),
    [1, 2, 0.5],
    'Diving',
])
def test_a_malformed_detection_is_named_by_file_video_and_value(entry: object, tmp_path: Path) -> None:
    good = dict(label='Diving', segment=[1, 2], score=1)
    path = save(tmp_path / 'found.json', dict(results=dict(va=[], vb=[good, entry, good, 'Diving'])))
    wanted = '{"label", "segment": [start, end], "score"}'
    message = f'{path}: video vb has the entry {entry!r}; expected {wanted}'
    with pytest.raises(ValueError, match=re.escape(message)):
        read_detections(path)


@pytest.mark.parametrize('read, key', [(read_detections, 'results'), (GroundTruth.read, 'database')])
def test_another_kind_of_file_is_named_beside_what_was_expected(read, key: str, tmp_path: Path) -> None:
    path = tmp_path / 'file.json'
    with pytest.raises(ValueError, match=f'{re.escape(str(path))}: not a JSON file'):
        read(save(path, '{"results": '))
    with pytest.raises(ValueError, match=f'{re.escape(str(path))}: expected a JSON object, but got a list'):
        read(save(path, []))
    for other in ({}, {key: []}, {key: None}):
        with pytest.raises(ValueError, match=f'{re.escape(str(path))}: expected a JSON object with .*"{key}"'):
            read(save(path, other))


@pytest.mark.parametrize('content', [
    dict(results=dict(va=None)), dict(results=dict(va=5)), dict(results=dict(va={})),
    dict(results=dict(va=[dict(label='A', segment='12', score=0.5)])),
    dict(results=dict(va=[dict(label=None, segment=[1, 2], score=0.5)])),
    dict(results=dict(va=[dict(label='A', segment=[1, 10**400], score=0.5)])),
    dict(results=dict(va=[dict(label='A', segment=[1, 2], score=float('nan'))])),
])
def test_odd_detections_are_named_by_file_and_video(content: dict, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='found.json: video va has'):
        read_detections(save(tmp_path / 'found.json', content))


@pytest.mark.parametrize('text, key', [
    ('{"results": {"va": [], "vb": [], "va": []}}', 'va'),
    ('{"results": {"va": []}, "results": {}}', 'results'),
    ('{"results": {"va": [{"label": "A", "segment": [0, 1], "score": 0.5, "score": 0.9}]}}', 'score'),
    ('{"results": {"va": [{"label": ":", "segment": [0, 1], "score": 0.5}], "vb": [], "vb": []}}', 'vb'),
    ('{"results": {}, "external_data": {"a": 1, "a": "\\u003a"}}', 'a'),
])
def test_a_key_that_stands_twice_is_refused(text: str, key: str, tmp_path: Path) -> None:
    path = save(tmp_path / 'found.json', text)
    with pytest.raises(ValueError, match=f'{re.escape(str(path))}: .*twice.*{key}'):
        read_detections(path)


@pytest.mark.parametrize('write', [write_detections, write_detections_csv])
def test_ground_truth_is_not_written_as_detections(write, tmp_path: Path) -> None:
    truth = VideoSegments(np.array([[0.0, 1.0]]), ['Diving'])
    with pytest.raises(ValueError, match='video vb have .* no scores'):
        write(tmp_path / 'found', {'vb': truth})
    assert not list(tmp_path.iterdir())


def test_a_score_that_json_cannot_hold_is_refused_before_the_file_is_touched(tmp_path: Path) -> None:
    write_detections(tmp_path / 'found.json', ONE)
    bad = VideoSegments(np.array([[0.0, 1.0]]), ['Diving'], np.array([np.inf]))
    with pytest.raises(ValueError, match='video vb have a score that is not finite'):
        write_detections(tmp_path / 'found.json', {'vb': bad})
    assert content(read_detections(tmp_path / 'found.json')) == content(ONE)
