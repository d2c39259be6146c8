"""Runs side by side in one page: what is drawn, what is warned of, and nothing that a hostile name could start."""
from __future__ import annotations

import copy
import html.parser
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tool_runner import run_tool

from rpn_plugin.analysis.runs import Run, differing_settings, reasons_against_comparing
from rpn_plugin.visualization.comparison_page import ComparedRun, comparison_page
from rpn_plugin.visualization.svg_charts import POINTS, line_chart, thinned

HOSTILE = '"><script>alert(1)</script>'
RESULTS: dict[str, Any] = dict(
    of='test', checkpoint='work/epoch_3.pth', metrics={'wtal/mAP@0.50': 0.25, 'wtal/mAP_avg': 0.5, 'wtal/odd': None},
    evaluations=[dict(protocol='activitynet', video_set='all', tiou=[0.3, 0.5], averaged_over=[0.3], mAP=[0.5, 0.25],
                      ap={'Diving': [0.6, 0.2], HOSTILE: [0.4, 0.3]}, rules=dict(matching='best'))],
    data=[dict(annotations='a/annotations.json', sha256='1234567890', subset='test', videos=8)],
    settings=dict(optim_wrapper=dict(optimizer=dict(lr=0.1)), model=dict(type='X')), versions={}, seed=0,
    config='configs/rpn.py')


@pytest.fixture
def folders(tmp_path, monkeypatch) -> Path:
    """Makes runs; the page is written beside them."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_run(name: str, results: dict | None = RESULTS, *scalars: str) -> Run:
    """A run whose scalars are in as many folders as there are texts."""
    Path(name).mkdir(parents=True)
    if results is not None:
        Path(name, 'results.json').write_text(json.dumps(results))
    for index, text in enumerate(scalars):
        Path(name, f'2026_{index}', 'vis_data').mkdir(parents=True)
        Path(name, f'2026_{index}', 'vis_data', 'scalars.json').write_text(text)
    return Run.read(name)


def changed(path: str, value: object) -> dict:
    """The results with another value at a dotted path."""
    content = copy.deepcopy(RESULTS)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split('.')]
    place: Any = content
    for part in parents:
        place = place[part]
    place[last] = value
    return content


def test_a_run_is_read_with_what_a_resumed_one_trained_again(folders) -> None:
    run = make_run('run', RESULTS, '{"loss": 3.0, "rgb.loss_cls": 2, "step": 1}\n{"loss": 2.5, "step": 2}\n',
                   '{"loss": 2.0, "step": 2}\n{"loss": NaN, "step": 3}\n{"los')
    found = run.compared()
    assert found.losses == {'loss': [(1, 3.0), (2, 2.0)], 'rgb.loss_cls': [(1, 2.0)]}
    assert found.mean_ap == [(0.3, 0.5), (0.5, 0.25)] and found.class_ap == {'Diving': 0.6, HOSTILE: 0.4}
    assert [*found.numbers] == ['mAP_avg', 'mAP@0.50'] and found.facts['checkpoint'] == 'epoch_3.pth'
    assert found.facts['last loss'] == 'nan at 3', 'a diverged run does not look as if it had ended well'
    assert run.remarks == ['run/2026_1/vis_data/scalars.json: 1 lines are damaged and left out.']


def test_an_older_run_without_results_shows_its_last_validation(folders) -> None:
    run = make_run('old', None, '{"wtal/mAP@0.30": 0.1, "wtal/mAP_avg": 0.1, "step": 1}\n'
                                '{"wtal/mAP@0.30": 0.2, "wtal/mAP_avg": 0.3, "step": 2}')
    assert run.compared().mean_ap == [(0.3, 0.2)] and run.compared().numbers['mAP_avg'] == 0.3
    assert reasons_against_comparing([run])[0].startswith('old: no results.json, so that protocol, data and classes')


@pytest.mark.parametrize('path, value, said', [
    ('evaluations.0.protocol', 'thumos14', r'differ in the protocol.*a: activitynet on the video set all; b: thumos14'),
    ('evaluations.0.rules', dict(matching='first'), 'differ in the protocol'),
    ('data.0.sha256', '99', r'differ in the data that.*a: annotations 12345678, subset test, 8 videos; b: annotations'),
    ('data.0.videos', 7, 'differ in the data'),
    ('evaluations.0.ap', {'Diving': [0.1, 0.1]}, 'differ in the classes.*b: 1 classes, Diving'),
    ('data.0.annotations', 'elsewhere/annotations.json', None), ('settings.model.type', 'Y', None)])
def test_runs_that_may_not_be_compared_are_named_with_what_differs(folders, path, value, said) -> None:
    reasons = reasons_against_comparing([make_run('a'), make_run('b', changed(path, value))])
    assert (re.search(said, reasons[0]) and len(reasons) == 1) if said else not reasons


def test_settings_that_differ_are_listed_and_no_others(folders) -> None:
    runs = [make_run('a'), make_run('b', changed('settings.optim_wrapper.optimizer.lr', 0.01)),
            make_run('c', None, '{"loss": 1, "step": 1}')]
    assert differing_settings(runs) == {'optim_wrapper.optimizer.lr': ['0.1', '0.01', '–']}


@pytest.mark.parametrize('path, value, message', [
    ('metrics', [1], '"metrics" as numbers by name'), ('evaluations', {}, '"evaluations" as a list'),
    ('evaluations.0.tiou', ['a'], '"tiou" as numbers'), ('evaluations.0.mAP', [0.5], '2 numbers, one for each tIoU'),
    ('evaluations.0.ap.Diving', 'all', '2 numbers'), ('data', [3], '"data" of objects'), ('settings', 3, 'as a dict')])
def test_a_file_that_no_run_wrote_is_refused_by_name(folders, path, value, message) -> None:
    with pytest.raises(ValueError, match=rf'^run/results.json: expected .*{message}'):
        make_run('run', changed(path, value))


class Elements(html.parser.HTMLParser):
    """Names of the elements of a page, and its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def test_the_page_has_every_run_escapes_its_names_and_asks_for_nothing(folders) -> None:
    losses = '\n'.join(json.dumps({'loss': 5 / step, 'step': step}) for step in range(1, 900))
    make_run('plain', RESULTS, losses)
    make_run(HOSTILE, changed('settings.model.type', HOSTILE), losses)
    status, out, err = run_tool('analysis/compare.py', 'plain', HOSTILE, '--out', 'pages/compare.html')
    assert (status, err) == (0, '') and 'plain: mAP 50.00 %, protocol activitynet, last loss 0.005562 at 899' in out
    page = Path('pages/compare.html').read_text()
    elements = Elements(page)
    assert 'script' not in elements.names and '&lt;script&gt;alert(1)' in page
    assert elements.names.count('polyline') == 2 + 2 and elements.names.count('rect') == 2 * 2
    assert not {name for name, _ in elements.attributes} & {'src', 'href', 'onclick', 'onload'}
    assert "default-src 'none'" in page and '<td class="best">50.00</td>' in page
    assert 'model.type' in page and 'Before you compare' not in page


