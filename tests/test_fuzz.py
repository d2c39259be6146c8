"""Whatever a file holds, reading it gives a result or a fault that names the file; RPN_FUZZ_SECONDS makes it last."""
from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import published
import pytest
import torch
from fuzzing import Target, crash_of, mutate, replace_a_value
from made_videos import write_video
from mmengine.registry import init_default_scope
from tiny_model import model_config, write_checkpoint

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_readers import READERS
from rpn_plugin.datasets.feature_stores import open_store
from rpn_plugin.datasets.formats import LAYOUTS
from rpn_plugin.datasets.sidecars import Sidecar
from rpn_plugin.datasets.videos import VideoFile
from rpn_plugin.deployment import ModelFile
from rpn_plugin.evaluation import GroundTruth
from rpn_plugin.evaluation.results_file import read_detections, write_detections
from rpn_plugin.models.necks.cooccurrence_gcn import read_cooccurrence, write_cooccurrence
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization.curves import Curves

SECONDS = float(os.environ.get('RPN_FUZZ_SECONDS', 0))
"""To spend on every kind of file; 0 tries a few inputs."""
FEW = 12
VIDEO_SUFFIXES = ('.avi', '.mp4', '.mkv')
VIDEOS = published.made_videos()
VALUES = VIDEOS[0].features['rgb']


def read_annotations(name: str, path: Path) -> None:
    layout = LAYOUTS[name]
    read = layout.open(path)
    annotations = AnnotationFile.of(read, path, layout, read.classes or published.CLASSES)
    for video in annotations.database:
        for ask in (annotations.video_labels, annotations.video_segments, annotations.video_duration_sec):
            try:
                ask(video)
            except Fault as fault:
                assert video in str(fault)


def read_features(path: Path) -> None:
    open_store(str(path.parent / f'{{}}{path.suffix}'), 'rgb', [path.stem]).open(path.stem)


def read_all_features(path: Path) -> None:
    store = open_store(str(path), 'rgb', [video.name for video in VIDEOS])
    for video in VIDEOS:
        store.open(video.name)


def feature_file(folder: Path, suffix: str) -> Path:
    path = folder / f'video{suffix}'
    tensors = dict(rgb=torch.from_numpy(VALUES), flow=torch.zeros(1))
    if suffix == '.npy':
        np.save(path, VALUES)
    elif suffix == '.npz':
        np.savez_compressed(path, rgb=VALUES, flow=VALUES)
    elif suffix in ('.pt', '.pth'):
        torch.save(tensors, path, _use_new_zipfile_serialization=suffix == '.pt')
    elif suffix in ('.h5', '.hdf5'):
        with h5py.File(path, 'w') as file:
            file.create_dataset('group/rgb', data=VALUES, compression='gzip' if suffix == '.h5' else None)
    else:
        np.savetxt(path, VALUES, delimiter=',', header='a,b,c,d', comments='')
    return path


KINDS = [*(f'{name} annotations' for name in (*published.WRITERS, 'plugin')), 'labels in an Excel sheet',
         *(f'features {suffix}' for suffix in READERS), 'features of all videos', 'detections', "THUMOS14's detections",
         "ActionFormer's detections", 'ground truth', "THUMOS14's ground truth", "MMAction2's ground truth",
         'co-occurrence', 'curves', 'sidecar', 'checkpoint', 'config in a checkpoint',
         *(f'video {suffix}' for suffix in VIDEO_SUFFIXES)]


