"""From files to detections: the same as the runner's, whatever form the input has and however it is cut."""
from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, INFERENCERS
from mmengine.dataset import pseudo_collate
from tiny_model import CLASSES, RECIPE, build_model, model_config, write_checkpoint

from rpn_plugin.apis import WTALInferencer


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    return write_checkpoint(tmp_path / 'epoch_1.pth', model_config())


@pytest.fixture
def inferencer(checkpoint) -> WTALInferencer:
    return WTALInferencer(weights=checkpoint, device='cpu')


def write_video(folder: Path, name: str = 'long', length: int = 60, width: int = 4) -> Path:
    """Features of a video; the folder."""
    rng = np.random.default_rng(length)
    for stream in ('rgb', 'flow'):
        (folder / stream).mkdir(parents=True, exist_ok=True)
        np.save(folder / stream / f'{name}.npy', rng.standard_normal((length, width)).astype(np.float32))
    return folder


def arrays(folder: Path, name: str = 'long') -> dict[str, np.ndarray]:
    return {stream: np.load(folder / stream / f'{name}.npy') for stream in ('rgb', 'flow')}


def same(first: dict, second: dict) -> None:
    """Equal to the bit, but for the name."""
    assert {**first, 'video': ''} == {**second, 'video': ''}


def test_the_detections_are_those_of_the_test_loop(inferencer, tiny) -> None:
    dataset = DATASETS.build(tiny.config('test'))
    model = build_model(model_config())
    expected = model.test_step(pseudo_collate([dataset[index] for index in range(len(dataset))]))
    found = {result['video']: result for result in inferencer(tiny.root / 'features')['predictions']}
    assert len(expected) == 4 and len(found) == 12
    for sample in expected:
        result, instances = found[sample.video_name], sample.pred_instances
        assert len(result['detections']) == len(instances) > 0
        assert [row['label'] for row in result['detections']] == [CLASSES[label] for label in instances.labels]
        np.testing.assert_allclose([row['segment'] for row in result['detections']], instances.segments, atol=1e-9)
        np.testing.assert_allclose([row['score'] for row in result['detections']], instances.scores, atol=1e-6)
        np.testing.assert_allclose(list(result['class_scores'].values()), sample.pred_score, atol=1e-6)
        assert result['duration_sec'] == pytest.approx(sample.duration_second)


@pytest.mark.parametrize('chunk_snippets', [1, 7, 16, 59, 60])
def test_a_video_in_parts_gives_what_the_whole_gives(checkpoint, tmp_path, chunk_snippets) -> None:
    folder = write_video(tmp_path / 'features')
    whole, parts = (WTALInferencer(weights=checkpoint, device='cpu', chunk_snippets=chunk)(
        folder, return_datasamples=True)['predictions'][0] for chunk in (10**6, chunk_snippets))
    assert len(whole.pred_instances) > 10
    torch.testing.assert_close(parts.pred_cas, whole.pred_cas, rtol=0, atol=1e-6)
    torch.testing.assert_close(parts.pred_score, whole.pred_score, rtol=0, atol=1e-6)
    for field in ('segments', 'labels'):
        assert torch.equal(parts.pred_instances[field], whole.pred_instances[field])
    torch.testing.assert_close(parts.pred_instances.scores, whole.pred_instances.scores, rtol=0, atol=1e-6)


def test_the_memory_of_a_long_video_is_that_of_its_parts(checkpoint, tmp_path) -> None:
    status = Path('/proc/self/status')
    if not status.is_file():
        pytest.skip('no /proc to read the peak of the memory from')
    config = copy.deepcopy(model_config(width=2048))
    config['localizer']['proposals'] = dict(type='ThresholdProposals', min_class_score=1.1)  # noise has too many
    wide = write_checkpoint(tmp_path / 'wide.pth', config)
    folder = write_video(tmp_path / 'features', length=2600, width=2048)  # 20 MiB in each of two files
    added = []
    for chunk in (256, 256, 256, 10**6):  # at first, libraries take memory that they keep
        inferencer = WTALInferencer(weights=wide, device='cpu', chunk_snippets=chunk)
        Path('/proc/self/clear_refs').write_text('5')  # the peak starts anew
        before, _ = memory_mib(status)
        inferencer(folder)
        added.append(memory_mib(status)[1] - before)
    assert min(added[:3]) < 40 and added[3] > 60, added  # the features of 41 MiB, and what is made of them


def memory_mib(status: Path) -> tuple[float, float]:
    """Resident memory now and at its peak."""
    fields = dict(line.split(':', 1) for line in status.read_text().splitlines())
    return tuple(int(fields[name].split()[0]) / 1024 for name in ('VmRSS', 'VmHWM'))


