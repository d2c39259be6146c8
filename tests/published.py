"""A made set of videos, written as each public layout publishes its files: annotations and features."""
from __future__ import annotations

import json
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.evaluation.thumos_files import CLASS_OF_INDEX

CLASSES = ('CliffDiving', 'Diving', 'HighJump')
THUMOS14_CLASSES = tuple(sorted(CLASS_OF_INDEX.values()))
SECONDS = 16 / 25


@dataclass
class MadeVideo:
    """One video; segments lie on snippet borders, so that every layout can write them."""

    name: str
    subset: str
    annotations: list[dict[str, Any]]
    features: dict[str, np.ndarray]

    @property
    def duration(self) -> float:
        return SECONDS * len(self.features['rgb'])

    @property
    def labels(self) -> list[str]:
        return sorted({annotation['label'] for annotation in self.annotations})


@dataclass
class Release:
    """Where a layout's files were written, and what a reader must be told beside the layout's name.

    Args:
        annotations: File or folder.
        features: Stream to its place, as the reader wants it.
        subsets: Our names of subsets to the release's.
        recipe: If the layout does not state it.
        columns: If the layout does not state them.
    """

    annotations: Path
    features: dict[str, str]
    subsets: dict[str, str] = field(default_factory=lambda: dict(train='train', test='test'))
    recipe: dict[str, Any] | None = None
    columns: dict[str, tuple[int, int]] | None = None


def made_videos(num_train: int = 5, num_test: int = 3, width: int = 4,
                classes: tuple[str, ...] = CLASSES) -> list[MadeVideo]:
    """Videos named as THUMOS14's, with one or two classes each."""
    rng = np.random.default_rng(0)
    videos = []
    for index in range(num_train + num_test):
        length = int(rng.integers(14, 40))
        subset = 'train' if index < num_train else 'test'
        starts = np.sort(rng.choice(np.arange(1, length - 4, 3), 2 + index % 2, replace=False))
        labels = [classes[index % len(classes)], classes[(index + index % 2) % len(classes)]]
        annotations = [dict(label=labels[number % 2], segment=[round(float(start * SECONDS), 4),
                                                               round(float((start + 2) * SECONDS), 4)])
                       for number, start in enumerate(starts)]
        features = {stream: rng.standard_normal((length, width)).astype(np.float32) for stream in ('rgb', 'flow')}
        name = f'video_{"validation" if subset == "train" else "test"}_{index:07d}'
        videos.append(MadeVideo(name, subset, annotations, features))
    return videos


def joined(video: MadeVideo) -> np.ndarray:
    """(T, 2D), RGB first."""
    return np.concatenate([video.features['rgb'], video.features['flow']], axis=1)


def columns_of(video: MadeVideo) -> dict[str, tuple[int, int]]:
    """Of :func:`joined`."""
    width = video.features['rgb'].shape[1]
    return dict(rgb=(0, width), flow=(width, 2 * width))


