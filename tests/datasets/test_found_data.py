"""What a folder of features holds is found out, however it is laid out and its files are named."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rpn_plugin.datasets.found_data import choose_subsets, find_features
from rpn_plugin.datasets.sidecars import Sidecar

VIDEOS = {'a': 'train', 'b': 'train', 'ab': 'test'}
COLUMNS = dict(rgb=(0, 2), flow=(2, 4))


def write(root: Path, pattern: str, videos=VIDEOS, width: int = 4) -> None:
    for video in videos:
        path = root / pattern.format(video, subset=VIDEOS.get(video))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == '.npz':
            np.savez(path, rgb=np.ones((3, width)), flow=np.ones((3, width)))
        else:
            np.save(path, np.ones((3, width), np.float32))


@pytest.mark.parametrize('written, found', [
    (['{}.npy'], dict(rgb='{}.npy')), (['features/{}.npy'], dict(rgb='features/{}.npy')),
    (['rgb/{}.npy', 'flow/{}.npy'], dict(rgb='rgb/{}.npy', flow='flow/{}.npy')),
    (['features/audio/v_{}.npy', 'features/rgb/{}.mp4.npy'],
     dict(rgb='features/rgb/{}.mp4.npy', audio='features/audio/v_{}.npy')),
    (['x/{}_rgb.npy', 'x/{}-flow.npy'], dict(rgb='x/{}_rgb.npy', flow='x/{}-flow.npy')),
    (['x/{}.npy'], dict(x='x/{}.npy')),
    (['{}-flow.npy', '{}-rgb.npy'], dict(rgb='{}-rgb.npy', flow='{}-flow.npy')),
    (['{}_flow.npy'], dict(flow='{}_flow.npy')),
    (['{subset}/rgb/{}.npy', '{subset}/flow/{}.npy'], dict(rgb='{{subset}}/rgb/{}.npy',
                                                           flow='{{subset}}/flow/{}.npy')),
    (['{}.npz'], dict(rgb='{}.npz', flow='{}.npz'))])
def test_features_are_found_as_people_lay_them_out(tmp_path, written, found) -> None:
    for pattern in written:
        write(tmp_path, pattern)
    (tmp_path / 'labels.csv').write_text('a,Diving')
    features = find_features(tmp_path, VIDEOS, {})
    assert features.places == {stream: f'{tmp_path}/{place.replace("{{subset}}", "{subset}")}'
                               for stream, place in found.items()}
    assert list(features.places) == list(found) and features.videos(['train', 'test']) == VIDEOS.keys()


def test_a_folder_with_few_of_the_videos_is_no_stream_and_other_files_are_none(tmp_path) -> None:
    write(tmp_path, 'rgb/{}.npy')
    write(tmp_path, 'old/{}.npy', ['a'])
    write(tmp_path, 'rgb/{}.npy', ['unlabelled'])
    features = find_features(tmp_path, VIDEOS, {})
    assert list(features.places) == ['rgb'] and features.videos(['train', 'test']) - VIDEOS.keys() == {'unlabelled'}


def test_a_folder_of_something_else_has_no_features(tmp_path) -> None:
    write(tmp_path, 'rgb/{}.npy', ['c', 'd', 'banana'])
    (tmp_path / 'labels.csv').write_text('a,Diving')
    (tmp_path / 'a.mp4').touch()
    assert find_features(tmp_path, VIDEOS, {}) is None


@pytest.mark.parametrize('width, places, columns', [(4, ['rgb', 'flow'], COLUMNS), (3, ['rgb'], {})])
def test_channels_are_divided_only_where_there_are_so_many(tmp_path, width, places, columns) -> None:
    write(tmp_path, '{}.npy', width=width)
    features = find_features(tmp_path, VIDEOS, COLUMNS)
    assert list(features.places) == places and features.columns == columns


def test_the_stream_of_one_folder_is_the_one_that_a_description_names(tmp_path) -> None:
    write(tmp_path, '{}.npy')
    Sidecar(dict(fps=25, snippet_stride=16), dict(stream='flow'), dict(file='b.mp4', duration=2.0), (3, 4), '1').write(
        tmp_path / 'b.json')
    assert list(find_features(tmp_path, VIDEOS, {}).places) == ['flow']


@pytest.mark.parametrize('names, scored, chosen', [
    (['train', 'test'], ['test'], dict(train='train', test='test')),
    (['training', 'validation', 'testing'], ['training', 'validation'], dict(train='training', test='validation')),
    (['validation', 'test'], ['validation', 'test'], dict(train='validation', test='test')),
    (['Train', 'val', 'Test'], ['val', 'Test'], dict(train='Train', test='Test')),
    (['train', 'test'], [], dict(train='train', test='test')), (['train', 'other'], [], dict(train='train')),
    (['all'], ['all'], dict(train='all'))])
def test_subsets_are_chosen_by_their_names_and_by_what_is_annotated(names, scored, chosen) -> None:
    database = {name: dict(subset=name, annotations=[{}] if name in scored else []) for name in names}
    assert choose_subsets(database) == chosen


@pytest.mark.parametrize('names', [['one', 'two'], ['train_a', 'train_b', 'test']])
def test_subsets_that_do_not_tell_are_asked_for(names) -> None:
    with pytest.raises(ValueError, match='cannot be told which to train on. Name it: --subsets train='):
        choose_subsets({name: dict(subset=name) for name in names})
