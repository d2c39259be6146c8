"""Makes data sets of training videos only: one side to train on, one held out to choose hyper-parameters on."""
from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from rpn_plugin.analysis.appearance import (
    Piece,
    TimedVideo,
    deal_groups,
    nearest_similarity,
    pieces_by_appearance,
    pieces_by_video,
)
from rpn_plugin.files import folder_written_whole, path_inside, read_json
from rpn_plugin.provenance import data_stamp, digest
from rpn_plugin.structures import SnippetClock, VideoSegments

SPLITS = ('videos', 'appearance')
"""What a split keeps together. ``videos``: every video, which is right where each is of its own. ``appearance``: pieces
of videos that look alike, in whichever videos they are, so that nothing held out resembles what was trained on; videos
are cut for it. That is for recordings composed of clips whose scenes several recordings share."""

SIDES = dict(fit='to fit on', held_out='to hold out')

MIN_SNIPPETS = 8  # of a cut video that is worth keeping


@dataclass(frozen=True)
class HeldOutSets:
    """K data sets on disk, fold k held out in the k-th.

    Args:
        roots: Folder of each, with ``annotations.json`` (subsets ``fit`` and ``held_out``) and ``features/<stream>``.
        notes: What they hold and how far apart the sides are, a line each.
    """

    roots: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of their folder, a digest of what they were made of."""
        return self.roots[0].parent.name

    def config(self, config: Config, fold: int) -> Config:
        """Return the same experiment, trained on what is left of the fold and tested on what is held out.

        Raises:
            ValueError: If the config does not say how to test.
        """
        if config.get('test_dataloader') is None:
            raise ValueError('Expected a config with test_dataloader, by which held-out videos are scored, but it is '
                             'None: its data have no segments to score against.')
        config = copy.deepcopy(config)
        dataset = config.train_dataloader.dataset
        place = dict(data_root=str(self.roots[fold]), ann_file='annotations.json', layout='plugin', recipe=None,
                     columns=None, data_prefix={stream: f'features/{stream}' for stream in dataset.data_prefix})
        dataset.update(subset='fit', **place)
        config.test_dataloader.dataset.update(subset='held_out', **place)
        return config


def write_held_out_sets(config: Config, folder: str | Path, split: str, folds: int, seed: int) -> HeldOutSets:
    """Make the data sets of a split, or take them as they are when they are there already.

    Only the entries and features of the training subset are read. Their segments decide where videos are cut and what
    is held out; of the side that is trained on, nothing but the labels of what is left of a video is written.

    Args:
        config: An experiment on an ``UntrimmedFeatureDataset``.
        folder: Where to write a folder that is named after all that is stated here and the training data.
        split: One of :data:`SPLITS`.
        folds: K, at least 2.
        seed: Of the dealing.

    Raises:
        ValueError: If an argument is not as above, the training videos have no segments, or there are too few of them
            for so many folds.
    """
    dataset = config.train_dataloader.dataset
    if split not in SPLITS or folds < 2:
        raise ValueError(f'Expected a split of {SPLITS} and at least 2 folds, but got {split!r} and {folds}.')
    if dataset.get('type') != 'UntrimmedFeatureDataset':
        raise ValueError(f'Expected an UntrimmedFeatureDataset to hold out videos of, but the config trains on '
                         f'{dataset.get("type")!r}.')
    root = Path(folder) / f'held_out_{digest([dataset, data_stamp(dataset), split, folds, seed])}'
    if not (root / 'split.json').is_file():
        _write(dataset, root, split, folds, seed)
    notes = read_json(root / 'split.json')['notes']
    return HeldOutSets(tuple(root / f'fold_{fold}' for fold in range(folds)), tuple(notes))


def _write(config: Mapping, root: Path, split: str, folds: int, seed: int) -> None:
    """Write everything into a folder beside ``root``, which then takes its place."""
    init_default_scope('mmaction')
    dataset = DATASETS.build(dict(config, test_mode=True, pipeline=[], cache_gib=0.0))
    items, timed = {}, {}
    for index in range(len(dataset)):
        item = dataset.get_data_info(index)
        timed[item['video_name']] = _timed(item)
        items[item['video_name']] = dict(item, features=None, index=index)  # no file is left open
    clocks = {item['clock'] for item in items.values()}
    if len(clocks) > 1:
        raise ValueError(f'{dataset.ann_file}: expected features at one stride, but got {len(clocks)} different ones; '
                         f'videos resampled to a fixed length cannot be cut.')
    clock = clocks.pop()
    if not any(len(video.labels) for video in timed.values()):
        raise ValueError(f'{dataset.ann_file}: the videos of subset {dataset.subset!r} have no segments, which '
                         f'choosing hyper-parameters on some of them needs.')
    pieces = pieces_by_appearance(timed) if split == 'appearance' else pieces_by_video(timed)
    fold_of = deal_groups(pieces, folds, seed)
    header = dict(classes=dataset.metainfo['classes'], feature=dict(
        fps=clock.fps, snippet_stride=clock.stride_frames, window=clock.window_frames, offset=clock.offset_frames))
    notes = [f'split by {split}: {len(timed)} training videos, {len(pieces)} pieces in '
             f'{len({piece.group for piece in pieces})} groups, dealt to {folds} folds']
    with folder_written_whole(root, overwrite=True) as temporary:
        for fold in range(folds):
            notes.append(_write_fold(temporary / f'fold_{fold}', header, pieces, fold_of == fold, timed, dataset,
                                     items, clock))
        (temporary / 'split.json').write_text(json.dumps(dict(notes=notes)), encoding='utf-8')


def _timed(item: Mapping) -> TimedVideo:
    """Take as appearance the features of the first stream of the config, which is RGB in all of ours."""
    features = np.asarray(next(iter(item['features'].values()))[:item['num_snippets']], dtype=np.float32)
    truth = VideoSegments.from_annotations(item['annotations'])
    borders = np.rint(item['clock'].to_borders(truth.segments)).astype(np.int64).clip(0, len(features))
    return TimedVideo(features, borders, list(truth.labels))


def _write_fold(root: Path, header: Mapping, pieces: Sequence[Piece], held_group: np.ndarray,
                timed: Mapping[str, TimedVideo], dataset: BaseDataset, items: Mapping[str, Mapping],
                clock: SnippetClock) -> str:
    """Write one data set; returns a line that says what is in it."""
    database: dict[str, dict[str, Any]] = {}
    means, counts = {}, {}
    for subset in ('fit', 'held_out'):
        masks = {video: np.zeros(len(of_video.features), dtype=bool) for video, of_video in timed.items()}
        for piece in pieces:
            masks[piece.video][piece.start:piece.end] = held_group[piece.group] == (subset == 'held_out')
        kept = {video: _cut(timed[video], mask, clock) for video, mask in masks.items()}
        kept = {video: annotated for video, annotated in kept.items()
                if annotated and masks[video].sum() >= MIN_SNIPPETS}
        for video, annotated in kept.items():
            entry: dict[str, Any] = dict(subset=subset, duration=clock.duration_sec(int(masks[video].sum())))
            if subset == 'held_out':
                entry['annotations'] = annotated
            else:
                entry['labels'] = sorted({annotation['label'] for annotation in annotated})
            database[f'{video}_{subset}'] = entry
            _write_features(root / 'features', f'{video}_{subset}', dataset.get_data_info(items[video]['index']),
                            masks[video])
        means[subset] = np.array([timed[video].features[start:end].mean(axis=0) for video in kept
                                  for start, end in timed[video].borders if masks[video][start:end].any()])
        counts[subset] = f'{len(kept)} videos with {sum(map(len, kept.values()))} instances'
        if not kept:
            raise ValueError(f'{root.name}: no training video is left {SIDES[subset]} when {len(timed)} videos in '
                             f'{len(held_group)} groups are dealt. Use fewer --folds, or another --split.')
    (root / 'annotations.json').write_text(json.dumps(dict(header, database=database)), encoding='utf-8')
    nearest = np.median(nearest_similarity(means['held_out'], means['fit']))
    return (f'{root.name}: {counts["fit"]} to fit on, {counts["held_out"]} held out; median cosine of a held-out '
            f'action to the nearest action to fit on: {nearest:.2f}')


def _cut(video: TimedVideo, mask: np.ndarray, clock: SnippetClock) -> list[dict]:
    """Return annotations of what the mask keeps of a video; instances that it takes away are gone."""
    place = np.append(0, mask.cumsum())  # kept snippets before each border
    return [dict(label=label, segment=[clock.to_seconds(int(border)) for border in (place[start], place[end])])
            for (start, end), label in zip(video.borders, video.labels, strict=True) if place[end] > place[start]]


def _write_features(root: Path, name: str, item: Mapping, mask: np.ndarray) -> None:
    """Write what the mask keeps of every stream; a link where that is a whole file."""
    for stream, features in item['features'].items():
        (root / stream).mkdir(parents=True, exist_ok=True)
        source, target = Path(item['feature_paths'][stream]), path_inside(root / stream, name, '.npy')
        whole = len(mask), features.shape[1]
        if mask.all() and source.suffix == '.npy' and np.load(source, mmap_mode='r').shape == whole:
            os.symlink(source.resolve(), target)
        else:
            np.save(target, features[:len(mask)][mask])