def write_object_array(path: Path, values: list[Any], protocol: int = 4) -> None:
    """As ``numpy.save`` does, with a pickle protocol of choice (old releases have 2, of Python 2 or 3)."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    with path.open('wb') as file:
        np.lib.format.write_array_header_1_0(file, dict(descr='|O', fortran_order=False, shape=array.shape))
        pickle.dump(array, file, protocol=protocol)


def write_wtalc(root: Path, videos: list[MadeVideo], protocol: int = 2,
                classes: tuple[str, ...] = CLASSES) -> Release:
    folder = root / 'Thumos14reduced-Annotations'
    folder.mkdir(parents=True)
    names = dict(train='validation', test='test')
    np.save(folder / 'videoname.npy', np.array([video.name.encode() for video in videos]))
    np.save(folder / 'subset.npy', np.array([names[video.subset].encode() for video in videos]))
    np.save(folder / 'classlist.npy', np.array([label.encode() for label in classes]))
    np.save(folder / 'duration.npy', np.array([[video.duration] for video in videos]))
    np.save(folder / 'extracted_fps.npy', np.full(len(videos), 10))
    np.save(folder / 'original_fps.npy', np.full(len(videos), 30.0))
    write_object_array(folder / 'labels_all.npy', [[label.encode() for label in video.labels] for video in videos])
    write_object_array(folder / 'labels.npy',
                       [[part['label'].encode() for part in video.annotations] for video in videos])
    write_object_array(folder / 'segments.npy', [[part['segment'] for part in video.annotations] for video in videos])
    features = root / 'Thumos14reduced-I3D-JOINTFeatures.npy'
    write_object_array(features, [joined(video) for video in videos], protocol)
    return Release(folder, dict(rgb=str(features), flow=str(features)), dict(train='validation', test='test'),
                   columns=columns_of(videos[0]))


def write_basnet(root: Path, videos: list[MadeVideo]) -> Release:
    root.mkdir(parents=True, exist_ok=True)
    database = {video.name: dict(subset=video.subset, annotations=[
        dict(label=part['label'], segment=[str(border) for border in part['segment']]) for part in video.annotations])
        for video in videos}
    (root / 'gt.json').write_text(json.dumps(dict(database=database)))
    for subset in ('train', 'test'):
        names = [video.name for video in videos if video.subset == subset]
        (root / f'split_{subset}.txt').write_text('\n'.join(names) + '\n')
    for video in videos:
        for stream, array in video.features.items():
            path = root / 'features' / video.subset / stream / f'{video.name}.npy'
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array)
    return Release(root, {stream: str(root / 'features' / '{subset}' / stream) for stream in ('rgb', 'flow')})


def write_actionformer(root: Path, videos: list[MadeVideo]) -> Release:
    folder = root / 'i3d_features'
    folder.mkdir(parents=True)
    names = dict(train='Validation', test='Test')
    database = {video.name: dict(subset=names[video.subset], duration=video.duration, fps=25.0, annotations=[
        dict(part, label_id=CLASSES.index(part['label']), **{'segment(frames)': [25 * border for border in
                                                                                 part['segment']]})
        for part in video.annotations]) for video in videos}
    (root / 'thumos14.json').write_text(json.dumps(dict(version='Thumos14-30fps', database=database)))
    for video in videos:
        np.save(folder / f'{video.name}.npy', joined(video))
    return Release(root / 'thumos14.json', dict(rgb=str(folder), flow=str(folder)),
                   dict(train='validation', test='test'), dict(fps='video', snippet_stride=16, window=16),
                   columns_of(videos[0]))


def write_activitynet(root: Path, videos: list[MadeVideo]) -> Release:
    names = dict(train='training', test='validation')
    database = {video.name: dict(subset=names[video.subset], duration=video.duration, resolution='640x360', url='',
                                 annotations=video.annotations) for video in videos}
    database['withheld'] = dict(subset='testing', duration=12.0, resolution='640x360', url='', annotations=[])
    taxonomy = [dict(nodeName=label, nodeId=index, parentName='Root', parentId=99)
                for index, label in enumerate(CLASSES)] + [dict(nodeName='Root', nodeId=99, parentName=None,
                                                                parentId=None)]
    root.mkdir(parents=True, exist_ok=True)
    (root / 'activity_net.v1-2.min.json').write_text(json.dumps(
        dict(version='VERSION 1.2', taxonomy=taxonomy, database=database)))
    for video in videos:
        for stream, array in video.features.items():
            path = root / 'i3d' / stream / f'v_{video.name}.npy'
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array)
    return Release(root / 'activity_net.v1-2.min.json',
                   {stream: str(root / 'i3d' / stream / 'v_{}.npy') for stream in ('rgb', 'flow')},
                   dict(train='training', test='validation'), dict(fps=25, snippet_stride=16))


def write_thumos14(root: Path, videos: list[MadeVideo]) -> Release:
    names = dict(train='val', test='test')
    for subset, short in names.items():
        folder = root / f'thumos14-{short}-annotations'
        folder.mkdir(parents=True)
        for label in CLASSES:
            lines = [f'{video.name}  {part["segment"][0]} {part["segment"][1]}' for video in videos
                     if video.subset == subset for part in video.annotations if part['label'] == label]
            (folder / f'{label}_{short}.txt').write_text('\n'.join(lines) + '\n')
        first = next(video for video in videos if video.subset == subset)
        (folder / f'Ambiguous_{short}.txt').write_text(f'{first.name}  0.0 0.5\n')
    for video in videos:
        (root / 'i3d').mkdir(exist_ok=True)
        np.savez(root / 'i3d' / f'{video.name}.npz', **video.features)
    return Release(root, {stream: str(root / 'i3d') for stream in ('rgb', 'flow')},
                   dict(train='validation', test='test'), dict(fps=25, snippet_stride=16))


def write_mmaction2(root: Path, videos: list[MadeVideo]) -> Release:
    folder = root / 'csv_mean_100'
    folder.mkdir(parents=True)
    for subset in ('train', 'val'):
        (root / f'anet_anno_{subset}.json').write_text(json.dumps({
            video.name: dict(duration_second=video.duration, duration_frame=int(25 * video.duration), fps=25.0,
                             feature_frame=int(25 * video.duration), annotations=video.annotations)
            for video in videos if video.subset == dict(train='train', val='test')[subset]}))
    for video in videos:
        rows = [','.join(f'f{index}' for index in range(joined(video).shape[1]))]
        rows += [','.join(repr(float(value)) for value in row) for row in joined(video)]
        (folder / f'{video.name}.csv').write_text('\n'.join(rows) + '\n')
    return Release(root, dict(rgb=str(folder), flow=str(folder)), dict(train='train', test='val'),
                   columns=columns_of(videos[0]))


def write_label_table(root: Path, videos: list[MadeVideo]) -> Release:
    import torch
    root.mkdir(parents=True, exist_ok=True)
    lines = ['video,subset,duration,label,label'] + [
        ','.join([video.name, video.subset, f'{video.duration:.2f}', *video.labels]) for video in videos]
    (root / 'labels.csv').write_text('\n'.join(lines) + '\n')
    for video in videos:
        for stream, array in video.features.items():
            path = root / 'features' / stream / f'{video.name}.pt'
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(torch.from_numpy(array), path)
    return Release(root / 'labels.csv', {stream: str(root / 'features' / stream) for stream in ('rgb', 'flow')},
                   recipe=dict(fps=25, snippet_stride=16))


WRITERS = dict(wtalc=write_wtalc, basnet=write_basnet, actionformer=write_actionformer, activitynet=write_activitynet,
               thumos14=write_thumos14, mmaction2=write_mmaction2, label_table=write_label_table)


def write_documented_releases(root: Path) -> None:
    """The files that README.md and docs/layouts name; those of W-TALC's layout have all classes of THUMOS14."""
    videos = made_videos(width=8)
    write_wtalc(root, made_videos(20, 4, 1024, THUMOS14_CLASSES), classes=THUMOS14_CLASSES)
    write_basnet(root / 'THUMOS14', videos)
    release = write_actionformer(root / 'thumos', made_videos(width=1024))
    (root / 'thumos' / 'annotations').mkdir()
    release.annotations.rename(root / 'thumos' / 'annotations' / 'thumos14.json')
    write_activitynet(root, videos)
    write_thumos14(root / 'TH14_annotations', videos)
    (root / 'TH14_annotations' / 'i3d').rename(root / 'th14_features')
    write_mmaction2(root / 'activitynet', made_videos(width=200))
