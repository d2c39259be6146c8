"""Video files as a data set, and a localizer that learns from them."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from made_videos import cut, moving_square, read_code, write_video
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.runner import Runner

from rpn_plugin.datasets.videos import VideoError
from rpn_plugin.models.backbones.weights import weights_hash

REPOSITORY = Path(__file__).resolve().parents[2]
RECIPE = dict(fps=25, snippet_stride=16, window=16)
COLOURS = dict(Red=(250, 20, 20), Blue=(20, 20, 250))


class VideoSet:
    """Videos of 5 and 7 snippets and their annotations, which a test may spoil."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.content = dict(classes=list(COLOURS), database={})
        for name, number, label in (('a', 80, 'Red'), ('b.v2', 112, 'Blue')):
            write_video(root / 'videos' / f'{name}.mp4', number)
            self.content['database'][name] = dict(
                subset='train', duration=number / 25, annotations=[dict(label=label, segment=[0.64, 1.28])])
        self.save()

    def save(self) -> None:
        (self.root / 'annotations.json').write_text(json.dumps(self.content))

    def config(self, *before: dict, **changes: object) -> dict:
        decode = dict(type='DecodeSnippets', clip_len=2, resize=dict(scale=(-1, 32)), crop_size=None)
        return dict(type='UntrimmedVideoDataset', data_root=str(self.root), ann_file='annotations.json', subset='train',
                    data_prefix=dict(rgb='videos'), recipe=RECIPE,
                    pipeline=[*before, decode, dict(type='PackUntrimmedInputs')]) | changes


@pytest.fixture
def videos(tmp_path) -> VideoSet:
    return VideoSet(tmp_path)


def codes(item: dict) -> list[int]:
    return [read_code(image.numpy()) for clip in item['inputs']['rgb'] for image in clip]


def test_items_hold_the_frames_of_their_snippets_and_labels_alone(videos) -> None:
    dataset = DATASETS.build(videos.config())
    assert [len(item['inputs']['rgb']) for item in dataset] == [5, 7]
    assert codes(dataset[1]) == [16 * snippet + place for snippet in range(7) for place in (7, 8)]
    sample = dataset[1]['data_samples']
    assert sample.gt_label.tolist() == [1] and sample.video_name == 'b.v2' and 'annotations' not in sample
    assert sample.duration_second == 4.48 and sample.clock.seconds_per_snippet == 0.64
    assert dataset.video_labels() == [[0], [1]]
    tested = DATASETS.build(videos.config(test_mode=True))[0]['data_samples']
    assert tested.annotations == [dict(segment=[0.64, 1.28], label='Red')]


