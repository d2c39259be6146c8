"""What is written is what the clips hold, whole or not at all, the same from every kind of source."""
from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from clip_data import ucf101_clips, write_clips, write_ucf101_lists
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from rpn_plugin.datasets.composition import CompositionSettings, compose
from rpn_plugin.datasets.composition.statistics import summarize
from rpn_plugin.structures import SnippetClock

REPOSITORY = Path(__file__).resolve().parents[3]
CLASSES = ('Diving', 'HighJump')
CLOCK = SnippetClock(fps=25, stride_frames=16, window_frames=16)


class ClipSet:
    """Made clips of two action and four background classes on disk, which a test may spoil before they are read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clips = ucf101_clips((*CLASSES, 'Biking', 'Bowling', 'Rowing', 'Skiing'), groups=6, per_group=3)
        self.split = write_ucf101_lists(root / 'splits', self.clips, test_groups=2)
        self.sources = {stream: root / stream for stream in ('rgb', 'flow')}
        for folder in self.sources.values():
            write_clips(folder, self.clips, width=5)

    def file(self, stream: str, name: str) -> Path:
        return self.sources[stream] / self.clips[name][0] / f'{name}.npy'

    def compose(self, **changes: object):
        options = {name: changes.pop(name) for name in ('overwrite', 'progress') if name in changes}
        settings = CompositionSettings(**dict(classes=CLASSES, clock=CLOCK, share=0.7, dtype='float32') | changes)
        return compose(self.sources, self.split, settings, self.root / 'out', **options)

    def left_over(self) -> list[str]:
        """What lies beside clips and lists."""
        return sorted(path.name for path in self.root.iterdir() if path.name not in ('splits', *self.sources))


@pytest.fixture
def clips(tmp_path: Path) -> ClipSet:
    return ClipSet(tmp_path)


def read(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob('*') if file.is_file()}


def brute_force(clips: ClipSet, stream: str, pieces: list[dict], soft: int) -> np.ndarray:
    """The features of a video by plain concatenation, then one blended snippet after the other."""
    hard = np.concatenate([np.load(clips.file(stream, piece['clip']))
                           [piece['clip_start']:piece['clip_start'] + piece['snippets'][1] - piece['snippets'][0]]
                           for piece in pieces])
    result = hard.copy()
    for start, end in (piece['snippets'] for piece in pieces if piece['label'] in CLASSES):
        for inside in range(soft):
            other = (soft - inside) / (2 * soft + 1)
            if start > 0:
                result[start + inside] = (1 - other) * hard[start + inside] + other * hard[start - 1]
            if end < len(hard):
                result[end - 1 - inside] = (1 - other) * hard[end - 1 - inside] + other * hard[end]
    return result


@pytest.mark.parametrize('soft', [0, 1, 2])
@pytest.mark.parametrize('clock', [CLOCK, SnippetClock(fps=30, stride_frames=8, window_frames=32)])
def test_features_and_segments_are_those_of_the_pieces(clips, soft, clock) -> None:
    made = clips.compose(soft_snippets=soft, clock=clock, instance_sec=(4 * clock.seconds_per_snippet, 9))
    content = json.loads(made.ann_file.read_text())
    used = Counter()
    for video, entry in content['database'].items():
        pieces = entry['pieces']
        used.update(piece['clip'] for piece in pieces)
        for piece in pieces:
            label, in_test = clips.clips[piece['clip']][0], piece['clip'].split('_')[2] <= 'g02'
            assert piece['label'] == label and (entry['subset'] == 'test') is in_test
        for stream in clips.sources:
            features = np.load(made.ann_file.parent / 'features' / stream / f'{video}.npy')
            expected = brute_force(clips, stream, pieces, soft)
            assert features.shape == expected.shape and np.allclose(features, expected, atol=1e-6)
            for piece in pieces:  # exact but where it fades
                start, end = np.add(piece['snippets'], (soft, -soft) if piece['label'] in CLASSES else 0)
                assert np.array_equal(features[start:end], expected[start:end])
        borders = [[round(float(clock.to_borders(second)), 6) for second in annotation['segment']]
                   for annotation in entry['annotations']]
        actions = [piece for piece in pieces if piece['label'] in CLASSES]
        assert borders == [piece['snippets'] for piece in actions]
        assert [annotation['label'] for annotation in entry['annotations']] == [piece['label'] for piece in actions]
    assert set(used.values()) == {1} and sum(made.used.values()) == len(used)
    assert sum(made.used.values()) + sum(made.unused.values()) == len(clips.clips)


def test_the_data_set_reads_what_was_written_without_complaint(clips, monkeypatch) -> None:
    said: list[str] = []
    for level in ('info', 'warning'):
        monkeypatch.setattr(MMLogger.get_current_instance(), level, lambda message, *_: said.append(message))
    made = clips.compose(dtype='float16')
    features = made.ann_file.parent / 'features'
    for subset, test_mode in (('train', False), ('test', True)):
        dataset = DATASETS.build(dict(
            type='UntrimmedFeatureDataset', ann_file=str(made.ann_file), subset=subset, test_mode=test_mode,
            feature_dim=5, data_prefix={stream: str(features / stream) for stream in clips.sources}))
        assert len(dataset) == made.statistics[subset]['videos'] and dataset.metainfo['classes'] == CLASSES
        for index in range(len(dataset)):
            item = dataset.get_data_info(index)
            assert item['clock'] == CLOCK and item['features']['rgb'].dtype == np.float16
            assert item['duration_second'] == pytest.approx(CLOCK.duration_sec(len(item['features']['rgb'])))
    assert not said


def test_every_kind_of_source_gives_the_same_bytes_and_another_seed_does_not(clips, tmp_path) -> None:
    expected = read(clips.compose().ann_file.parent)
    files = sorted((path for path in clips.sources['rgb'].rglob('*.npy')), reverse=True)
    with zipfile.ZipFile(tmp_path / 'rgb.zip', 'w') as archive:
        for path in files:
            archive.write(path, path.name)
    with tarfile.open(tmp_path / 'flow.tar.gz', 'w:gz') as archive:
        archive.add(clips.sources['flow'], 'flow')
    clips.sources = dict(rgb=tmp_path / 'rgb.zip', flow=tmp_path / 'flow.tar.gz')
    clips.split.reverse()
    assert read(clips.compose(overwrite=True).ann_file.parent) == expected
    changed = read(clips.compose(overwrite=True, seed=1).ann_file.parent)
    assert changed.keys() != expected.keys() or changed != expected


def test_clips_of_other_classes_and_of_no_list_are_left_out_and_counted(clips) -> None:
    np.save(clips.sources['rgb'] / 'stray.npy', np.zeros((3, 5)))
    np.save(clips.sources['flow'] / 'v_Diving_g99_c01.npy', np.zeros((3, 5)))
    (clips.sources['rgb'] / 'notes.txt').touch()
    made = clips.compose(background=('Bowling', 'Rowing', 'Skiing'))
    assert made.unused['not in the split'] == 2 and made.unused['of other classes'] == 18
    assert any('passed over 1 files that are no .npy' in remark for remark in made.remarks)
    labels = {piece['label'] for entry in json.loads(made.ann_file.read_text())['database'].values()
              for piece in entry['pieces']}
    assert labels == {*CLASSES, 'Bowling', 'Rowing', 'Skiing'}


def test_groups_and_clips_in_both_subsets_are_told(clips) -> None:
    train, test = (next(name for name in clips.clips if f'Diving_g{group}' in name) for group in ('06', '01'))
    for stream in clips.sources:
        shutil.copy(clips.file(stream, train), clips.file(stream, test))
    lists = clips.split[1].read_text() + 'Diving/v_Diving_g03_c01.avi\n'
    clips.split[1].write_text(lists)
    clips.split[0].write_text(clips.split[0].read_text().replace('Diving/v_Diving_g03_c01.avi 1\n', ''))
    remarks = ' '.join(clips.compose(instance_sec=(0.64, 16), soft_snippets=0).remarks)
    assert '1 groups of UCF101 (clips of one scene) are in both subsets of the split: Diving_g03' in remarks
    assert f'have the same features (1 times across train and test): {test} = {train}' in remarks


def spoil_width(path: Path) -> None:
    np.save(path, np.zeros((9, 4), np.float32))


def spoil_length(path: Path) -> None:
    np.save(path, np.zeros((99, 5), np.float32))


def spoil_value(path: Path) -> None:
    array = np.load(path)
    array[1, 2] = np.nan
    np.save(path, array)


def spoil_size(path: Path) -> None:
    np.save(path, np.load(path) + np.float32(1e6))


def spoil_kind(path: Path) -> None:
    np.save(path, np.zeros((9, 5), int))


@pytest.mark.parametrize('spoil, message', [
    (Path.unlink,
     r'flow: 1 clips of .*trainlist01.txt have no features of stream flow: {name}\. Extract'),
    (spoil_width, r'{name}.npy: expected D=5 as in the other clips, but got D=4'),
    (spoil_length,
     r'Clip {name} has another number of snippets .*: .*rgb/.*{name}.npy has \d+, .*flow/.*{name}.npy has 99'),
    (spoil_value, '{name}.npy: NaN or infinite in 1 of'),
    (spoil_size, r'{name}.npy: 1e\+06 is too large for float16. Ask for a wider dtype'),
    (spoil_kind, '{name}.npy: expected float16, float32 or float64 .* got int64'),
])
def test_bad_clips_are_named_and_leave_nothing_behind(clips, spoil, message) -> None:
    name = max((name for name in clips.clips if name.startswith('v_Diving_g04')), key=lambda name: clips.clips[name][1])
    spoil(clips.file('flow', name))
    with pytest.raises(ValueError, match=message.format(name=name)):
        clips.compose(dtype='float16')
    assert clips.left_over() == []


def test_unknown_classes_are_named_beside_the_known(clips) -> None:
    with pytest.raises(ValueError, match='No clip of Climbing in .*; the classes there are Biking, Bowling, Diving, '
                                         'HighJump, Rowing, Skiing'):
        clips.compose(background=('Climbing', 'Biking'))


def test_an_existing_folder_is_replaced_only_if_asked_and_only_if_it_is_a_data_set(clips) -> None:
    before = read(clips.compose().ann_file.parent)
    with pytest.raises(FileExistsError, match='out is there already. Name another folder, or allow it'):
        clips.compose(seed=1)
    assert read(clips.root / 'out') == before
    clips.compose(seed=1, overwrite=True)
    assert read(clips.root / 'out') != before
    (clips.root / 'out' / 'annotations.json').unlink()
    with pytest.raises(FileExistsError, match='is no data set'):
        clips.compose(overwrite=True)
    with pytest.raises(ValueError, match="the clips' features .*rgb, .*flow lie in it"):
        compose(clips.sources, clips.split, CompositionSettings(CLASSES, CLOCK), clips.root, overwrite=True)


def test_an_interruption_leaves_the_old_set_and_nothing_else(clips) -> None:
    before = read(clips.compose().ann_file.parent)

    def interrupted(items, what, number):
        yield next(iter(items))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clips.compose(seed=1, overwrite=True, progress=interrupted)
    assert read(clips.root / 'out') == before and clips.left_over() == ['out']


def test_the_defaults_give_what_ucf101_untrimmed_has(shared_data, tmp_path) -> None:
    """As many long clips of each class and subset as instances there, and background enough."""
    real = json.loads((shared_data / 'ucf101-untrimmed' / 'annotations.json').read_text())
    rng = np.random.default_rng(0)
    arrays, lists = {}, {}
    for subset in ('train', 'test'):
        counts = Counter(annotation['label'] for entry in real['database'].values() if entry['subset'] == subset
                         for annotation in entry['annotations'])
        names = [f'{label}/{subset}_{label}_{index}' for label, number in [*counts.items(), ('ground', 1600)]
                 for index in range(number)]
        arrays.update({Path(name).name: np.zeros((int(rng.integers(25, 60)), 1), np.float16) for name in names})
        lists[subset] = tmp_path / f'{subset}list01.txt'
        lists[subset].write_text('\n'.join(f'{name}.avi' for name in names))
    np.savez(tmp_path / 'clips.npz', **arrays)
    pairs = {('BasketballDunk', 'Basketball'): 0.5, ('BodyWeightSquats', 'BenchPress'): 0.5}
    made = compose(dict(rgb=tmp_path / 'clips.npz'), list(lists.values()),
                   CompositionSettings(tuple(real['classes']), CLOCK, pairs=pairs), tmp_path / 'out')
    for subset, tolerance in (('train', 0.1), ('test', 0.2)):
        theirs, ours = summarize(real, subset), made.statistics[subset]
        assert ours['instances'] == theirs['instances']
        for name in ('videos', 'hours', 'share'):
            assert ours[name] == pytest.approx(theirs[name], rel=tolerance), name
        for name in ('adjacent', 'two_classes'):
            assert ours[name] == pytest.approx(theirs[name], abs=tolerance), name
        for name in ('video_sec', 'instance_sec', 'video_share'):  # 5 %, median, 95 %
            assert ours[name][1:4] == pytest.approx(theirs[name][1:4], rel=0.35), name
        assert ours['instances_per_video'][1:4] == pytest.approx(theirs['instances_per_video'][1:4], abs=1)
    theirs, ours = summarize(real, 'train')['together'], made.statistics['train']['together']
    assert all(ours[pair] == pytest.approx(theirs[pair], abs=0.15) for pair in pairs)


def test_a_network_learns_when_actions_happen(tmp_path, monkeypatch) -> None:
    scores = {}
    for name, signal in (('clear', 4.0), ('noise', 0.0)):
        clips = ClipSet(tmp_path / name)
        for folder in clips.sources.values():
            write_clips(folder, clips.clips, width=8, signal=signal)
        clips.compose(video_sec=(15, 40))
        monkeypatch.setenv('RPN_SYNTHETIC_ROOT', str(clips.root / 'out'))
        config = Config.fromfile(REPOSITORY / 'configs' / 'rpn_synthetic.py')
        config.merge_from_dict({
            'work_dir': str(tmp_path / name / 'work'), 'experiment_name': name, 'randomness': dict(seed=0),
            'model.localizer.embedding': dict(in_channels=8, channels=[16]), 'model.localizer.head.in_channels': 16,
            'model.localizer.neck': dict(num_classes=2, channels=[16, 16]), 'optim_wrapper.optimizer.lr': 5e-3,
            'train_cfg': dict(max_epochs=20, val_interval=20)})
        runner = Runner.from_cfg(config)
        runner.train()
        logged = runner.message_hub.log_scalars
        scores[name] = next(value.current() for key, value in logged.items() if 'mAP_avg' in key)
    assert scores['clear'] > 0.3 > 2 * scores['noise']
