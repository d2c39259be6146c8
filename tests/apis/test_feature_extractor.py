"""From a video to a feature file, against the frames and the backbone taken by hand."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from damaged_videos import remux
from made_recognizers import RECOGNIZER, write_recognizers
from made_videos import cut, write_video
from mmengine.config import Config

from rpn_plugin.apis import FeatureExtractor
from rpn_plugin.apis.feature_extractor import clip_of, first_step, read_test_pipeline
from rpn_plugin.datasets.sidecars import Sidecar
from rpn_plugin.datasets.videos import VideoError, VideoFile
from rpn_plugin.structures import SnippetClock

REPOSITORY = Path(__file__).resolve().parents[2]
CLOCK = SnippetClock(25, 16, 16)


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> Path:
    """A folder with configs and weights of encoders."""
    return write_recognizers(tmp_path_factory.mktemp('encoder'))


def extractor(files: Path, name: str = 'rgb', **settings: object) -> FeatureExtractor:
    clock = settings.pop('clock', CLOCK)
    return FeatureExtractor(Config.fromfile(files / f'{name}.py'), files / f'{name}.pth', clock, name, **settings)


def test_features_are_those_of_the_middle_frames(files, tmp_path) -> None:
    path = write_video(tmp_path / 'a.mp4', 100, 30)  # 3.33 s: 84 frames at 25 fps, 5 windows
    one = extractor(files, batch_size=2)
    seen = []
    features, sidecar = one.extract(path, seen.append)
    assert features.shape == (5, 512) and features.dtype == np.float32 and seen == [2, 2, 1]
    frames = [frame.image for _, frame in VideoFile(path).frames()]
    backbone = one.encoder.recognizer.backbone
    for index, feature in enumerate(features):
        image = frames[int((16 * index + 7) * 30 / 25)][:, 24:56]  # the source frame at that time, its centre
        x = (torch.from_numpy(image.copy()).float() - torch.tensor([1., 2, 3])) / torch.tensor([4., 5, 6])
        with torch.no_grad():
            expected = backbone(x.permute(2, 0, 1)[None]).mean(dim=(0, 2, 3))
        np.testing.assert_allclose(feature, expected.numpy(), atol=1e-4, rtol=1e-4)
    assert sidecar.source == dict(file='a.mp4', bytes=path.stat().st_size, fps=30.0, frames=100,
                                  duration=pytest.approx(100 / 30))
    np.testing.assert_allclose(extractor(files, batch_size=16).extract(path)[0], features, atol=1e-3)


def test_weights_at_random_are_always_the_same_labelled_and_never_fetched(files, tmp_path, capfd) -> None:
    config = Config.fromfile(files / 'rgb.py')
    config.model.backbone.update(pretrained='https://nowhere.invalid/resnet18.pth')
    config.model.update(init_cfg=dict(type='Pretrained', checkpoint='https://nowhere.invalid/tsn.pth'))
    path, out = write_video(tmp_path / 'a.mp4', 40), tmp_path / 'out'
    state = torch.random.get_rng_state()
    assert FeatureExtractor(config, 'random', CLOCK).extract_to(path, out)
    assert not FeatureExtractor(config, 'random', CLOCK).extract_to(path, out)
    assert torch.equal(torch.random.get_rng_state(), state) and 'Initialized by' not in ''.join(capfd.readouterr())
    sidecar = Sidecar.read(out / 'a.json')
    assert sidecar.is_dry_run and sidecar.encoder['weights'].startswith('random, sha256:')
    assert not extractor(files).extract(path)[1].is_dry_run
    assert config.model.backbone.pretrained, 'the config of the caller is left alone'


def test_what_is_there_is_left_alone_and_what_differs_is_made_again(files, tmp_path) -> None:
    path, out = write_video(tmp_path / 'a.mp4', 80), tmp_path / 'out'
    first = extractor(files)
    assert first.extract_to(path, out)
    assert sorted(entry.name for entry in out.iterdir()) == ['a.json', 'a.npy']
    written = Sidecar.read(out / 'a.json')
    assert written.clock == CLOCK and written.shape == [5, 512]
    assert written.encoder | dict(weights='', resize='') == dict(
        stream='rgb', flow=None, frames=[7], resize='', crop=32, backbone='ResNet', weights='')
    assert not extractor(files).extract_to(path, out)
    for changed in (dict(clock=SnippetClock(25, 8, 16)), dict(clock=SnippetClock(12.5, 16)), dict()):
        assert extractor(files, **changed).extract_to(path, out)
    first.encoder.recognizer.backbone.conv1.conv.weight.data += 0.1
    torch.save(dict(state_dict=first.encoder.recognizer.state_dict()), tmp_path / 'other.pth')
    other = FeatureExtractor(Config.fromfile(files / 'rgb.py'), tmp_path / 'other.pth', CLOCK)
    assert other.extract_to(path, out) and not other.extract_to(path, out)
    write_video(path, 90)
    assert other.extract_to(path, out)
    np.save(out / 'a.npy', np.zeros((4, 512), np.float32))  # not what its sidecar says
    assert other.extract_to(path, out)
    (out / 'a.json').write_text('{')
    assert other.extract_to(path, out)


def test_an_interruption_leaves_no_features_that_look_complete(files, tmp_path, monkeypatch) -> None:
    path, out = write_video(tmp_path / 'a.mp4', 80), tmp_path / 'out'
    extractor(files).extract_to(path, out)
    slow = extractor(files, clock=SnippetClock(25, 8, 16))
    monkeypatch.setattr(Sidecar, 'write', lambda self, path: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        slow.extract_to(path, out)
    assert [entry.name for entry in out.iterdir()] == ['a.npy']
    assert not slow.is_done(path, out / 'a.npy')


def test_the_features_of_a_damaged_video_say_so_and_stay_at_their_time(files, tmp_path) -> None:
    path, one = write_video(tmp_path / 'a.mkv', 500, codec='mjpeg', pixels='yuvj420p'), extractor(files)
    whole, _ = one.extract(path)
    holed, sidecar = one.extract(remux(path, lambda number, time_sec: None if 80 <= number < 100 else time_sec))
    assert sidecar.source['damage'] == [['missing', 3.2, 4.0]] and holed.shape == whole.shape
    assert [bool(same) for same in np.isclose(holed, whole).all(axis=1)] == [True] * 5 + [False] + [True] * 25


def test_flow_goes_through_a_flow_recognizer(files, tmp_path) -> None:
    def moving(index: int) -> np.ndarray:
        return np.roll(np.random.default_rng(0).integers(0, 256, (32, 80, 3), np.uint8), 2 * index, axis=1)

    path = write_video(tmp_path / 'a.mkv', 33, codec='ffv1', image=moving)
    features, sidecar = extractor(files, 'flow', flow='dis').extract(path)
    assert features.shape == (2, 512) and sidecar.encoder['flow'] == 'dis'
    with pytest.raises(ValueError, match='reads 3 channels'):
        FeatureExtractor(Config.fromfile(files / 'rgb.py'), None, CLOCK, 'flow', flow='dis').extract(path)


def test_short_and_cut_videos_leave_nothing(files, tmp_path) -> None:
    for path, message in ((write_video(tmp_path / 'one.mp4', 1), '1 frames, 0.04 s, are shorter than a window of 16'),
                          (cut(write_video(tmp_path / 'half.mkv', 200), 0.5), 'truncated')):
        with pytest.raises(VideoError, match=message):
            extractor(files).extract_to(path, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_what_the_hosts_configs_say_is_read() -> None:
    mim = Path(importlib.util.find_spec('mmaction').origin).parent / '.mim' / 'configs' / 'recognition'
    if not mim.is_dir():
        pytest.skip('mmaction2 is installed without its configs')
    expected = {
        'tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_kinetics400-rgb.py': ((1, 1), 224),
        'tsn/tsn_imagenet-pretrained-r50_8xb32_5x1x3-110e_kinetics400-flow.py': ((5, 1), 224),
        'i3d/i3d_imagenet-pretrained-r50_8xb8-32x2x1-100e_kinetics400-rgb.py': ((32, 2), 256),
        'slowonly/slowonly_imagenet-pretrained-r50_8xb16-8x8x1-steplr-150e_kinetics400-rgb.py': ((8, 8), 256),
    }
    for name, (clip, crop) in expected.items():
        steps = read_test_pipeline(Config.fromfile(mim / name))
        assert clip_of(steps, torch.nn.Module(), 16) == clip
        assert first_step(steps, ('CenterCrop', 'ThreeCrop', 'TenCrop'))['crop_size'] == crop
        assert first_step(steps, ('Resize', ))['scale'] == (-1, 256)
    tsm = torch.nn.Module()
    tsm.num_segments = 8
    assert clip_of(steps, tsm, 16) == (8, 2)


@pytest.mark.parametrize('name, stream', [('rgb', 3), ('flow', 2)])
def test_inception_configs_map_pixels_and_flow_to_minus_one_and_one(name, stream) -> None:
    config = Config.fromfile(REPOSITORY / 'configs' / '_base_' / 'recognizers' / f'inception_i3d_{name}.py')
    made = FeatureExtractor(config, None, CLOCK, name, flow='dis')
    assert made.decoder.offsets == list(range(16)) and made.decoder.crop_size == 224
    pixels = torch.tensor([0., 127.5, 255]).view(1, 3, 1, 1, 1).expand(1, 3, 2, 2, stream)
    preprocessor = made.encoder.recognizer.data_preprocessor
    x = preprocessor(dict(inputs=list(pixels.permute(0, 4, 1, 2, 3)[:, None]), data_samples=None))['inputs']
    assert x[0, 0, :, :, 0, 0].tolist() == [[-1, 0, 1]] * stream


@pytest.mark.parametrize('text, message', [
    ('model = dict(type="BMN")', 'expected the config of a recognizer'),
    (RECOGNIZER.split('test_pipeline')[0], 'no test pipeline'),
])
def test_other_configs_are_refused(tmp_path, text, message) -> None:
    (tmp_path / 'other.py').write_text(text)
    with pytest.raises(ValueError, match=f'other.py: .*{message}'):
        FeatureExtractor(Config.fromfile(tmp_path / 'other.py'), None, CLOCK)
