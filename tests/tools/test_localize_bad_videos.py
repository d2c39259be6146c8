"""Localizing among bad videos, odd names and a folder that cannot be written; and going on after an interruption."""
from __future__ import annotations

import csv
import io
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_model import model_config, write_checkpoint
from tool_runner import load_tool, run_tool

from rpn_plugin.apis import ResultFolder, WTALInferencer
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.visualization import Curves

CLASSES = [r'$\frac{$', '=1+1', '視頻|跳']
ODD_NAMES = ['$x^{$', '=1+1', 'a|b', '視頻', 'n' * 190, '[red]', '-i']


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    model = dict(model_config()['localizer'], streams=('rgb', ), nms=dict(type='TemporalNMS'))
    return write_checkpoint(tmp_path / 'epoch_1.pth', model, CLASSES)


def features(length: int = 20) -> np.ndarray:
    return np.random.default_rng(length).standard_normal((length, 4)).astype(np.float32)


def folder_of(path: Path, *names: str) -> Path:
    path.mkdir()
    for place, name in enumerate(names):
        np.save(path / f'{name}.npy', features(20 + place))
    return path


def corrupt_npz(path: Path) -> None:
    np.savez_compressed(path, rgb=features(500))
    content = bytearray(path.read_bytes())
    content[200:400] = b'\xff' * 200
    path.write_bytes(content)


BAD = {
    'sparse.pt': lambda path: torch.save(torch.eye(20).to_sparse(), path),
    'quantized.pt': lambda path: torch.save(torch.quantize_per_tensor(torch.eye(20), 0.1, 0, torch.qint8), path),
    'objects.pt': lambda path: torch.save(dict(rgb=[1, 2]), path),
    'corrupt.npz': corrupt_npz,
    'text.npz': lambda path: path.write_text('no archive'),
    'deep.npy': lambda path: (np.save(path, features()), path.with_suffix('.json').write_text('[' * 100_000)),
    'century.npy': lambda path: (np.save(path, features()), path.with_suffix('.json').write_text(json.dumps(dict(
        feature=dict(fps=25, snippet_stride=16, window=16), encoder=dict(stream='rgb'), shape=[20, 4], version='1',
        source=dict(file='a.mp4', duration=1e300))))),
    'huge.npy': lambda path: np.save(path, features() * 1e30),
    'empty.npy': lambda path: path.touch(),
    'folder.npy': lambda path: path.mkdir(),
    'pipe.npy': lambda path: os.mkfifo(path),
    'list.csv': lambda path: path.write_text('a,b\n1,x\n'),
    'playlist.mp4': lambda path: path.write_text('#EXTM3U\nother.ts\n'),
    os.fsdecode(b'caf\xe9.npy'): lambda path: np.save(path, features()),
    'n' * 230 + '.npy': lambda path: np.save(path, features()),
    'two\nlines.npy': lambda path: np.save(path, features()),
}  # yapf: disable


def test_no_bad_video_and_no_odd_name_ends_the_run(checkpoint, tmp_path) -> None:
    good = folder_of(tmp_path / 'good', *ODD_NAMES)
    bad = tmp_path / 'bad'
    bad.mkdir()
    for name, make in BAD.items():
        make(bad / name)
    out = tmp_path / 'out'
    inputs = [name for name in map(str, sorted(bad.iterdir())) if not name.endswith('.json')]
    inputs.remove(str(bad / 'folder.npy'))  # would be a folder of features
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        status, printed, errors = run_tool('localize.py', *inputs, good, '--checkpoint', checkpoint, '--out', out,
                                           '--device', 'cpu', '--batch-size', 4, '--min-score', 0)
    assert status == 1, errors
    assert f'{len(ODD_NAMES)} videos localized, {len(inputs)} failed' in printed, errors
    assert len([line for line in errors.splitlines() if line.startswith('error: video ')]) == len(inputs)
    for said in ('sparse.pt: unreadable', 'quantized.pt: unreadable', 'corrupt.npz: unreadable', 'deep.json', '1e+300',
                 'huge.npy: the features are out of range: ', 'empty.npy: unreadable', 'pipe.npy: unreadable',
                 r"it has a '\udce9'", 'it has 230 bytes', r"it has a '\n'", 'playlist.mp4: a video, and nothing'):
        assert said in errors, said
    assert 'Traceback' not in errors and 'diverged' not in errors
    assert not [str(each.message) for each in warned if 'Glyph' in str(each.message)]
    assert sorted(read_detections(out / 'detections.json')) == sorted(ODD_NAMES)
    for name in ODD_NAMES:
        assert (out / 'pictures' / f'{name}.png').read_bytes().startswith(b'\x89PNG')
        assert set(Curves.read(out / 'curves' / f'{name}.npz').labels) <= set(CLASSES)
    with open(out / 'detections.csv', newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert {row['label'] for row in rows} <= {CLASSES[0], "'=1+1", CLASSES[2]}
    assert {row['video'] for row in rows} == {*ODD_NAMES, "'=1+1"} - {'=1+1'}


def test_a_name_that_the_console_cannot_show_changes_nothing(checkpoint, tmp_path, monkeypatch) -> None:
    good = folder_of(tmp_path / 'good', '視頻', 'plain')
    (good / '破.npy').touch()
    shown = {}
    for encoding in ('utf-8', 'cp1252', 'ascii'):
        consoles = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors='strict') for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, 'argv', ['localize.py', str(good), '--checkpoint', str(checkpoint), '--out',
                                        str(tmp_path / encoding), '--device', 'cpu'])
            patch.setattr(sys, 'stdout', consoles[0])
            patch.setattr(sys, 'stderr', consoles[1])
            with pytest.raises(SystemExit) as ended:
                load_tool('localize.py').main()
        assert ended.value.code == 1
        shown[encoding] = [console.detach().getvalue().decode(encoding) for console in consoles if not console.flush()]
    assert 'video 破: ' in shown['utf-8'][1]
    assert r'\u8996\u983b: ' in shown['ascii'][0] and r'video \u7834: ' in shown['cp1252'][1]
    written = [(tmp_path / encoding / 'detections.json').read_bytes() for encoding in shown]
    assert written[0] == written[1] == written[2]