@pytest.fixture(scope='module')
def targets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    """Good files of every kind that the project reads."""
    init_default_scope('mmaction')
    folder = tmp_path_factory.mktemp('good')
    database = {video.name: dict(subset=video.subset, duration=video.duration, labels=video.labels,
                                 annotations=video.annotations) for video in VIDEOS}
    own = folder / 'annotations.json'
    own.write_text(json.dumps(dict(classes=published.CLASSES, feature=dict(fps=25, snippet_stride=16),
                                   database=database, ambiguous={VIDEOS[0].name: [[1, 2]]})))
    workbook = openpyxl.Workbook()
    for row in (['video', 'subset', 'duration', 'label'], ['a.mp4', 'train', 25.6, 'Diving'], [7, 'test', 3, 'Run']):
        workbook.active.append(row)
    workbook.save(folder / 'labels.xlsx')
    releases = {name: write(folder / name, VIDEOS) for name, write in published.WRITERS.items()}
    places = {name: release.annotations for name, release in releases.items()} | dict(plugin=own)
    found = VideoSegments(np.array([[1.0, 2.0], [3.0, 4.5]]), ['Diving', 'HighJump'], np.array([0.5, 0.25]))
    write_detections(folder / 'found.json', {video.name: found for video in VIDEOS[:3]})
    (folder / 'found.txt').write_text('video_test_0000001 1.0 2.5 26 0.9\nvideo_test_0000002 1 2 7 0.5\n')
    (folder / 'found.pkl').write_bytes(pickle.dumps({
        'video-id': [VIDEOS[0].name] * 600, 't-start': np.zeros(600, np.float32), 't-end': np.ones(600, np.float32),
        'label': np.arange(600) % 3, 'score': np.linspace(0, 1, 600)}))
    write_cooccurrence(folder / 'cooccurrence.csv', np.eye(3), published.CLASSES)
    Curves(('Diving', ), np.zeros((5, 1), np.float32), 0.0, 0.64).write(folder / 'curves.npz')
    Sidecar(dict(fps=25.0, snippet_stride=16), dict(stream='rgb'), dict(file='a.mp4', fps=25.0), (5, 4),
            '0').write(folder / 'a.json')
    checkpoint = write_checkpoint(folder / 'model.pth', model_config())
    every = [
        *(Target(f'{name} annotations', place, partial(read_annotations, name)) for name, place in places.items()),
        Target('labels in an Excel sheet', folder / 'labels.xlsx', partial(read_annotations, 'label_table')),
        *(Target(f'features {suffix}', feature_file(folder, suffix), read_features) for suffix in READERS),
        Target('features of all videos', Path(releases['wtalc'].features['rgb']), read_all_features),
        Target('detections', folder / 'found.json', read_detections),
        Target("THUMOS14's detections", folder / 'found.txt', read_detections),
        Target("ActionFormer's detections", folder / 'found.pkl', partial(
            read_detections, truth=GroundTruth.read(releases['actionformer'].annotations))),
        Target('ground truth', own, GroundTruth.read),
        Target("THUMOS14's ground truth", releases['thumos14'].annotations / 'thumos14-test-annotations',
               GroundTruth.read),
        Target("MMAction2's ground truth", releases['mmaction2'].annotations / 'anet_anno_val.json', GroundTruth.read),
        Target('co-occurrence', folder / 'cooccurrence.csv', read_cooccurrence),
        Target('curves', folder / 'curves.npz', Curves.read),
        Target('sidecar', folder / 'a.json', Sidecar.read),
        Target('checkpoint', checkpoint, read_model),
        Target('config in a checkpoint', checkpoint, read_model),
        *(Target(f'video {suffix}', write_video(folder / f'video{suffix}', 60), read_video)
          for suffix in VIDEO_SUFFIXES)]
    return {target.name: target for target in every}


def read_video(path: Path) -> None:
    for _, frame in VideoFile(path).frames():
        assert frame.image.dtype == np.uint8


def read_model(path: Path) -> None:
    ModelFile.read(path).build()


def mutate_config(target: Target, rng: random.Random, folder: Path) -> Path:
    """Replace values of the model that a checkpoint describes."""
    content = torch.load(target.seed, weights_only=True)
    root = dict(config=dict(model=model_config(), default_scope='mmaction'))
    for _ in range(rng.choice((1, 1, 3))):
        replace_a_value(root, rng)
    content['meta']['cfg'] = repr(root['config']) if rng.random() < 0.1 else f'model = {root["config"]!r}'
    torch.save(content, folder / target.seed.name)
    return folder / target.seed.name


@pytest.mark.filterwarnings('ignore:.*fork.*:DeprecationWarning')
@pytest.mark.parametrize('kind', KINDS)
def test_whatever_a_file_holds_it_is_read_or_named(kind, targets, tmp_path) -> None:
    target, rng = targets[kind], random.Random(f'{kind} {SECONDS}')
    change = mutate_config if kind == 'config in a checkpoint' else mutate
    end, tried = time.monotonic() + SECONDS, 0
    while tried < FEW or time.monotonic() < end:
        folder = tmp_path / str(tried)
        folder.mkdir()
        path = change(target, rng, folder)
        crash = crash_of(target.read, path)
        assert not crash, f'{path}, input {tried} of {kind}: {crash}'
        shutil.rmtree(folder)
        tried += 1
    print(f'{kind}: {tried} inputs')


def test_an_input_that_would_take_all_memory_or_time_is_a_crash(tmp_path) -> None:
    def take_memory(path: Path) -> None:
        np.ones(2**29)

    path = tmp_path / 'hostile.npy'
    path.touch()
    assert 'MemoryError' in crash_of(take_memory, path)
    assert 'SIGKILL' in crash_of(lambda path: os.kill(os.getpid(), signal.SIGKILL), path)
    assert 'names no file' in crash_of(lambda path: int('x'), path)
    assert not crash_of(lambda path: None, path)