def test_every_form_of_input_gives_the_same(inferencer, tmp_path) -> None:
    folder = write_video(tmp_path / 'features')
    files = {stream: str(folder / stream / 'long.npy') for stream in ('rgb', 'flow')}
    forms = [str(folder), folder / 'flow' / 'long.npy', files['rgb'], files, arrays(folder), [folder]]
    results = [inferencer(form)['predictions'] for form in forms]
    assert all(len(result) == 1 for result in results)
    for result in results:
        same(result[0], results[0][0])
    assert [result[0]['video'] for result in results] == ['long'] * 4 + ['input_0', 'long']


def test_batches_give_what_single_videos_give(checkpoint, tmp_path) -> None:
    for length in (5, 60, 21, 8, 33):
        write_video(tmp_path / 'features', f'video_{length:02}', length)
    inferencer = WTALInferencer(weights=checkpoint, device='cpu', chunk_snippets=30)  # two of them run in parts
    alone = inferencer(tmp_path / 'features')['predictions']
    for size in (2, 5):
        together = inferencer(tmp_path / 'features', batch_size=size)['predictions']
        assert [result['video'] for result in together] == [f'video_{length:02}' for length in (5, 8, 21, 33, 60)]
        for first, second in zip(alone, together):
            assert [row['segment'] for row in first['detections']] == [row['segment'] for row in second['detections']]
            np.testing.assert_allclose([row['score'] for row in first['detections']],
                                       [row['score'] for row in second['detections']], atol=1e-6)


def test_half_precision_changes_little_and_does_something(checkpoint, tmp_path) -> None:
    folder = write_video(tmp_path / 'features')
    cas = [WTALInferencer(weights=checkpoint, device='cpu', amp=amp, chunk_snippets=chunk)(
        folder, return_datasamples=True)['predictions'][0].pred_cas for amp in (False, True) for chunk in (100, 20)]
    assert 0 < (cas[2] - cas[0]).abs().max() < 0.05 and cas[2].dtype == torch.float32
    torch.testing.assert_close(cas[3], cas[2], rtol=0, atol=1e-6)


def test_it_is_built_by_the_hosts_registry_from_a_published_file(inferencer, tmp_path) -> None:
    published = inferencer.model_file.publish(tmp_path / 'given' / 'rpn')
    folder = write_video(tmp_path / 'features')
    built = INFERENCERS.build(dict(type='WTALInferencer', weights=str(published), device='cpu'))
    same(built(folder)['predictions'][0], inferencer(folder)['predictions'][0])


def test_weak_detections_may_be_left_out_and_pictures_made(inferencer, tmp_path) -> None:
    folder = write_video(tmp_path / 'features')
    scores = [row['score'] for row in inferencer(folder)['predictions'][0]['detections']]
    result = inferencer(folder, min_score=scores[3], return_vis=True, top=4)
    assert [row['score'] for row in result['predictions'][0]['detections']] == scores[:4] == sorted(scores)[::-1][:4]
    assert len(result['visualization'][0].axes[0].patches) == 4


class FakeExtractor:
    """Gives prepared features of any video."""

    def __init__(self, features: np.ndarray) -> None:
        self.features = features

    def extract(self, path: Path) -> tuple[np.ndarray, SimpleNamespace]:
        assert path.name == 'clip.mp4'
        return self.features, SimpleNamespace(duration_sec=38.0, is_dry_run=False)


def test_a_video_file_is_extracted_stream_by_stream(checkpoint, tmp_path) -> None:
    features = arrays(write_video(tmp_path / 'features'))
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'clip.mp4').touch()
    extractors = {stream: FakeExtractor(array) for stream, array in features.items()}
    inferencer = WTALInferencer(weights=checkpoint, device='cpu', extractors=extractors)
    result = inferencer(tmp_path / 'videos')['predictions'][0]
    assert result['video'] == 'clip' and result['duration_sec'] == 38.0
    expected = inferencer(features)['predictions'][0]
    inside = [row['segment'] for row in expected['detections'] if row['segment'][1] <= 38.0]
    assert inside and all(segment in [row['segment'] for row in result['detections']] for segment in inside)
    del inferencer.extractors['flow']
    with pytest.raises(ValueError, match='clip.mp4: a video, and nothing that makes the features flow of it is given'):
        inferencer(tmp_path / 'videos' / 'clip.mp4')