def test_runs_that_differ_are_warned_of_in_page_and_terminal(folders) -> None:
    make_run('a')
    make_run('b', changed('evaluations.0.protocol', 'thumos14'))
    _, out, _ = run_tool('analysis/compare.py', 'a', 'b')
    assert 'warning: The runs differ in the protocol' in out
    assert 'Before you compare' in Path('compare.html').read_text()


@pytest.mark.parametrize('name, message', [('nowhere', 'No folder nowhere.'), ('empty', 'empty: no results.json')])
def test_a_folder_that_is_no_run_ends_with_one_line(folders, name, message) -> None:
    Path('empty').mkdir()
    status, _, err = run_tool('analysis/compare.py', name)
    assert status == 1 and err.startswith(f'error: {message}') and err.count('\n') == 1


def test_long_lines_are_thinned_and_keep_their_ends() -> None:
    points = [(float(step), 1.0) for step in range(12_345)]
    thin = thinned(points)
    assert len(thin) <= POINTS + 1 and (thin[0], thin[-1]) == (points[0], points[-1])


def test_a_flat_line_and_a_single_point_are_drawn() -> None:
    chart = line_chart({'a': [(1.0, 0.0)], 'b': [(1.0, 0.0), (2.0, 0.0)], 'c': []}, 'x', 'y', dict(a=0, b=1, c=2))
    assert chart.count('<polyline') == 2 and 'nan' not in chart
    assert comparison_page([ComparedRun('alone')], [], {}).count('<polyline') == 0
