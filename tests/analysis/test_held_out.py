"""Held-out data sets: what they hold, and what they never read."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import DATASETS
from mmengine.config import Config

from rpn_plugin.analysis.held_out import write_held_out_sets
from rpn_plugin.datasets.synthetic import CLOCK, SyntheticSettings

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def data(synthetic) -> Path:
    return synthetic(SyntheticSettings(num_train=9, num_test=3, median_snippets=60))


def read_config() -> Config:
    return Config.fromfile(REPOSITORY / 'configs' / 'rpn_synthetic.py')


def snippets(root: Path, video: str) -> np.ndarray:
    return np.load(root / 'features' / 'flow' / f'{video}.npy')


def borders(segment: list[float]) -> list[int]:
    return [round(float(CLOCK.to_borders(second))) for second in segment]


@pytest.mark.parametrize('split', ['appearance', 'videos'])
def test_held_out_instances_are_those_of_the_training_videos_with_their_features(data, tmp_path, split) -> None:
    sets = write_held_out_sets(read_config(), tmp_path / 'sets', split, 3, 0)
    original = json.loads((data / 'annotations.json').read_text())['database']
    left = {video: [(annotation['label'], snippets(data, video)[slice(*borders(annotation['segment']))].tobytes())
                    for annotation in entry['annotations']]
            for video, entry in original.items() if entry['subset'] == 'train'}
    for root in sets.roots:
        database = json.loads((root / 'annotations.json').read_text())['database']
        assert {entry['subset'] for entry in database.values()} == {'fit', 'held_out'}
        for name, entry in database.items():
            if entry['subset'] == 'fit':
                assert set(entry) == {'subset', 'duration', 'labels'} and entry['labels']
                continue
            features = snippets(root, name)
            assert CLOCK.duration_sec(len(features)) == pytest.approx(entry['duration'])
            for annotation in entry['annotations']:
                instance = features[slice(*borders(annotation['segment']))].tobytes()
                left[name.removesuffix('_held_out')].remove((annotation['label'], instance))  # once, in one fold
    assert sum(map(len, left.values())) <= (0 if split == 'videos' else 5), 'only cut videos may be too short to keep'


def test_no_snippet_is_on_both_sides_and_whole_videos_are_linked(data, tmp_path) -> None:
    for split in ('appearance', 'videos'):
        for root in write_held_out_sets(read_config(), tmp_path / split, split, 2, 0).roots:
            sides = {side: {row.tobytes() for path in (root / 'features' / 'rgb').glob(f'*_{side}.npy')
                            for row in np.load(path)} for side in ('fit', 'held_out')}
            assert sides['fit'] and sides['held_out'] and not sides['fit'] & sides['held_out']
    assert all(path.is_symlink() for path in (tmp_path / 'videos').rglob('*.npy'))


def test_a_split_by_appearance_separates_clips_that_several_videos_share(tiny, tmp_path) -> None:
    rng = np.random.default_rng(1)
    clips = 3 * rng.standard_normal((6, 16))  # six clips, each in four of eight videos
    for index in range(8):
        video = f'train_{index}'
        order = [(index + step) % 6 for step in range(3)]
        features = np.concatenate([clips[clip] + 0.1 * rng.standard_normal((6, 16)) for clip in order])
        tiny.content['database'][video].update(duration=0.64 * 18, annotations=[
            dict(label='Diving', segment=[0.64 * 6 * place, 0.64 * 6 * (place + 1)]) for place in range(3)])
        for stream in ('rgb', 'flow'):
            tiny.write_features(stream, video, features.astype(np.float16))
    tiny.save()
    config = Config(dict(train_dataloader=dict(dataset=tiny.config('train'))))
    for root in write_held_out_sets(config, tmp_path / 'sets', 'appearance', 2, 0).roots:
        seen = {side: {int(np.linalg.norm(clips - row, axis=1).argmin())
                       for path in (root / 'features' / 'rgb').glob(f'*_{side}.npy') for row in np.load(path)}
                for side in ('fit', 'held_out')}
        assert seen['fit'] and seen['held_out'] and not seen['fit'] & seen['held_out']


def test_the_folds_config_trains_and_tests_on_it(data, tmp_path) -> None:
    config = read_config()
    sets = write_held_out_sets(config, tmp_path / 'sets', 'videos', 3, 0)
    held_out = []
    for fold in range(3):
        changed = sets.config(config, fold)
        train = DATASETS.build(changed.train_dataloader.dataset)
        test = DATASETS.build(changed.test_dataloader.dataset)
        assert len(train) + len(test) == 9 and 'annotations' not in train.get_data_info(0)
        held_out += [test.get_data_info(index)['video_name'] for index in range(len(test))]
        assert changed.train_dataloader.dataset.pipeline == config.train_dataloader.dataset.pipeline
    assert sorted(held_out) == [f'train_{index:04d}_held_out' for index in range(9)]
    assert config.train_dataloader.dataset.subset == 'train'


def test_what_is_there_is_taken_and_an_interrupted_writing_is_not(data, tmp_path) -> None:
    first = write_held_out_sets(read_config(), tmp_path / 'sets', 'videos', 2, 0)
    written = first.roots[0].stat().st_mtime_ns
    assert write_held_out_sets(read_config(), tmp_path / 'sets', 'videos', 2, 0) == first
    assert first.roots[0].stat().st_mtime_ns == written
    (data / 'features' / 'flow' / 'train_0003.npy').write_bytes(b'torn')
    with pytest.raises(ValueError, match='train_0003'):
        write_held_out_sets(read_config(), tmp_path / 'other', 'videos', 2, 0)
    assert not any((tmp_path / 'other').glob('held_out_*/split.json'))


def test_other_data_and_other_seeds_have_sets_of_their_own(data, tmp_path) -> None:
    names = {write_held_out_sets(read_config(), tmp_path / 'sets', 'videos', 2, seed).name for seed in (0, 1)}
    features = data / 'features' / 'rgb' / 'train_0000.npy'
    np.save(features, 2 * np.load(features))
    names.add(write_held_out_sets(read_config(), tmp_path / 'sets', 'videos', 2, 0).name)
    assert len(names) == 3 == len(list((tmp_path / 'sets').iterdir()))


def test_too_few_videos_for_the_folds_are_refused(data, tmp_path) -> None:
    with pytest.raises(ValueError, match='fold_9: no training video is left to hold out when 9 videos in 9 groups'):
        write_held_out_sets(read_config(), tmp_path / 'sets', 'videos', 10, 0)


def test_what_cannot_be_split_is_refused(data, tmp_path) -> None:
    with pytest.raises(ValueError, match="split of .*'videos', 'appearance'"):
        write_held_out_sets(read_config(), tmp_path / 'sets', 'classes', 2, 0)
    with pytest.raises(ValueError, match='at least 2 folds'):
        write_held_out_sets(read_config(), tmp_path / 'sets', 'videos', 1, 0)
    content = json.loads((data / 'annotations.json').read_text())
    for entry in content['database'].values():
        entry['labels'] = sorted({annotation['label'] for annotation in entry.pop('annotations')})
    (data / 'annotations.json').write_text(json.dumps(content))
    with pytest.raises(ValueError, match="subset 'train' have no segments"):
        write_held_out_sets(read_config(), tmp_path / 'sets', 'videos', 2, 0)
