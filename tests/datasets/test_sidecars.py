"""Descriptions beside feature files are read by the data set and compared with its config."""
from __future__ import annotations

import dataclasses
import json
import time

import pytest
from mmaction.registry import DATASETS

from rpn_plugin.datasets.sidecars import Sidecar, check_sidecars, sidecar_path
from rpn_plugin.structures import SnippetClock

SIDECAR = Sidecar(
    feature=dict(fps=25.0, snippet_stride=16, window=16, offset=0), encoder=dict(stream='rgb', weights='sha256:1f'),
    source=dict(file='a.mp4', duration=3.2), shape=[5, 4], version='0.1.0')


def write(tiny, video: str, stream: str = 'rgb', **changes: object) -> None:
    encoder = dict(SIDECAR.encoder, stream=stream)
    dataclasses.replace(SIDECAR, **{'encoder': encoder, **changes}).write(sidecar_path(tiny.path(stream, video)))


def test_a_sidecar_comes_back_as_it_was_written(tmp_path) -> None:
    path = sidecar_path(tmp_path / 'new' / 'a.v2.npy')
    assert path.name == 'a.v2.json'
    SIDECAR.write(path)
    assert Sidecar.read(path) == SIDECAR and SIDECAR.clock == SnippetClock(25, 16, 16)
    assert [entry.name for entry in path.parent.iterdir()] == ['a.v2.json']


def test_agreeing_sidecars_and_files_without_one_pass(tiny) -> None:
    for stream in ('rgb', 'flow'):
        write(tiny, 'train_0', stream), write(tiny, 'train_1', stream)
    assert len(DATASETS.build(tiny.config())) == 8


@pytest.mark.parametrize('stream, changes, message', [
    ('rgb', dict(feature=dict(fps=30, snippet_stride=16, window=16)),
     r'per 16 frames at 30 fps \(0.5333 s\).*, but the data set says one feature per 16 frames at 25 fps'),
    ('flow', dict(feature=dict(fps=25, snippet_stride=16, window=64)), 'a window of 64 frames, but .* of 16 frames'),
    ('flow', dict(encoder=dict(stream='rgb', weights='sha256:1f')),
     'features of rgb, but the data set reads them as flow'),
    ('rgb', dict(encoder=dict(stream='rgb', weights='sha256:2e')),
     r"train_0.json from {'weights': 'sha256:1f'}, but .* from {'weights': 'sha256:2e'}"),
    ('rgb', dict(feature=dict(rate=25)), 'not a description of features'),
])
def test_a_contradiction_names_the_file_and_both_sides(tiny, stream, changes, message) -> None:
    write(tiny, 'train_0', stream)
    write(tiny, 'train_5', stream, **changes)
    with pytest.raises(ValueError, match=message) as raised:
        DATASETS.build(tiny.config())
    assert str(sidecar_path(tiny.path(stream, 'train_5'))) in str(raised.value)
    write(tiny, 'train_5', stream)
    DATASETS.build(tiny.config())


@pytest.mark.parametrize('content', [
    '', '[]', '{"feature": {}}', json.dumps(dict(dataclasses.asdict(SIDECAR), extra=1)),
    json.dumps(dict(dataclasses.asdict(SIDECAR), encoder=None))
])
def test_other_files_of_that_name_are_refused(tmp_path, content) -> None:
    (tmp_path / 'a.json').write_text(content)
    with pytest.raises(ValueError, match='a.json: not a description of features'):
        Sidecar.read(tmp_path / 'a.json')


def test_thousands_are_checked_within_a_second_or_two(tmp_path) -> None:
    paths = [tmp_path / f'{index}.npy' for index in range(2000)]
    for path in paths:
        path.with_suffix('.json').write_text(json.dumps(dataclasses.asdict(SIDECAR)))
    begin = time.process_time()
    check_sidecars(dict(rgb=dict.fromkeys(paths, SIDECAR.clock)))
    assert time.process_time() - begin < 2
