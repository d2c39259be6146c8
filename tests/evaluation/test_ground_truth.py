"""A ground truth is read once and whole; what is wrong in it is named by file, video and value."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from published import CLASSES, made_videos, write_mmaction2, write_thumos14

from rpn_plugin.evaluation import GroundTruth
from rpn_plugin.structures import VideoSegments


def save(path: Path, value: object) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def content(videos: dict[str, VideoSegments]) -> dict[str, list]:
    return {video: [entry.segments.tolist(), list(entry.labels), entry.scores] for video, entry in videos.items()}


def database() -> dict:
    return dict(
        va=dict(subset='train', annotations=[dict(label='Diving', segment=[0, 1.5])]),
        vb=dict(subset='test', annotations=[dict(label='HighJump', segment=['2.5', '4']),  # BaS-Net writes strings
                                            dict(label='Diving', segment=[0.1, 0.3])]),
        vc=dict(subset='test', annotations=[]),
        vd=dict(subset='test'))


def test_ground_truth_of_a_subset_keeps_its_videos_without_instances(tmp_path: Path) -> None:
    path = save(tmp_path / 'truth.json', dict(database=database()))
    test = dict(vb=[[[2.5, 4.0], [0.1, 0.3]], ['HighJump', 'Diving'], None], vc=[[], [], None], vd=[[], [], None])
    assert content(GroundTruth.read(path, 'test').segments) == test
    assert content(GroundTruth.read(path).segments) == dict(va=[[[0.0, 1.5]], ['Diving'], None]) | test


def test_an_unknown_subset_is_refused_by_those_of_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / 'truth.json', dict(database=database()))
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}: no video in subset 'validation'.*'test', 'train'"):
        GroundTruth.read(path, 'validation')


@pytest.mark.parametrize('annotation', [
    dict(segment=[1, 2]),
    dict(label='Diving'),
    dict(label='Diving', segment=[1, 2, 3]),
    dict(label='Diving', segment=['start', 2]),
    'Diving',
])
def test_a_malformed_annotation_is_named_by_file_video_and_value(annotation: object, tmp_path: Path) -> None:
    path = save(tmp_path / 'truth.json', dict(database=dict(vb=dict(subset='test', annotations=[annotation]))))
    message = f'{path}: video vb has the entry {annotation!r}; expected {{"label", "segment": [start, end]}}'
    with pytest.raises(ValueError, match=re.escape(message)):
        GroundTruth.read(path)


@pytest.mark.parametrize('entry', [[], dict(annotations=5), dict(annotations=None)])
def test_odd_ground_truth_is_named_by_file_and_video(entry: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='truth.json: video va has'):
        GroundTruth.read(save(tmp_path / 'truth.json', dict(database=dict(va=entry))))


def test_what_does_not_depend_on_the_subset_is_that_of_the_whole_file(tmp_path: Path) -> None:
    videos = database()
    videos['va']['duration'], videos['vb']['duration'] = 7.5, 10
    path = save(tmp_path / 'truth.json', dict(database=videos, classes=['Unseen', 'Diving'], ambiguous=dict(
        va=[[0, 1]], elsewhere=[])))
    for subset in ('test', 'train', None):
        truth = GroundTruth.read(path, subset)
        assert truth.classes == {'Diving', 'HighJump', 'Unseen'}
        assert [truth.duration_sec(video) for video in ('va', 'vb', 'vc', 'unknown')] == [7.5, 10.0, None, None]
        assert {video: intervals.tolist() for video, intervals in truth.ambiguous.items()} == dict(
            va=[[0.0, 1.0]], elsewhere=[])
        assert all(intervals.shape[1:] == (2, ) for intervals in truth.ambiguous.values())


@pytest.mark.parametrize('duration', [0, -1, 'long', True, float('nan'), None, 1e300])
def test_a_wrong_duration_is_named_where_it_is_asked_for(duration: object, tmp_path: Path) -> None:
    videos = database()
    videos['vb']['duration'] = duration
    truth = GroundTruth.read(save(tmp_path / 'truth.json', dict(database=videos)))
    with pytest.raises(ValueError, match=rf'truth\.json: video vb has the duration {re.escape(repr(duration))}'):
        truth.duration_sec('vb')
    assert truth.duration_sec('va') is None


@pytest.mark.parametrize('ambiguous, message', [
    ([], 'expected "ambiguous" as {video: .*, but got []'), (dict(vb=[[1, 2, 3]]), 'video vb has the ambiguous'),
    (dict(vb=[['late', 2]]), 'video vb has the ambiguous'),
    (dict(vb=[[0, float('inf')]]), 'video vb has the ambiguous'),
])
def test_ambiguous_intervals_of_another_form_are_named(ambiguous: object, message: str, tmp_path: Path) -> None:
    path = save(tmp_path / 'truth.json', dict(database=database(), ambiguous=ambiguous))
    with pytest.raises(ValueError, match=message.replace('[]', r'\[\]')):
        GroundTruth.read(path)


@pytest.mark.parametrize('classes', ['Diving', dict(Diving=0), [0, 1]])
def test_classes_of_another_form_are_named(classes: object, tmp_path: Path) -> None:
    path = save(tmp_path / 'truth.json', dict(database=database(), classes=classes))
    with pytest.raises(ValueError, match=f'{re.escape(str(path))}: expected "classes" as a list of names'):
        GroundTruth.read(path)


@pytest.mark.parametrize('text, key', [
    ('{"database": {"va": {"subset": "test"}, "vb": {}, "va": {}}}', 'va'),
    ('{"database": {}, "database": {}}', 'database'),
    ('{"database": {"va": {"annotations": [], "annotations": []}}}', 'annotations'),
    ('{"database": {}, "ambiguous": {"va": [], "va": []}}', 'va'),
])
def test_a_key_that_stands_twice_is_refused(text: str, key: str, tmp_path: Path) -> None:
    path = save(tmp_path / 'truth.json', text)
    with pytest.raises(ValueError, match=f'{re.escape(str(path))}: .*twice.*{key}'):
        GroundTruth.read(path)


def annotated(subset: str) -> dict[str, list]:
    """What the made videos of a subset have, in the order of their names and times."""
    return {video.name: sorted((part['segment'], part['label']) for part in video.annotations)
            for video in made_videos() if video.subset == subset}


def read_back(truth: GroundTruth) -> dict[str, list]:
    return {video: sorted(zip(entry.segments.tolist(), entry.labels)) for video, entry in truth.segments.items()}


def test_the_folder_of_thumos14s_text_files_is_a_ground_truth(tmp_path: Path) -> None:
    truth = GroundTruth.read(write_thumos14(tmp_path, made_videos()).annotations, 'test')
    assert read_back(truth) == annotated('test') and {*truth.subsets.values()} == {'test'}
    assert truth.class_names() == dict(enumerate(CLASSES)) and truth.classes == {*CLASSES}
    assert len(truth.ambiguous) == 2 and all(found.tolist() == [[0, 0.5]] for found in truth.ambiguous.values())
    with pytest.raises(ValueError, match='no <Class>_val.txt or <Class>_test.txt below it'):
        GroundTruth.read(tmp_path / 'i3d')


def test_mmaction2s_annotations_are_a_ground_truth(tmp_path: Path) -> None:
    path = write_mmaction2(tmp_path, made_videos()).annotations / 'anet_anno_val.json'
    truth = GroundTruth.read(path)
    assert read_back(truth) == annotated('test')
    video = next(video for video in made_videos() if video.subset == 'test')
    assert truth.duration_sec(video.name) == video.duration
    with pytest.raises(ValueError, match='no video in subset'):
        GroundTruth.read(path, 'validation')
