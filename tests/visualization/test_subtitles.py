"""Subtitles say at every millisecond what is detected there, and no two overlap."""
from __future__ import annotations

import html
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import subtitle_cues, write_srt, write_webvtt

TIME = r'(\d\d+):(\d\d):(\d\d)[.,](\d\d\d)'


def parse(text: str) -> list[tuple[int, int, list[str]]]:
    """Cues of a file, read without our writer: start and end in milliseconds, lines."""
    cues = []
    for block in re.split(r'\n\n+', text.strip()):
        match = re.search(rf'^{TIME} --> {TIME}$', block, re.M)
        if match:
            numbers = list(map(int, match.groups()))
            start, end = (((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
                          for hours, minutes, seconds, milliseconds in (numbers[:4], numbers[4:]))
            cues.append((start, end, block[match.end():].strip().split('\n')))
    return cues


def detections(rows: list[tuple[float, float, str, float]]) -> VideoSegments:
    return VideoSegments(np.array([row[:2] for row in rows]).reshape(-1, 2), [row[2] for row in rows],
                         np.array([row[3] for row in rows]))


milliseconds = st.integers(0, 400).map(lambda value: value / 1000)
rows = st.lists(st.tuples(milliseconds, milliseconds, st.sampled_from('abc'), st.sampled_from([0.1, 0.2, 0.5, 0.75])),
                max_size=12)


@settings(max_examples=150, deadline=None)
@given(rows=rows)
def test_every_millisecond_shows_what_is_detected_in_it(rows) -> None:
    cues = subtitle_cues(detections(rows), min_score=0.2)
    assert all(first[1] <= second[0] for first, second in zip(cues, cues[1:]))
    assert all(first[1] < second[0] or first[2] != second[2] for first, second in zip(cues, cues[1:]))
    for moment in range(0, 401):
        best: dict[str, float] = {}
        for start, end, label, score in rows:
            if score >= 0.2 and round(start * 1000) <= moment < round(end * 1000):
                best[label] = max(best.get(label, 0), score)
        shown = [lines for start, end, lines in cues if start <= moment < end]
        assert len(shown) <= 1 and set(sum(shown, [])) == {f'{label} {score:.2f}' for label, score in best.items()}


def test_both_formats_hold_the_cues_exactly(tmp_path) -> None:
    found = detections([(0.0005, 1.9996, 'Diving', 0.9), (1.0, 3661.001, 'A <b>&amp; --> c\n\n2', 0.8),
                        (360000.25, 360001, 'Diving', 0.7)])
    cues = subtitle_cues(found)
    write_srt(tmp_path / 'a.srt', cues)
    write_webvtt(tmp_path / 'a.vtt', cues)
    assert parse((tmp_path / 'a.srt').read_text()) == cues
    vtt = (tmp_path / 'a.vtt').read_text()
    assert vtt.startswith('WEBVTT\n\n') and '<' not in vtt
    assert [(start, end, [html.unescape(line) for line in lines]) for start, end, lines in parse(vtt)] == cues
    assert cues == [(0, 1000, ['Diving 0.90']), (1000, 2000, ['Diving 0.90', 'A <b>&amp; --> c 2 0.80']),
                    (2000, 3661001, ['A <b>&amp; --> c 2 0.80']), (360000250, 360001000, ['Diving 0.70'])]


def test_the_files_look_as_players_expect(tmp_path) -> None:
    cues = subtitle_cues(detections([(10.88, 19.2, 'Billiards', 0.987), (12, 14, 'Diving', 0.7)]))
    write_srt(tmp_path / 'a.srt', cues)
    assert (tmp_path / 'a.srt').read_text() == (
        '1\n00:00:10,880 --> 00:00:12,000\nBilliards 0.99\n\n'
        '2\n00:00:12,000 --> 00:00:14,000\nBilliards 0.99\nDiving 0.70\n\n'
        '3\n00:00:14,000 --> 00:00:19,200\nBilliards 0.99\n')


@pytest.mark.parametrize('write, text', [(write_srt, ''), (write_webvtt, 'WEBVTT\n')])
def test_no_detection_is_an_empty_file(tmp_path, write, text) -> None:
    write(tmp_path / 'new' / 'a', subtitle_cues(detections([])))
    assert (tmp_path / 'new' / 'a').read_text() == text