def test_what_cannot_be_written_is_named_and_the_detections_are_kept(checkpoint, tmp_path) -> None:
    good, out = folder_of(tmp_path / 'good', 'first', 'second'), tmp_path / 'out'
    (out / 'pictures' / 'first.png').mkdir(parents=True)
    status, printed, errors = run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', out)
    assert status == 1 and '2 videos localized, 1 failed' in printed
    assert errors.startswith('error: video first: ') and 'first.png' in errors and errors.count('\n') == 1
    assert sorted(read_detections(out / 'detections.json')) == ['first', 'second']
    assert (out / 'subtitles' / 'first.srt').is_file() and (out / 'curves' / 'first.npz').is_file()
    assert [path.name for path in (out / 'detections').iterdir()] == ['second.json']  # the first is not done


def test_detections_that_cannot_be_written_are_one_videos_fault(checkpoint, tmp_path, monkeypatch) -> None:
    good, detections = folder_of(tmp_path / 'good', 'first', 'second'), WTALInferencer.detections

    def spoiled(self, sample):
        found = detections(self, sample)
        found.scores[:] = np.nan if sample.video_name == 'first' else found.scores
        return found

    monkeypatch.setattr(WTALInferencer, 'detections', spoiled)
    status, printed, errors = run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', tmp_path / 'out')
    assert status == 1 and '1 videos localized, 1 failed' in printed and 'video first: Detections of video' in errors
    assert list(read_detections(tmp_path / 'out' / 'detections.json')) == ['second']


@pytest.fixture
def begun(checkpoint, tmp_path, monkeypatch) -> tuple[Path, Path, Path]:
    """A run that was interrupted while it wrote the second of three videos: features, results, checkpoint."""
    good, out = folder_of(tmp_path / 'good', 'first', 'second', 'third'), tmp_path / 'out'
    write = ResultFolder.write

    def interrupted(self, inferencer, video, sample, found):
        if video.name == 'second':
            raise KeyboardInterrupt
        return write(self, inferencer, video, sample, found)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ResultFolder, 'write', interrupted)
        run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', out)
    return good, out, checkpoint


def test_resuming_does_what_is_left_and_gives_what_one_run_gives(begun, tmp_path) -> None:
    good, out, checkpoint = begun
    assert (out / 'pictures' / 'first.png').is_file() and not (out / 'detections.json').exists()
    status, printed, errors = run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', out, '--resume')
    assert status == 0, errors
    assert printed.startswith('first: done already\nsecond: ') and '3 videos localized, 0 failed' in printed
    run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', tmp_path / 'whole')
    for name in ('detections.json', 'detections.csv'):
        assert (out / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()


def test_what_changed_is_done_again(begun) -> None:
    good, out, checkpoint = begun
    np.save(good / 'first.npy', features(33))
    (out / 'detections' / 'second.json').write_text('{')
    printed = run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', out, '--resume')[1]
    assert 'done already' not in printed and '3 videos localized, 0 failed' in printed
    (out / 'curves' / 'third.npz').unlink()
    printed = run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', out, '--resume')[1]
    assert printed.count('done already') == 2 and 'third: done already' not in printed


def test_resuming_with_other_settings_is_refused_in_words(begun) -> None:
    good, out, checkpoint = begun
    given = ('localize.py', good, '--checkpoint', checkpoint, '--out', out, '--resume')
    status, _, errors = run_tool(*given, '--min-score', 0.25, '--amp')
    assert status == 1 and errors.count('\n') == 1
    assert 'its videos were done with other settings: amp False, now True; min_score 0.6, now 0.25. Resume' in errors
    torch_file = torch.load(checkpoint, weights_only=False)
    next(iter(torch_file['state_dict'].values())).add_(1)
    torch.save(torch_file, checkpoint)
    status, _, errors = run_tool(*given)
    assert status == 1 and "weights 'sha256:" in errors and not (out / 'detections.json').exists()


def test_resuming_in_an_empty_folder_begins(checkpoint, tmp_path) -> None:
    good = folder_of(tmp_path / 'good', 'first')
    status, printed, _ = run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', tmp_path / 'out',
                                  '--resume')
    assert status == 0 and '1 videos localized, 0 failed' in printed
    printed = run_tool('localize.py', good, '--checkpoint', checkpoint, '--out', tmp_path / 'out', '--resume')[1]
    assert 'first: done already' in printed and '1 videos localized, 0 failed' in printed
