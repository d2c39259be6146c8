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
    values = np.zeros((3000, 2))
    values[1234, 0] = 1.0
    Curves(('Diving', 'unseen'), values, 0.5, 0.01).write('curves/va.npz')
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
    assert content['videos'][0] == dict(name='va', duration=2.0, truth=[], found=[[0, 1.0, 2.0, 0.9]], curves=None,
                                        url=None)


def test_ground_truth_curves_and_videos_come_in(folder) -> None:
    status, printed, errors = run_tool(
        'report.py', 'found.json', '--ground-truth', 'truth.json', '--subset', 'test', '--curves', 'curves',
        '--video-dir', 'clips', '--title', 'a < b', '--threshold', 0.25, '--out', 'pages/report.html')
    assert status == 0, errors
    content = data('pages/report.html')
    assert [video['name'] for video in content['videos']] == ['va', 'vb', 'vc'] and content['annotated']
    assert content['classes'] == ['Diving', 'HighJump'] and content['threshold'] == 0.25
    first = content['videos'][0]
    assert (first['duration'], first['truth'], first['url']) == (30.5, [[1, 3.0, 4.0]], '../clips/va.mp4')
    assert content['videos'][1]['url'] is None
    (label, values), = first['curves']['values']  # of the class that the page knows
    assert label == 0 and first['curves']['step'] == pytest.approx(0.04) and len(values) == 750
    assert values[1234 // 4] == 1000 and sum(values) == 1000  # a peak is not lost
    assert '<title>a &lt; b</title>' in Path('pages/report.html').read_text()


@pytest.mark.parametrize('arguments, message', [
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