def spoil(folder: Path, fault: str) -> None:
    """Give the video of a folder a fault in stream flow."""
    path = folder / 'flow' / 'long.npy'
    features = np.load(path)
    if fault == 'missing':
        path.unlink()
    elif fault == 'nan':
        features[41, 2] = np.nan
        np.save(path, features)
    elif fault == 'text':
        path.write_text('no features')
    else:
        np.save(path, dict(width=features[:, :3], gap=features[:50], integers=features.astype(np.int32),
                           flat=features[0], huge=features * 1e30)[fault])


FAULTS = [
    ('missing', 'flow/long.npy: missing'),
    ('nan', 'flow/long.npy: 1 values are not finite, the first is nan at snippet 41, channel 2'),
    ('text', 'flow/long.npy: unreadable'),
    ('width', 'flow/long.npy: features of width 3, but the checkpoint expects 4'),
    ('gap', "The streams of video long have {'flow': 50, 'rgb': 60} snippets; expected a difference of at most 5"),
    ('integers', 'flow/long.npy: expected float16, float32 or float64, but got int32'),
    ('flat', r'flow/long.npy: expected shape \(T, D\)'),
    ('huge', r'flow/long.npy: the features are out of range: .*e\+.. at snippet 0, channel 0; 1e\+09 is the most'),
]


@pytest.mark.parametrize('chunk_snippets', [16, 100])
@pytest.mark.parametrize('fault, message', FAULTS, ids=[fault for fault, _ in FAULTS])
def test_bad_features_are_named_and_the_other_videos_of_the_batch_are_done(checkpoint, tmp_path, fault, message,
                                                                           chunk_snippets) -> None:
    folder = write_video(write_video(write_video(tmp_path / 'features'), 'after', 30), 'zuletzt', 20)
    spoil(folder, fault)
    inferencer = WTALInferencer(weights=checkpoint, device='cpu', chunk_snippets=chunk_snippets)
    with pytest.raises(ValueError, match=message):
        inferencer(folder)
    for size in (1, 3):
        outcomes = {video.name: outcome for video, outcome in inferencer.outcomes(folder, size)}
        assert list(outcomes) == ['after', 'long', 'zuletzt']
        assert isinstance(outcomes['long'], ValueError) and len(outcomes['after'].pred_instances) > 0
        assert len(outcomes['zuletzt'].pred_instances) > 0


def test_streams_that_differ_by_little_are_cut(inferencer, tmp_path) -> None:
    features = arrays(write_video(tmp_path / 'features'))
    cut = dict(rgb=features['rgb'][:57], flow=features['flow'])
    same(inferencer(cut)['predictions'][0], inferencer(dict(cut, flow=features['flow'][:57]))['predictions'][0])


@pytest.mark.parametrize('inputs, message', [
    ('nowhere', 'nowhere: expected a folder, features .*There is no such file or folder'),
    ([], 'There is no input'),
    ([3], 'Expected a file, a folder or a dict of streams as input 0, but got int'),
    (dict(rgb=np.zeros((5, 4), np.float32)), r"reads the streams \['flow', 'rgb'\], but input 0 has \['rgb'\]"),
    ('empty', r"expected videos in it, or <video>.npy in the folders \['flow', 'rgb'\]"),
    ('lonely.npy', 'Put the file into a folder named as its stream'),
    (['features', 'features/rgb/long.npy'], r"Several inputs are named \['long'\]"),
])
def test_what_is_no_input_is_said(inferencer, tmp_path, monkeypatch, inputs, message) -> None:
    write_video(tmp_path / 'features')
    (tmp_path / 'empty').mkdir()
    np.save(tmp_path / 'lonely.npy', np.zeros((5, 4), np.float32))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        inferencer(inputs)


@pytest.mark.parametrize('arguments, message', [
    (dict(weights=None), 'expects weights=<checkpoint>'),
    (dict(model='nowhere.py'), 'No config nowhere.py'),
    (dict(chunk_snippets=0), 'chunk_snippets of at least 1'),
])
def test_what_cannot_be_an_inferencer_is_said(checkpoint, arguments, message) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        WTALInferencer(**dict(weights=checkpoint, device='cpu') | arguments)


def test_a_clock_that_nothing_states_is_asked_for(tmp_path) -> None:
    path = write_checkpoint(tmp_path / 'old.pth', model_config(), recipe=None)
    with pytest.raises(ValueError, match='old.pth: the clock of its features is stated nowhere. Give recipe='):
        WTALInferencer(weights=path, device='cpu')
    assert WTALInferencer(weights=path, device='cpu', recipe=RECIPE).recipe == RECIPE
