"""Localizing from the command line: what is written, and what a bad input does."""
from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from made_recognizers import write_recognizers
from made_videos import cut, write_video
from tiny_model import CLASSES, RECIPE, model_config, write_checkpoint
from tool_runner import run_tool

from rpn_plugin.apis import WTALInferencer
from rpn_plugin.datasets.sidecars import Sidecar
from rpn_plugin.deployment import ModelFile
from rpn_plugin.visualization import Curves

OF_A_VIDEO = (('curves', 'npz'), ('detections', 'json'), ('pictures', 'png'), ('subtitles', 'srt'),
              ('subtitles', 'vtt'))


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    return write_checkpoint(tmp_path / 'epoch_1.pth', model_config())


@pytest.fixture
def features(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    for stream in ('rgb', 'flow'):
        (tmp_path / 'features' / stream).mkdir(parents=True)
        for name, length in (('first', 20), ('second', 45), ('third', 31)):
            np.save(tmp_path / 'features' / stream / f'{name}.npy',
                    rng.standard_normal((length, 4)).astype(np.float16))
    return tmp_path / 'features'


def test_results_of_random_features_say_so_wherever_they_are_written(checkpoint, features, tmp_path) -> None:
    for stream in ('rgb', 'flow'):
        Sidecar(RECIPE, dict(stream=stream, weights='random, sha256:0'), dict(file='first.mp4', duration=12.8), (20, 4),
                '1').write(features / stream / 'first.json')
    words = (features / 'rgb' / 'first.npy', '--checkpoint', checkpoint, '--out', tmp_path / 'out', '--device', 'cpu',
             '--min-score', 0)
    note = 'DRY RUN: the features flow and rgb come from random weights, so no result of them means anything'
    for more in ((), ('--resume', )):
        status, printed, errors = run_tool('localize.py', *words, *more)
        assert status == 0 and f'{note}.' in printed, errors
        out = tmp_path / 'out'
        assert json.loads((out / 'detections.json').read_text())['external_data'] == dict(used=True, details=note)
        assert {row['note'] for row in csv.DictReader((out / 'detections.csv').open(newline=''))} == {note}
        assert json.loads((out / 'detections' / 'first.json').read_text())['note'] == note
        assert note in (out / 'subtitles' / 'first.srt').read_text()
    inferencer = WTALInferencer(weights=checkpoint, device='cpu')
    sample = inferencer(features / 'rgb' / 'first.npy', return_datasamples=True)['predictions'][0]
    assert note in inferencer.draw(sample, 3).axes[0].get_title()


def test_results_of_a_model_that_learned_from_random_features_say_so(checkpoint, features, tmp_path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content['meta']['dataset_meta']['random_features'] = ['rgb']
    torch.save(content, checkpoint)
    published = ModelFile.read(checkpoint).publish(tmp_path / 'rpn')
    found = WTALInferencer(weights=published, device='cpu')(features / 'rgb' / 'first.npy')['predictions'][0]
    assert found['note'].startswith('DRY RUN: the features rgb come from random weights')


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


def test_a_published_file_alone_localizes_a_folder(checkpoint, features, tmp_path) -> None:
    published = ModelFile.read(checkpoint).publish(tmp_path / 'rpn')
    out = tmp_path / 'out'
    status, printed, errors = run_tool('localize.py', features, '--checkpoint', published, '--out', out,
                                       '--device', 'cpu', '--batch-size', 2, '--min-score', 0.3)
    assert status == 0, errors
    assert '3 videos localized, 0 failed' in printed
    assert written(out) == sorted(['detections.csv', 'detections.json', 'settings.json'] + [
        f'{folder}/{name}.{suffix}' for name in ('first', 'second', 'third') for folder, suffix in OF_A_VIDEO])
    expected = WTALInferencer(weights=checkpoint, device='cpu')(features)['predictions']
    results = json.loads((out / 'detections.json').read_text())['results']
    assert list(results) == ['first', 'second', 'third']
    table = list(csv.DictReader((out / 'detections.csv').open(newline='')))
    for video in expected:
        found = results[video['video']]
        assert [(row['label'], row['segment']) for row in found] == [
            (row['label'], row['segment']) for row in video['detections']]
        assert [row['score'] for row in found] == pytest.approx([row['score'] for row in video['detections']], abs=1e-6)
        rows = [row for row in table if row['video'] == video['video']]
        assert [[float(row['start_sec']), float(row['end_sec'])] for row in rows] == [row['segment'] for row in found]
        assert [float(row['score']) for row in rows] == [row['score'] for row in found]
    curves = Curves.read(out / 'curves' / 'second.npz')
    assert curves.values.shape == (45, len(curves.labels)) and set(curves.labels) <= set(CLASSES)
    assert (curves.start_sec, curves.step_sec) == (0.0, 0.64)
    assert (out / 'pictures' / 'first.png').read_bytes().startswith(b'\x89PNG')
    strong = {row['label'] for row in results['first'] if row['score'] >= 0.3}
    text = (out / 'subtitles' / 'first.srt').read_text()
    assert strong and all(label in text for label in strong)


def test_a_bad_file_is_named_the_others_are_done_and_the_exit_status_says_so(checkpoint, features, tmp_path) -> None:
    np.save(features / 'flow' / 'second.npy', np.full((45, 4), np.nan, np.float32))
    (features / 'rgb' / 'third.npy').write_bytes((features / 'rgb' / 'third.npy').read_bytes()[:150])
    out = tmp_path / 'out'
    status, printed, errors = run_tool('localize.py', features, '--checkpoint', checkpoint, '--out', out,
                                       '--device', 'cpu', '--batch-size', 3)
    assert status == 1 and '1 videos localized, 2 failed' in printed
    assert 'error: video second: ' in errors and 'flow/second.npy: 180 values are not finite' in errors
    assert 'error: video third: ' in errors and 'rgb/third.npy: unreadable' in errors
    assert list(json.loads((out / 'detections.json').read_text())['results']) == ['first']
    assert [name for name in written(out) if 'first' not in name] == [
        'detections.csv', 'detections.json', 'settings.json']


def test_nothing_is_written_where_every_video_fails(checkpoint, features, tmp_path) -> None:
    for path in (features / 'flow').iterdir():
        path.unlink()
    status, _, errors = run_tool('localize.py', features, '--checkpoint', checkpoint, '--out', tmp_path / 'out')
    assert status == 1 and errors.count('missing') == 3 and not (tmp_path / 'out').exists()


@pytest.mark.parametrize('arguments, message', [
    (('--checkpoint', 'nowhere.pth'), 'error: No checkpoint nowhere.pth'),
    (('--config', 'nowhere.py'), 'error: No config nowhere.py'),
    (('--checkpoint', 'junk.pth'), 'error: junk.pth: not a checkpoint'),
])
def test_what_stops_it_is_one_line(checkpoint, features, tmp_path, monkeypatch, arguments, message) -> None:
    monkeypatch.chdir(tmp_path)
    Path('junk.pth').write_text('junk')
    status, _, errors = run_tool('localize.py', features, '--checkpoint', checkpoint, '--out', 'out', *arguments)
    assert status == 1 and errors.startswith(message) and errors.count('\n') == 1
    assert not Path('out').exists()


@pytest.fixture
def for_videos(tmp_path) -> dict[str, Path]:
    """A checkpoint for features of width 512, a recognizer that makes them, and two videos, one of them broken."""
    config = model_config(width=512)['localizer'] | dict(streams=('rgb', ), nms=dict(type='TemporalNMS'))
    write_video(tmp_path / 'videos' / 'whole.mp4', 300, 30)
    cut(write_video(tmp_path / 'videos' / 'half.mkv', 200), 0.5)
    made = write_recognizers(tmp_path)
    return dict(checkpoint=write_checkpoint(tmp_path / 'localizer.pth', config), videos=tmp_path / 'videos',
                config=made / 'rgb.py', weights=made / 'rgb.pth')


def test_videos_are_localized_as_their_extracted_features_are(for_videos, tmp_path) -> None:
    given = ('--checkpoint', for_videos['checkpoint'], '--device', 'cpu', '--out')
    status, _, errors = run_tool('localize.py', for_videos['videos'], *given, tmp_path / 'at once', '--feature-config',
                                 f'rgb={for_videos["config"]}', '--feature-checkpoint', f'rgb={for_videos["weights"]}')
    assert status == 1 and 'error: video half: ' in errors and 'half.mkv: truncated' in errors
    status, _, errors = run_tool('data/extract_features.py', for_videos['videos'] / 'whole.mp4', '--config',
                                 for_videos['config'], '--checkpoint', for_videos['weights'], '--out',
                                 tmp_path / 'features')
    assert status == 0, errors
    status, _, errors = run_tool('localize.py', tmp_path / 'features', *given, tmp_path / 'in two steps')
    assert status == 0, errors
    first, second = (json.loads((tmp_path / name / 'detections.json').read_text())['results']
                     for name in ('at once', 'in two steps'))
    assert list(first) == ['whole'] and len(first['whole']) > 0 and first == second
    assert max(row['segment'][1] for row in first['whole']) <= 10.0  # of 300 frames at 30 fps


def test_features_of_another_clock_are_refused(for_videos, tmp_path) -> None:
    run_tool('data/extract_features.py', for_videos['videos'] / 'whole.mp4', '--config', for_videos['config'],
             '--checkpoint', for_videos['weights'], '--out', tmp_path / 'features', '--fps', 10)
    status, _, errors = run_tool('localize.py', tmp_path / 'features', '--checkpoint', for_videos['checkpoint'],
                                 '--out', tmp_path / 'out')
    assert status == 1 and 'whole.json: these features are one feature per 16 frames at 10 fps' in errors


def test_a_video_without_its_recognizer_is_refused(for_videos, tmp_path) -> None:
    given = ('--checkpoint', for_videos['checkpoint'], '--out', tmp_path / 'out')
    status, _, errors = run_tool('localize.py', for_videos['videos'] / 'whole.mp4', *given)
    assert status == 1 and 'whole.mp4: a video, and nothing that makes the features rgb of it is given' in errors
    status, _, errors = run_tool('localize.py', for_videos['videos'] / 'whole.mp4', *given, '--feature-config',
                                 f'rgb={for_videos["config"]}')
    assert status == 1 and errors.startswith("error: --feature-config names the streams ['rgb'], but") \
        and not (tmp_path / 'out').exists()
