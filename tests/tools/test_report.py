"""The report from the command line. (What the page does is tested in tests/visualization/test_html_report.py.)"""
from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from tool_runner import run_tool

from rpn_plugin.visualization import Curves

FOUND = dict(results=dict(va=[dict(label='Diving', score=0.9, segment=[1.0004, 2])], vb=[]))
TRUTH = dict(database=dict(va=dict(subset='test', duration=20, annotations=[dict(label='HighJump', segment=[3, 4])]),
                           vc=dict(subset='test', annotations=[]), vd=dict(subset='train', annotations=[])))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path('found.json').write_text(json.dumps(FOUND))
    Path('truth.json').write_text(json.dumps(TRUTH))
    for name in ('curves', 'clips', 'pages'):
        Path(name).mkdir()
    values = np.zeros((6000, 2))
    values[2468, 0] = 1.0
    Curves(('Diving', 'unseen'), values, 0.5, 0.005).write('curves/va.npz')
    Path('clips/va.mp4').touch()
    return tmp_path


def data(page: str) -> dict:
    """What the page holds."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', Path(page).read_text())[1])


def test_detections_alone_are_enough(folder) -> None:
    status, printed, errors = run_tool('report.py', 'found.json', '--out', 'report.html')
    assert status == 0 and printed == 'report.html: 2 videos, 0 with curves, 0 with a video file\n', errors
    content = data('report.html')
    assert content['classes'] == ['Diving'] and not content['annotated']
    assert content['files'] == ['found.json']
    assert content['videos'][0] == dict(name='va', duration=2.0, truth=[], found=[[[0, 1.0, 2.0, 0.9]]], ap=[[]],
                                        curves=None, url=None)


def test_ground_truth_curves_and_videos_come_in(folder) -> None:
    status, printed, errors = run_tool(
        'report.py', 'found.json', '--ground-truth', 'truth.json', '--subset', 'test', '--curves', 'curves',
        '--video-dir', 'clips', '--title', 'a < b', '--threshold', 0.25, '--out', 'pages/report.html')
    assert status == 0, errors
    content = data('pages/report.html')
    assert [video['name'] for video in content['videos']] == ['va', 'vc'] and content['annotated']
    assert content['classes'] == ['Diving', 'HighJump'] and content['threshold'] == 0.25
    first = content['videos'][0]
    assert (first['duration'], first['truth'], first['url']) == (30.5, [[1, 3.0, 4.0, None]], '../clips/va.mp4')
    assert first['found'] == [[[0, 1.0, 2.0, 0.9, content['kinds'].index('background')]]]
    assert first['ap'] == [[[1, 0.0]]]
    assert content['videos'][1]['url'] is None and content['tiou'] == 0.5
    (label, values, low, high), = first['curves']['values']  # of the class that the page knows
    assert (label, low, high) == (0, 0.0, 1.0)
    assert first['curves']['step'] == pytest.approx(0.01) and len(values) == 3000
    assert values[2468 // 2] == 1000 and sum(values) == 1000  # a peak is not lost
    assert '<title>a &lt; b</title>' in Path('pages/report.html').read_text()


def test_a_subset_leaves_out_the_detections_on_other_videos_and_says_so(folder) -> None:
    Path('more.json').write_text(json.dumps(dict(results=dict(FOUND['results'], vd=FOUND['results']['va'], vc=[]))))
    status, printed, errors = run_tool('report.py', 'more.json', '--ground-truth', 'truth.json', '--subset', 'test',
                                       '--out', 'report.html')
    assert status == 0 and printed.splitlines() == [
        '2 videos with detections are not in subset test and not on the page: vb, vd',
        'report.html: 2 videos, 0 with curves, 0 with a video file'], errors
    assert [video['name'] for video in data('report.html')['videos']] == ['va', 'vc']


def test_several_files_stand_side_by_side_under_names_that_differ(folder) -> None:
    for place in ('a', 'b'):
        Path(place).mkdir()
        Path(place, 'found.json').write_text(json.dumps(dict(results={place: FOUND['results']['va']})))
    assert run_tool('report.py', 'a/found.json', 'b/found.json', '--out', 'report.html')[0] == 0
    content = data('report.html')
    assert content['files'] == ['a/found.json', 'b/found.json']
    assert [(video['name'], *map(len, video['found'])) for video in content['videos']] == [('a', 1, 0), ('b', 0, 1)]
    assert '<title>a/found.json and b/found.json</title>' in Path('report.html').read_text()
    assert run_tool('report.py', 'found.json', 'a/found.json', '--out', 'report.html')[0] == 0
    assert data('report.html')['files'][1] == 'a/found.json'


@pytest.mark.parametrize('arguments, message', [
    (('found.json', './found.json'), 'found.json, ./found.json: expected each file of detections once'),
    (('found.json', '--subset', 'test'), '--subset needs --ground-truth'),
    (('found.json', '--ground-truth', 'truth.json', '--tiou', '1.5'), 'Expected a tIoU in (0.1, 1], but got 1.5'),
    (('nowhere.json', ), 'nowhere.json'),
    (('truth.json', ), 'truth.json: expected a JSON object with "results"'),
    (('found.json', '--curves', 'nowhere'), '--curves nowhere: no such folder'),
    (('found.json', '--video-dir', 'nowhere'), '--video-dir nowhere: no such folder'),
    (('found.json', '--ground-truth', 'truth.json', '--subset', 'validation'), "no video in subset 'validation'"),
])
def test_bad_input_is_one_line_and_no_page(folder, arguments, message) -> None:
    status, _, errors = run_tool('report.py', *arguments, '--out', 'report.html')
    assert status == 1 and errors.startswith('error: ') and message in errors and errors.count('\n') == 1
    assert not Path('report.html').exists()


def test_the_ground_truth_is_read_once(folder, monkeypatch) -> None:
    read_bytes, read = Path.read_bytes, []
    monkeypatch.setattr(Path, 'read_bytes', lambda path: read.append(path.name) or read_bytes(path))
    assert run_tool('report.py', 'found.json', '--ground-truth', 'truth.json', '--out', 'report.html')[0] == 0
    assert sorted(name for name in read if name.endswith('.json')) == ['found.json', 'truth.json']


def test_times_that_no_video_has_are_refused_at_their_source(folder) -> None:
    late = dict(label='Diving', score=0.9, segment=[1, 1e300])
    Path('late.json').write_text(json.dumps(dict(results=dict(va=[late]))))
    Path('late.txt').write_text('va 1 1e300 26 0.9\n')
    truth = dict(database=dict(va=dict(TRUTH['database']['va'], annotations=[late])))
    Path('late_truth.json').write_text(json.dumps(truth))
    Path('far').mkdir()
    np.savez('far/va.npz', labels=np.array(['Diving']), values=np.zeros((3, 1), np.float32), start_sec=0.0,
             step_sec=1e300)
    for arguments, message in (
            (('late.json', ), 'late.json: video va has the entry .*1e\\+300.* times of at most 10000000 seconds'),
            (('late.txt', ), 'late.txt: line 1, video va, has .*1e300.* times of at most 10000000 seconds'),
            (('found.json', '--ground-truth', 'late_truth.json'), 'late_truth.json: video va has the entry'),
            (('found.json', '--curves', 'far'), 'far/va.npz: no curves .* an end of at most 10000000 s')):
        status, _, errors = run_tool('report.py', *arguments, '--out', 'report.html')
        assert status == 1 and re.search(message, errors) and errors.count('\n') == 1, errors
        assert not Path('report.html').exists()


@pytest.mark.parametrize('duration', [0, -1, 'long', True])
def test_a_duration_that_is_none_is_named(folder, duration) -> None:
    truth = dict(database=dict(va=dict(TRUTH['database']['va'], duration=duration)))
    Path('truth.json').write_text(json.dumps(truth))
    status, _, errors = run_tool('report.py', 'found.json', '--ground-truth', 'truth.json', '--out', 'report.html')
    assert status == 1 and f'truth.json: video va has the duration {duration!r}' in errors
