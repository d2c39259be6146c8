"""The scorer at the command line: what it prints, writes and refuses."""
from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tool_runner import load_tool

TRUTH = dict(
    database=dict(
        va=dict(subset='test', annotations=[dict(label='Diving', segment=[0, 8]),
                                            dict(label='Shotput', segment=[0, 4])]),
        video_test_0001292=dict(subset='test', annotations=[]),
        vt=dict(subset='train', annotations=[dict(label='HighJump', segment=[0, 8])])),
    ambiguous=dict(va=[[20, 30]]))
FOUND = dict(
    va=[dict(label='Diving', segment=[22, 28], score=0.9), dict(label='Diving', segment=[0, 8], score=0.5),
        dict(label='Shotput', segment=[4, 0], score=0.9), dict(label='HighJump', segment=[0, 8], score=0.9)],
    video_test_0001292=[dict(label='Diving', segment=[0, 8], score=0.7)],
    elsewhere=[dict(label='Diving', segment=[0, 8], score=0.1)])


@pytest.fixture
def score(tmp_path: Path, monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """Run the tool on FOUND and TRUTH, or other contents; returns its exit status and what it printed."""
    tool = load_tool('analysis/evaluate.py')

    def run(*arguments: str, found: object = None, truth: object = None, name: str = 'found.json') -> tuple[int, str]:
        for path, content in ((name, dict(results=FOUND) if found is None else found),
                              ('truth.json', TRUTH if truth is None else truth)):
            (tmp_path / path).write_text(content if isinstance(content, str) else json.dumps(content))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr('sys.argv', ['evaluate.py', name, 'truth.json', *arguments])
        try:
            tool.main()
        except SystemExit as end:
            return 1, str(end.code)
        return 0, capsys.readouterr().out

    return run


def test_the_json_holds_the_numbers_and_what_they_mean(score, tmp_path: Path) -> None:
    status, _ = score('--subset', 'test', '--protocol', 'activitynet-thumos14', '--out', 'out.json')
    written = json.loads((tmp_path / 'out.json').read_text())
    assert status == 0 and written['protocol'] == 'activitynet-thumos14' and written['video_set'] == 'all'
    assert written['tiou'] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert written['ap'] == dict(Diving=[pytest.approx(1 / 3)] * 7, Shotput=[0.0] * 7)  # at rank three
    assert written['mAP'] == [pytest.approx(1 / 6)] * 7 and written['mAP_avg'] == pytest.approx(1 / 6)
    counts = written['counts']
    assert (counts['detections'], counts['scored'], counts['reversed']) == (6, 5, 1)
    assert (counts['of_other_classes'], counts['on_unknown_videos']) == (1, 1)


@pytest.mark.parametrize('protocol, diving, shotput', [
    ('thumos14', 1 / 2, 1.0),  # the ambiguous one is forgiven, the reversed one turned
    ('wtalc', 1.0, 0.0), ('facnet', 1 / 2, 0.0), ('facnet-filtered', 1.0, 0.0)])
def test_ambiguous_intervals_beside_the_database_count(score, tmp_path, protocol, diving, shotput) -> None:
    assert score('--subset', 'test', '--protocol', protocol, '--out', 'out.json')[0] == 0
    ap = json.loads((tmp_path / 'out.json').read_text())['ap']
    assert (ap['Diving'][0], ap['Shotput'][0]) == (pytest.approx(diving), shotput)


def test_the_table_is_followed_by_what_was_not_scored(score) -> None:
    _, printed = score('--subset', 'test', '--video-set', 'thumos14-212')
    assert '\nprotocol activitynet; AP in % at tIoU' in printed
    for line in ('video set thumos14-212: 1 videos with 2 instances; 4 of 6 detections scored',
                 'warning: a complete ground truth of thumos14-212 has 212 videos',
                 '1 detections left out: they are on videos that the set leaves out',
                 '1 detections left out: their class has no instance here',
                 '1 detections on videos that the ground truth lacks: detections on videos without instances or not in '
                 'the ground truth are false positives',
                 '1 detections end before they start: a segment whose end is not after its start overlaps nothing'):
        assert line in printed.splitlines(), line


def test_a_protocol_that_misses_ambiguous_intervals_says_so(score) -> None:
    truth = dict(database=TRUTH['database'])
    assert 'thumos14 looks at ambiguous intervals, and truth.json has none' in score(
        '--protocol', 'thumos14', truth=truth)[1]
    assert 'looks at ambiguous' not in score('--protocol', 'thumos14')[1]
    assert 'looks at ambiguous' not in score('--protocol', 'activitynet', truth=truth)[1]


def test_a_comparison_names_the_rules_and_what_each_is_worth(score, tmp_path: Path) -> None:
    _, printed = score('--subset', 'test', '--protocol', 'activitynet-thumos14', '--compare', 'thumos14', '--out',
                       'out.json')
    lines = [line.split() for line in printed.splitlines()]
    assert ['AVG', '16.67', '75.00', '+58.33'] in lines
    assert ['0.70', '16.67', '75.00', '+58.33'] in lines
    steps = {line[0]: line[1:] for line in lines if len(line) == 3 and line[2][0] in '+-'}
    assert steps == dict([('activitynet-thumos14', ['16.67', '+0.00']), ('video_set', ['16.67', '+0.00']),
                          ('borders', ['66.67', '+50.00']), ('ambiguous', ['75.00', '+8.33']),
                          ('matching', ['75.00', '+0.00']), ('comparison', ['75.00', '+0.00']),
                          ('interpolation', ['75.00', '+0.00'])])
    assert ['Shotput', '0.00', '100.00', '+100.00'] in lines
    assert [entry['protocol'] for entry in json.loads((tmp_path / 'out.json').read_text())] == [
        'activitynet-thumos14', 'thumos14']


def test_a_threshold_that_only_one_protocol_reports_has_a_dash(score) -> None:
    table = score('--protocol', 'activitynet', '--compare', 'activitynet-thumos14')[1]
    lines = [line.split() for line in table.splitlines()]
    assert ['0.95', '11.11', '-'] in lines and ['0.10', '-', '11.11'] in lines


def test_csv_and_markdown_hold_the_same_numbers(score, tmp_path: Path) -> None:
    for ending in ('json', 'csv', 'md'):
        score('--subset', 'test', '--protocol', 'facnet', '--out', f'out.{ending}')
    expected = json.loads((tmp_path / 'out.json').read_text())
    rows = list(csv.DictReader((tmp_path / 'out.csv').open()))
    assert [float(row['ap']) for row in rows if row['class'] == 'Diving' and row['tiou'] != 'AVG'] == (
        expected['ap']['Diving'])
    assert [row['ap'] for row in rows if (row['class'], row['tiou']) == ('mAP', 'AVG')] == [str(expected['mAP_avg'])]
    assert {(row['protocol'], row['video_set']) for row in rows} == {('facnet', 'annotated')}
    cells = [line.strip('| ').split(' | ') for line in (tmp_path / 'out.md').read_text().splitlines()]
    assert ['Diving', '1', *['50.00'] * 8] in cells


@pytest.mark.parametrize('ending', ['json', 'csv', 'md'])
def test_thresholds_are_written_short_and_decide_to_the_last_bit(score, ending: str, tmp_path: Path) -> None:
    truth = dict(database=dict(va=dict(annotations=[dict(label='Diving', segment=[0, 10])])))
    found = dict(results=dict(va=[dict(label='Diving', segment=[0, 3], score=1)]))
    scores = {}
    for name, grid in (('linspace', ('--tiou', '0.1', '0.9', '9')), ('literals', ('--tiou', '0.1', '0.7', '7'))):
        printed = score(*grid, '--out', f'{name}.{ending}', '--compare', 'thumos14', found=found, truth=truth)[1]
        written = (tmp_path / f'{name}.{ending}').read_text()
        assert '00000' not in written + printed and '99999' not in written + printed
        scores[name] = written
    if ending == 'json':
        linspace, literals = (json.loads(scores[name])[0] for name in ('linspace', 'literals'))
        assert linspace['tiou'] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        assert (linspace['ap']['Diving'][2], literals['ap']['Diving'][2]) == (0.0, 1.0)
        assert '0.3, 0.7 differ from what is written here in their last bits' in linspace['rules']['tIoU grid']


def test_thresholds_of_three_digits_keep_them(score) -> None:
    assert '0.525' in score('--tiou', '0.5', '0.55', '3')[1].split()


def test_an_unknown_label_is_named_or_dropped(score) -> None:
    found = dict(results=dict(va=[dict(label='Diving', segment=[0, 8], score=1), dict(label='Divng', segment=[0, 8],
                                                                                        score=1)]))
    status, message = score(found=found)
    assert status == 1 and message.startswith("error: found.json: video va has the label 'Divng'")
    assert 'did you mean Diving? --ignore-unknown-labels' in message
    status, printed = score('--ignore-unknown-labels', found=found)
    assert status == 0 and '1 detections dropped: their labels are unknown, Divng' in printed
    assert '1 of 1 detections scored' in printed


@pytest.mark.parametrize('arguments', [(), ('--protocol', 'thumos14', '--compare', 'wtalc', '--subset', 'test'),
                                       ('--ignore-unknown-labels', )])
def test_each_file_is_read_once(score, arguments, monkeypatch) -> None:
    read_bytes, read = Path.read_bytes, []
    monkeypatch.setattr(Path, 'read_bytes', lambda path: read.append(path.name) or read_bytes(path))
    assert score(*arguments)[0] == 0
    assert sorted(name for name in read if name.endswith('.json')) == ['found.json', 'truth.json']


@pytest.mark.parametrize('changes, message', [
    (dict(found='{"results": {"va": [], "va": []}}'), "found.json: an object has these keys twice: ['va']"),
    (dict(truth='{"database": {"va": {}, "va": {}}}'), "truth.json: an object has these keys twice: ['va']"),
])
def test_a_key_that_stands_twice_is_one_line_with_file_and_key(score, changes, message) -> None:
    status, printed = score(**changes)
    assert status == 1 and printed.startswith(f'error: {message}') and '\n' not in printed


def test_thumos_text_files_score_like_their_json(score, tmp_path: Path) -> None:
    lines = 'va.mp4 0 8 26 0.5\nva 4.0 0.0 79 0.9\n\nva\t22\t28\t26\t0.9\n'
    as_json = dict(results=dict(va=FOUND['va'][:3]))
    score('--protocol', 'thumos14', '--out', 'text.json', found=lines, name='found.txt')
    score('--protocol', 'thumos14', '--out', 'json.json', found=as_json)
    read = [json.loads((tmp_path / name).read_text()) for name in ('text.json', 'json.json')]
    assert read[0] == read[1] and read[0]['counts']['detections'] == 3


@pytest.mark.parametrize('line, message', [
    ('va 0 8 26', "found.txt: line 2, video va, has 'va 0 8 26'"),
    ('va 0 8 26 nan', 'line 2, video va'),
    ('va 0 x 26 0.5', 'line 2, video va'),
    ('va 0 8 5 0.5', "video va has the label 'class 5'"),
])
def test_bad_text_files_are_named_by_file_line_and_value(score, line: str, message: str) -> None:
    status, printed = score(found=f'va 0 8 26 0.5\n{line}\n', name='found.txt')
    assert status == 1 and message in printed


@pytest.mark.parametrize('arguments, changes, message', [
    ((), dict(found='{'), 'found.json: not a JSON file'),
    ((), dict(found={}), 'expected a JSON object with "results"'),
    ((), dict(found=dict(results=dict(va=[dict(label='Diving', segment=[0, 8, 9], score=1)]))),
     'video va has the entry'),
    ((), dict(found='{"results": {"va": [{"label": "Diving", "segment": [0, 8], "score": NaN}]}}'),
     'video va has the entry'),
    ((), dict(truth=dict(TRUTH, ambiguous=dict(va=[[1, 2, 3]]))), 'truth.json: video va has the ambiguous intervals'),
    ((), dict(truth=dict(TRUTH, ambiguous=[])), 'expected "ambiguous" as'),
    ((), dict(found='', name='found.txt'), 'found.txt: no detection'),
    (('--protocol', 'thumos'), {}, "Unknown protocol 'thumos'; did you mean thumos14? Known are activitynet,"),
    (('--compare', 'thumso14'), {}, "Unknown protocol 'thumso14'; did you mean thumos14?"),
    (('--video-set', '212'), {}, "Unknown video set '212'. Known are all,"),
    (('--out', 'out.txt'), {}, 'out.txt: results are written by ending, one of .json, .csv, .md'),
    (('--subset', 'validation'), {}, "no video in subset 'validation'"),
])
def test_what_cannot_be_scored_ends_with_one_line(score, arguments, changes, message) -> None:
    status, printed = score(*arguments, **changes)
    assert status == 1 and printed.startswith('error: ') and message in printed and '\n' not in printed


def test_annotated_videos_without_detections_are_named_with_the_probable_reason(score) -> None:
    status, output = score()
    assert status == 0 and "no video of subset 'train' (1 with instances) has detections" in output
    assert '1 of 2 annotated videos have no detection' in output and 'missed: vt' in output
    assert 'warning' not in score('--subset', 'test')[1].split('video set')[0]


def test_videos_that_all_have_other_names_are_taken_as_the_same(score) -> None:
    named = {f'v_{video}': found for video, found in FOUND.items()}
    output = score('--subset', 'test', found=dict(results=named))[1]
    assert "2 videos have another name in the ground truth, such as 'va' for 'v_va', and are taken as" in output
    assert output.split('taken as the same\n')[1] == score('--subset', 'test')[1].split('\n', 1)[1]


def test_a_video_under_another_name_beside_others_is_said_to_be_one(score) -> None:
    named = dict({f'v_{video}': found for video, found in FOUND.items()}, vt=[])
    output = score(found=dict(results=named))[1]
    assert "1 videos have another name in the detections, such as 'v_va' for 'va'" in output


THUMOS_TRUTH = dict(database={
    f'video_test_000000{number}': dict(subset='test', annotations=[dict(label='Diving', segment=[0, 8])])
    for number in (1, 2)}, ambiguous=dict(video_test_0000001=[[20, 30]]))


@pytest.mark.parametrize('change, protocol, reason', [
    ({}, 'thumos14', 'the ground truth is that of THUMOS14. --protocol activitynet-thumos14 scores'),
    (dict(va=dict(subset='test')), 'activitynet', "since the video va is not called as THUMOS14's are"),
    (dict(video_test_0000003=dict(annotations=[dict(label='Divng', segment=[0, 8])])), 'activitynet',
     'since the class Divng is none of its 20'),
])
def test_the_protocol_follows_the_ground_truth_and_says_why(score, change, protocol: str, reason: str) -> None:
    truth = dict(THUMOS_TRUTH, database=THUMOS_TRUTH['database'] | change)
    found = dict(results=dict(video_test_0000001=FOUND['va'][:1]))
    printed = score(truth=truth, found=found)[1]
    first = printed.splitlines()[0]
    assert first.startswith((f'protocol {protocol}: ', f'protocol {protocol}, the default: ')) and reason in first
    assert f'protocol {protocol}; AP in %' in printed
    assert 'protocol wtalc; AP' in score('--protocol', 'wtalc', truth=truth, found=found)[1].splitlines()[1]


def test_subsets_that_differ_in_case_are_refused(score) -> None:
    truth = json.loads(json.dumps(TRUTH))
    truth['database']['vt']['subset'] = 'Test'
    status, output = score('--subset', 'test', truth=truth)
    assert status == 1 and "its subsets ['Test', 'test'] differ in case only" in output