def test_only_the_sampled_snippets_are_decoded(videos) -> None:
    np.random.seed(0)
    dataset = DATASETS.build(videos.config(dict(type='SampleSnippets', num_snippets=3, mode='strata')))
    found = codes(dataset[1])
    snippets = [(code - 7) // 16 for code in found[::2]]
    assert len(snippets) == 3 and snippets == sorted(set(snippets))
    assert found == [16 * snippet + place for snippet in snippets for place in (7, 8)]


def test_unusable_videos_are_named_before_training(videos) -> None:
    for name in ('gone', 'short', 'cut'):
        videos.content['database'][name] = dict(subset='train', duration=2.0, labels=['Red'])
    write_video(videos.root / 'videos' / 'short.mp4', 10)
    cut(write_video(videos.root / 'videos' / 'cut.mp4', 80), 0.5)
    videos.save()
    with pytest.raises(ValueError, match='cannot be used') as raised:
        DATASETS.build(videos.config())
    for message in ('gone.*: missing', 'short.mp4: 0.40 s are shorter than a window of 16 frames',
                    'cut.mp4: not a video'):
        assert message in str(raised.value)
    assert len(DATASETS.build(videos.config(missing='skip'))) == 2


def test_a_video_that_is_cut_off_is_named_when_it_is_read(videos) -> None:
    path = write_video(videos.root / 'videos' / 'b.v2.mp4', 112, options=dict(movflags='faststart'))
    dataset = DATASETS.build(videos.config())
    cut(path, 0.7)
    with pytest.raises(VideoError, match='b.v2.mp4: (damaged|truncated)'):
        dataset[1]


def test_json_files_beside_videos_are_nobodys_business(videos) -> None:
    (videos.root / 'videos' / 'a.json').write_text('{"title": "mine"}')
    assert len(DATASETS.build(videos.config())) == 2


def weights_at_random(recognizer: dict, path: Path) -> str:
    """A checkpoint of random convolutions whose batch normalization has seen the images to come."""
    torch.manual_seed(0)
    network = MODELS.build(dict(recognizer)).train()
    images = np.stack([moving_square(index, (None, *COLOURS.values())[index % 3]) for index in range(24)])
    inputs = torch.from_numpy(images).permute(0, 3, 1, 2)[:, None]
    with torch.no_grad():
        for _ in range(20):
            network(network.data_preprocessor(dict(inputs=list(inputs), data_samples=None))['inputs'], mode='tensor')
    torch.save(dict(state_dict=network.state_dict()), path)
    return str(path)


def test_an_action_is_learnt_from_videos_and_found_in_time(tmp_path) -> None:
    """A coloured square moves for a while; the label says which colour, never when."""
    rng = np.random.default_rng(0)
    database = {}
    for subset, number in (('train', 8), ('test', 4)):
        for index in range(number):
            label = list(COLOURS)[index % 2]
            start, length = int(rng.integers(1, 5)), int(rng.integers(3, 5))
            frames = range(8 * start, 8 * (start + length))
            write_video(tmp_path / 'videos' / f'{subset}_{index}.mp4', 80, image=lambda number: moving_square(
                number, COLOURS[label] if number in frames else None))  # noqa: B023  (called at once)
            segment = [0.32 * start, 0.32 * (start + length)]
            database[f'{subset}_{index}'] = dict(subset=subset, duration=3.2,
                                                 annotations=[dict(label=label, segment=segment)])
    (tmp_path / 'annotations.json').write_text(json.dumps(dict(classes=list(COLOURS), database=database,
                                                             feature=dict(fps=25, snippet_stride=8))))
    config = Config.fromfile(REPOSITORY / 'configs' / 'mixing' / 'rpn_tsn-r18_video.py')
    decode = dict(type='DecodeSnippets', resize=dict(scale=(-1, 32)), crop_size=32)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.update(data_root=str(tmp_path),
                              pipeline=[decode, dict(type='PackUntrimmedInputs')])
    config.model.localizer.neck.update(num_classes=2, init_gain=1.0)
    config.model.localizer.head.loss_clu.loss_weight = 0.0  # in 32 steps it may collapse: one seed in four did
    encoder = config.model.data_preprocessor.encoder
    encoder.checkpoint = weights_at_random(encoder.recognizer, tmp_path / 'resnet18.pth')
    config.merge_from_dict(dict(
        work_dir=str(tmp_path / 'work'), experiment_name=tmp_path.name, randomness=dict(seed=0),
        train_cfg=dict(max_epochs=8, val_interval=8), optim_wrapper=dict(optimizer=dict(lr=1e-3))))
    runner = Runner.from_cfg(config)
    before = weights_hash(runner.model.data_preprocessor)
    runner.train()
    assert weights_hash(runner.model.data_preprocessor) == before
    assert runner.test()['wtal/video_mAP'] == 1
    for batch in runner.test_dataloader:
        data = runner.model.data_preprocessor(batch)
        with torch.no_grad():
            cas = runner.model(data['inputs'], mode='tensor')['rgb'].cas.numpy()
        sample, = data['data_samples']
        start, end = (round(sample.clock.to_borders(second)) for second in sample.annotations[0]['segment'])
        inside = np.isin(np.arange(len(cas)), range(start, end))
        of_class = cas[:, int(sample.gt_label)]
        assert of_class[inside].mean() > of_class[~inside].mean()
