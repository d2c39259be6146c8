"""Names from files in a terminal, a picture, a table and a spreadsheet: nothing is executed, nothing fails."""
from __future__ import annotations

import csv
import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rpn_plugin.command_line import one_line_errors, reason
from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.protocols import get_protocol
from rpn_plugin.evaluation.report import FORMATS
from rpn_plugin.evaluation.results_file import write_detections_csv
from rpn_plugin.shown_names import csv_cell, drawn, drawn_title, markdown_row, one_line, printable
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import draw_timeline, save_figure, subtitle_cues, write_srt, write_webvtt
from rpn_plugin.visualization.evaluation import draw_precision_recall
from rpn_plugin.visualization.gain import ClassGain, draw_class_gains
from rpn_plugin.visualization.heat_map import HeatMap, draw_heat_maps
from rpn_plugin.visualization.sensitivity import SensitivityCurve, draw_sensitivity
from rpn_plugin.visualization.wtal_visualizer import figure_pixels

ODD = [r'$\frac{$', '$x^{$', r'\$a$', '_hidden', '視頻', 'a\nb', '\ud800', '\x1b[2J', 'n' * 400, '', 'مرحبا']


@settings(max_examples=50)
@given(st.text())
@example('\ud800')
def test_whatever_is_printable_can_be_encoded_and_controls_nothing(text) -> None:
    shown = printable(text)
    shown.encode()
    assert all(character.isprintable() or character in '\n\u200c\u200d' for character in shown)
    assert '\n' not in one_line(text)


@given(st.text(alphabet=r'$\_{}^ab'))
def test_what_is_drawn_has_no_formula_and_reads_as_the_name(text) -> None:
    from matplotlib.text import Text
    preprocessed, is_math = Text()._preprocess_math(drawn(text))
    assert not is_math and preprocessed.strip() == ' '.join(text.split())[:80].strip()


def test_long_names_are_shortened_and_titles_keep_their_lines() -> None:
    assert drawn('n' * 400) == 'n' * 79 + '…'
    assert drawn_title('first\nsecond') == 'first\nsecond'


def figures() -> list:
    found = VideoSegments(np.array([[place, place + 1] for place in range(len(ODD))], dtype=float), ODD,
                          np.linspace(1, 0.1, len(ODD)))
    curves = {f'CAS\n{name}': (np.arange(3.0), {name: np.arange(3.0)}) for name in ODD[:2]}
    square = np.arange(16.0).reshape(4, 4)
    return [draw_timeline(ODD[0], 10.0, {ODD[1]: found}, curves),
            draw_heat_maps({ODD[0]: HeatMap(square, ODD[:4], 'distance')}, ODD[1]),
            draw_class_gains([ClassGain((1.0, 2.0), name) for name in ODD[3:6]], ODD[0], 'gain'),
            draw_sensitivity({name: SensitivityCurve([1, 2], [3, 4], [0, 0], 1) for name in ODD[:2]}, 3, ODD[0], 'mAP'),
            draw_precision_recall({name: (np.array([0.5]), np.array([1.0])) for name in ODD[5:8]}, ODD[0])]


def test_every_picture_takes_every_name_without_a_warning(tmp_path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        made = figures()
        assert figure_pixels(made[0]).ndim == 3
        for place, figure in enumerate(made):
            save_figure(figure, tmp_path / f'{place}.png')


@pytest.mark.parametrize('name', ['a|b', 'a\n| c |', '<img src=x>', '[a](b)', 'back\\|slash', '`code`'])
def test_a_cell_of_a_markdown_table_stays_one(name) -> None:
    row = markdown_row(name, 3)
    bare = row.replace('\\\\', '').replace('\\|', '')
    assert bare.count('|') == 3 and '\n' not in row
    assert '<img' not in row.replace('\\<', '')


@pytest.mark.parametrize('name, expected', [
    ('=1+1', "'=1+1"), ('+1', "'+1"), ('@SUM(A1)', "'@SUM(A1)"), ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
    ('\t=1', r'\t=1'), ('-0r0HEwAYiQ', '-0r0HEwAYiQ'), ('_-a', '_-a'), ('Diving', 'Diving'), ('a=1', 'a=1')])
def test_a_spreadsheet_sees_no_formula_and_names_of_videos_stay(name, expected) -> None:
    assert csv_cell(name) == expected


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=4, unique=True))
@example(['\ud800', '=1'])
def test_tables_of_any_names_are_whole(tmp_path_factory, names) -> None:
    path: Path = tmp_path_factory.mktemp('csv') / 'found.csv'
    found = VideoSegments(np.array([[0.0, 1.0]] * len(names)), names, np.ones(len(names)))
    write_detections_csv(path, {names[0]: found})
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline='')))
    assert [row[1] for row in rows[1:]] == [csv_cell(name) for name in names]
    cues = subtitle_cues(found)
    write_srt(path.with_suffix('.srt'), cues)
    write_webvtt(path.with_suffix('.vtt'), cues)


def test_tables_of_results_hold_every_class_in_its_own_row() -> None:
    names = ['a|b', '=1+1', 'plain']
    truth = {'va': VideoSegments(np.array([[0.0, 1], [2, 3], [4, 5]]), names)}
    result = evaluate_localization({'va': VideoSegments(truth['va'].segments, names, np.ones(3))}, truth,
                                   get_protocol('thumos14'))
    markdown = [line for line in FORMATS['.md']([result]).splitlines() if line.startswith('|')]
    assert len({line.replace('\\|', '').count('|') for line in markdown}) == 1
    assert any(line.startswith(r'| a\|b |') for line in markdown) and "'=1+1" in FORMATS['.csv']([result])


def test_the_last_line_of_a_tool_controls_no_terminal() -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise ValueError('video \x1b[2J\ud800: broken')
    assert ended.value.code == r'error: video \x1b[2J\ud800: broken'


def test_a_fault_that_nobody_foresaw_comes_with_its_type() -> None:
    assert reason(RuntimeError('out of memory')) == 'RuntimeError: out of memory'
    assert reason(ValueError('wrong')) == 'wrong' and reason(KeyError('a')) == "KeyError: 'a'"
    assert reason(AssertionError()) == 'AssertionError: AssertionError'
