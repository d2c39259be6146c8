"""Finding, looking closer, comparing, saving: what the controls of the report page do, in a real browser."""
from __future__ import annotations

import csv
import io
import re
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import PATIENCE_SEC, Browser
from made_report import (
    bars,
    centre,
    choose_option,
    click,
    found,
    move_slider,
    press_button,
    segments,
    shown_videos,
    text,
    texts,
    two_videos,
    write_clip,
)

from rpn_plugin.evaluation.functional.error_analysis import KINDS
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import ReportVideo, write_report
from rpn_plugin.visualization.html_report import PARTS


def nothing() -> VideoSegments:
    return segments(scored=False)


def search(browser: Browser, words: str) -> None:
    browser.evaluate(f"""(field => {{ field.value = {words!r}; field.dispatchEvent(new Event("input"));
                         return new Promise(done => setTimeout(done, 150)); }})(document.getElementById("search"))""")


def five_videos() -> list[ReportVideo]:
    """Of which every order is another one."""
    diving, two = (segments(*rows, scored=False) for rows in (
        [(0, 4, 'Diving')], [(0, 4, 'Diving'), (5, 9, 'Diving')]))
    return [
        ReportVideo('v10', found((0, 4, 'Diving', 0.2)), 50.0, diving),  # AP 1
        ReportVideo('v9', found((0, 1, 'Diving', 0.9), (0, 4, 'Diving', 0.3)), 40.0, diving),  # AP 1/2
        ReportVideo('v2', found((6, 7, 'Diving', 0.7)), 30.0, two),
        ReportVideo('empty', found(), 60.0, nothing()),
        ReportVideo('other', found((0, 4, 'HighJump', 0.5)), 20.0, nothing()),
    ]


@pytest.mark.parametrize('order, expected', [
    ('file', ['v10', 'v9', 'v2', 'empty', 'other']),
    ('name', ['empty', 'other', 'v2', 'v9', 'v10']),
    ('length', ['empty', 'v10', 'v9', 'v2', 'other']),
    ('ap', ['v2', 'v9', 'v10', 'empty', 'other']),  # those without instances last
    ('missed', ['v2', 'v10', 'v9', 'empty', 'other']),
    ('confidence', ['v9', 'v2', 'other', 'v10', 'empty']),
])
def test_videos_are_sorted(page, order, expected) -> None:
    browser, path = page
    write_report(path, 'five', five_videos(), threshold=0.0)
    browser.open(path)
    choose_option(browser, 'sort', order)
    assert shown_videos(browser) == expected
    if order == 'name':
        click(browser, '#reversed')
        assert shown_videos(browser) == expected[::-1]


def test_videos_are_found_by_name_and_jumped_to(page) -> None:
    browser, path = page
    videos = [ReportVideo(f'Video {number}', found((1, 9, 'Diving', 0.5)), 10.0) for number in range(60)]
    write_report(path, 'many', videos)
    browser.open(path)
    search(browser, 'video 4')
    assert shown_videos(browser) == ['Video 4', *(f'Video {number}' for number in range(40, 50))]
    assert text(browser, '#shown') == '11 of 60 detections, 11 of 60 videos'
    assert browser.evaluate('document.querySelectorAll("#jump option").length') == 12  # with "jump to"
    browser.evaluate('document.getElementById("search").focus()')
    browser.press('Enter')
    assert browser.evaluate('document.activeElement.textContent') == 'Video 4'  # the first of them
    search(browser, 'nowhere')
    assert text(browser, '#shown') == '0 of 60 detections, 0 of 60 videos'
    search(browser, '')
    choose_option(browser, 'jump', 50)
    top = 'document.querySelector(\'[aria-label="Video 50"]\').getBoundingClientRect().top'
    browser.wait(f'Math.abs({top} - document.querySelector("header").offsetHeight - 8) < 2')
    browser.wait('document.querySelector(\'[aria-label="Video 50"] rect.found\') !== null')
    assert browser.evaluate('document.activeElement.textContent') == 'Video 50'


def test_a_link_opens_the_page_as_it_was(page) -> None:
    browser, path = page
    write_report(path, 'two videos', two_videos())
    browser.open(path)
    click(browser, '#classes button', 0)
    click(browser, '#kinds button', KINDS.index('background'))
    threshold = move_slider(browser, 0.25)
    choose_option(browser, 'sort', 'name')
    click(browser, '#reversed')
    search(browser, 's')
    press_button(browser, '+')  # of the second, which is the first now
    browser.wait('location.hash.includes("from=2.50") && location.hash.includes("search=s")')
    link, counters = browser.evaluate('location.hash'), text(browser, '#shown')
    browser.call('Page.navigate', url='about:blank')
    browser.open(path, link)
    assert text(browser, '#shown') == counters and text(browser, '#filter-state') == '(1 of 2)'
    assert shown_videos(browser) == ['second']
    assert browser.evaluate('document.getElementById("reversed").getAttribute("aria-pressed")') == 'true'
    assert float(text(browser, '.threshold output')) == threshold
    assert text(browser, '[aria-label="second"] .axis text') == '0:02.5'
    assert browser.evaluate('[document.getElementById("search").value, document.getElementById("sort").value]') == [
        's', 'name']
    browser.evaluate('location.hash = "video=third&class=Diving&class=Swimming&score=x"')
    browser.wait('document.getElementById("notice").textContent !== ""')
    assert text(browser, '#notice') == 'Not on this page: class Swimming, video third.'
    assert text(browser, '#shown') == '2 of 5 detections, 2 videos'


def test_a_long_video_can_be_zoomed_and_moved(page) -> None:
    browser, path = page
    write_report(path, 'long', [ReportVideo('long', found((0, 1, 'Diving', 0.9), (799, 801, 'Diving', 0.8)), 1600.0)])
    browser.open(path)
    assert (bars(browser), texts(browser, '.axis text')[0]) == (2, '0:00')
    x, y = centre(browser, 'rect.field')
    browser.call('Input.dispatchMouseEvent', type='mouseWheel', x=x, y=y, deltaX=0, deltaY=-1000, modifiers=2)  # Ctrl
    browser.wait('document.querySelectorAll("rect.found").length === 1')  # the one in the middle, under the mouse
    width = float(browser.evaluate('document.querySelector("rect.found").getAttribute("width")'))
    field = float(browser.evaluate('document.querySelector("rect.field").getAttribute("width")'))
    assert width == pytest.approx(field * 2 / 1600 * 1.002 ** 1000, rel=0.01)
    left = float(browser.evaluate('document.querySelector("rect.found").getAttribute("x")'))
    browser.drag((x - 200, y + 5), (x - 100, y + 5))
    browser.wait(f'Math.abs(document.querySelector("rect.found").getAttribute("x") - {left + 100}) < 1')
    assert text(browser, '.detail') == ''  # a drag chooses nothing
    browser.evaluate("""(range => { range.value = 0; range.dispatchEvent(new Event("input")); })(
                        document.querySelector(".pan"))""")
    browser.wait('document.querySelector(".axis text").textContent === "0:00"')
    assert browser.evaluate('document.querySelector("rect.found").getAttribute("aria-label")').endswith('to 0:01.00')
    press_button(browser, 'whole')
    browser.wait('document.querySelectorAll("rect.found").length === 2 && document.querySelector(".pan").hidden')


def test_two_fingers_zoom(page) -> None:
    browser, path = page
    write_report(path, 'long', [ReportVideo('long', found((0, 1, 'Diving', 0.9)), 1600.0)])
    browser.open(path)
    x, y = centre(browser, 'rect.field')
    for kind, apart in (('touchStart', 50), ('touchMove', 100), ('touchMove', 200)):
        points = [dict(x=x - apart, y=y, id=0), dict(x=x + apart, y=y, id=1)]
        browser.call('Input.dispatchTouchEvent', type=kind, touchPoints=points)
    browser.call('Input.dispatchTouchEvent', type='touchEnd', touchPoints=[])
    browser.wait('!document.querySelector(".pan").hidden')
    browser.wait('document.querySelector(".axis text").textContent !== "0:00"')
    first, *_, last = texts(browser, '.axis text')
    assert first in ('10:00', '10:30', '11:00') and last in ('16:00', '16:30', '17:00')


MARKED = [ReportVideo('one', found(
    (10, 20, 'Diving', 0.9), (10, 19, 'Diving', 0.8), (12, 16, 'Diving', 0.7), (30, 40, 'Diving', 0.6),
    (80, 90, 'Diving', 0.5)), 100.0, segments((10, 20, 'Diving'), (30, 40, 'HighJump'), scored=False))]


def test_errors_are_marked_as_the_analysis_knows_them(page) -> None:
    browser, path = page
    write_report(path, 'marks', MARKED, threshold=0.0)
    browser.open(path)
    marks = {'true positive': '✓', 'duplicate': '=', 'localization': '↔', 'confusion': '≠', 'background': '–'}
    assert set(marks) == set(KINDS)
    for kind in KINDS:
        name = kind.replace(' ', '-')
        assert bars(browser, name) == 1
        assert browser.evaluate(f'document.querySelector("rect.{name} + text.symbol").textContent') == marks[kind]
    assert bars(browser, 'missed') == 1
    chips = browser.evaluate('[...document.querySelectorAll("#kinds button")].map(chip => '
                             '[chip.querySelector("span").textContent, chip.querySelector("b").textContent])')
    assert chips == [[kind, '1'] for kind in (*KINDS, 'missed')]
    click(browser, 'rect.localization')
    assert text(browser, '.detail') == \
        'Diving 0.700, 0:12.00 to 0:16.00, localization; tIoU 0.40 with Diving 0:10.00 to 0:20.00'
    click(browser, 'rect.confusion')
    assert text(browser, '.detail').endswith('confusion; tIoU 1.00 with HighJump 0:30.00 to 0:40.00')
    click(browser, 'rect.truth.missed')
    assert text(browser, '.detail') == 'HighJump (ground truth), 0:30.00 to 0:40.00, missed'


def test_an_instance_is_missed_once_the_slider_hides_what_takes_it(page) -> None:
    browser, path = page
    video = ReportVideo('one', found((0, 4, 'Diving', 0.5), (8, 9, 'Diving', 0.9)), 10.0,
                        segments((0, 4, 'Diving'), (5, 6, 'Diving'), scored=False))
    write_report(path, 'one', [video], threshold=0.0)
    browser.open(path)
    assert bars(browser, 'missed') == 1 and bars(browser, 'true-positive') == 1  # nothing takes the other one
    move_slider(browser, 0.01)
    assert bars(browser, 'missed') == 2 and bars(browser, 'true-positive') == 0
    assert text(browser, '.video h2 > span') == '0:10 · 1 detection · 2 instances · 2 missed · AP 25.0'


def test_kinds_can_be_left_out_and_videos_without_the_others_go(page) -> None:
    browser, path = page
    write_report(path, 'two videos', two_videos(), threshold=0.0)
    browser.open(path)
    for kind in KINDS:
        click(browser, '#kinds button', KINDS.index(kind))
    assert shown_videos(browser) == ['second'] and (bars(browser), bars(browser, 'missed')) == (0, 2)
    assert text(browser, '#shown') == '0 of 5 detections, 1 of 2 videos'
    click(browser, '#kinds button', KINDS.index('duplicate'))
    assert shown_videos(browser) == ['first', 'second']
    browser.wait('document.querySelectorAll("rect.duplicate").length === 1')  # drawn as it comes near the screen


def test_without_ground_truth_there_are_no_marks(page) -> None:
    browser, path = page
    write_report(path, 'plain', [ReportVideo('one', MARKED[0].detections)])
    browser.open(path)
    assert browser.evaluate('document.getElementById("kinds").hidden && document.getElementById("marks").hidden')
    assert browser.evaluate('document.querySelector(".symbol")') is None and bars(browser) == 5
    assert browser.evaluate('[...document.querySelectorAll("#sort option")].map(each => each.value)') == [
        'file', 'name', 'length', 'confidence']


def test_a_second_file_stands_beside_the_first_with_its_own_threshold(page) -> None:
    browser, path = page
    write_report(path, 'beside', [ReportVideo('one', {
        'a.json': segments((10, 20, 'Diving', 0.9), (50, 60, 'Diving', 0.8)),
        'b.json': segments((50, 60, 'Diving', 7.0)),
    }, 100.0, segments((10, 20, 'Diving'), scored=False))], threshold=None)
    browser.open(path)
    lanes = browser.evaluate('[...document.querySelectorAll("svg[role=group]")].map(lane => '
                             'lane.getAttribute("aria-label"))')
    assert lanes == ['Diving in a.json: 1 detection, 1 instance', 'Diving in b.json: 1 detection, 1 instance, 1 missed']
    assert texts(browser, '.threshold small') == ['1 of 2', '1 of 1']
    assert move_slider(browser, 0.0) == pytest.approx(0.8)
    assert bars(browser, 'background') == 2 and text(browser, '.threshold:nth-child(2) output') == '7.00'
    assert text(browser, '.video h2 > span') == \
        '1:40 · 2 and 1 detections · 1 instance · 0 and 1 missed · AP 100.0 and 0.0'


def downloaded(folder: Path, name: str) -> bytes:
    """What the browser saved, once it has."""
    end = time.monotonic() + PATIENCE_SEC
    while not (folder / name).exists():
        assert time.monotonic() < end, sorted(folder.glob('*'))
        time.sleep(0.02)
    return (folder / name).read_bytes()


def test_what_is_shown_is_saved_as_a_table_and_as_a_picture(page, tmp_path) -> None:
    browser, path = page
    browser.call('Browser.setDownloadBehavior', behavior='allow', downloadPath=str(tmp_path / 'saved'))
    hostile = ReportVideo('=1+"1",\n/..', found((1, 2.5, '<b>&\x07', 0.75)), 10.0, nothing())
    write_report(path, 'saved', [hostile, *two_videos()], threshold=0.2)
    browser.open(path)
    click(browser, '#kinds button', KINDS.index('true positive'))
    click(browser, '#csv')
    rows = list(csv.reader(io.StringIO(downloaded(tmp_path / 'saved', 'detections.csv').decode())))
    assert rows == [
        ['video', 'file', 'kind', 'label', 'start_sec', 'end_sec', 'score'],
        ["'=1+\"1\",\\x0a/..", 'found.json', 'background', '<b>&\\x07', '1', '2.5', '0.75'],
        ['first', 'found.json', 'duplicate', 'Diving', '12', '18', '0.5'],
        ['first', 'found.json', 'background', 'HighJump', '40', '50', '0.3'],
        ['second', 'found.json', 'localization', 'HighJump', '1', '2', '0.7'],
        ['second', 'found.json', 'missed', 'HighJump', '0', '3', ''],
        ['second', 'found.json', 'missed', 'Diving', '6', '7', ''],
    ]
    press_button(browser, 'PNG')  # of the hostile one
    picture = cv2.imdecode(np.frombuffer(downloaded(tmp_path / 'saved', '_1__1____...png'), np.uint8), 1)
    width = browser.evaluate('document.querySelector(".video").getBoundingClientRect().width')
    assert picture.shape[1] == int(2 * width)
    grey = np.array([0xb3, 0xa9, 0xa3])  # the outline of a background detection, in BGR
    assert (np.abs(picture.astype(int) - grey).max(axis=2) < 3).sum() > 50


def focused(browser: Browser) -> str:
    return browser.evaluate('document.activeElement.getAttribute("aria-label")')


def test_bars_can_be_reached_and_chosen_by_keys(page) -> None:
    browser, path = page
    write_report(path, 'two videos', two_videos(), threshold=0.0)
    browser.open(path)
    assert browser.evaluate('document.querySelectorAll(".video:first-child rect[tabindex=\\"0\\"]").length') == 1
    browser.evaluate('document.querySelector("rect[tabindex=\\"0\\"]").focus()')
    assert focused(browser) == 'Diving (ground truth), 0:11.00 to 0:19.00'
    for key, label in (('ArrowRight', 'Diving 0.500, 0:12.00 to 0:18.00, duplicate'),
                       ('ArrowRight', 'Diving 0.500, 0:12.00 to 0:18.00, duplicate'),  # the last
                       ('Home', 'Diving 0.900, 0:10.00 to 0:20.00, true positive'),
                       ('ArrowDown', 'HighJump 0.300, 0:40.00 to 0:50.00, background'),
                       ('ArrowUp', 'Diving 0.500, 0:12.00 to 0:18.00, duplicate')):
        browser.press(key)
        assert focused(browser) == label
    browser.press('Enter')
    assert text(browser, '.detail').startswith('Diving 0.500, 0:12.00 to 0:18.00, duplicate')
    assert browser.evaluate('document.activeElement.classList.contains("chosen")')
    browser.press('+')
    browser.wait('!document.querySelector(".pan").hidden')
    browser.wait('document.activeElement.tagName === "rect"')  # zooming keeps the focus
    browser.press('+')
    browser.press('+')
    browser.press('ArrowDown')  # outside of what is shown: it is moved to
    browser.wait('(document.activeElement.getAttribute("aria-label") || "").startsWith("HighJump 0.300")')
    move_slider(browser, 0.2)  # 0.26
    assert focused(browser).startswith('HighJump 0.300')  # so does redrawing
    browser.press('0')
    browser.wait('document.querySelector(".pan").hidden')


def test_everything_that_acts_has_a_name(page, tmp_path) -> None:
    browser, path = page
    write_clip(tmp_path / 'clip.webm', seconds=1)
    write_report(path, 'two videos', [ReportVideo(video.name, video.detections, truth=video.truth, url='clip.webm')
                                      for video in two_videos()])
    browser.open(path)
    nodes = browser.call('Accessibility.getFullAXTree')['nodes']
    acting = [node for node in nodes if not node['ignored'] and node['role']['value'] in (
        'button', 'slider', 'combobox', 'searchbox', 'link', 'group', 'region')]
    named = {node['role']['value'] for node in acting}
    assert {'button', 'slider', 'combobox', 'searchbox', 'link', 'group', 'region'} <= named
    unnamed = [node['role']['value'] for node in acting if not node.get('name', {}).get('value')]
    assert set(unnamed) <= {'group'} and unnamed.count('group') <= 2  # the two that unfold


def test_the_classes_that_a_video_has_come_first(page) -> None:
    browser, path = page
    write_report(path, 'order', [ReportVideo('one', found(
        (0, 1, 'Archery', 0.9), (0, 1, 'Bowling', 0.8), (0, 1, 'Diving', 0.7)), 10.0,
        segments((0, 1, 'Diving'), scored=False))],
        threshold=0.0)
    browser.open(path)
    assert texts(browser, '.name > span') == ['Diving', 'Archery', 'Bowling']


def test_a_curve_says_its_range(page) -> None:
    browser, path = page
    write_report(path, 'two videos', two_videos(), threshold=0.0)
    browser.open(path)
    notes = browser.evaluate('[...document.querySelectorAll(".video:first-child .name")].map(name => '
                             '[...name.querySelectorAll("small")].map(note => note.textContent).join(" | "))')
    assert notes[:2] == ['2 detections, 1 instance | curve -0.25 to 1.0', '1 detection | curve 0.0 to 0.0']


COLOUR_BLIND = {  # of linear RGB, Machado, Oliveira and Fernandes 2009, at full severity
    'protan': [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    'deutan': [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    'tritan': [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    'none': np.eye(3),
}


@pytest.mark.parametrize('blindness', COLOUR_BLIND)
def test_the_colours_of_the_kinds_differ_for_every_eye(blindness) -> None:
    style = (PARTS / 'page.css').read_text()
    names = [kind.replace(' ', '-') for kind in (*KINDS, 'missed')]
    coded = [re.search(rf'--{name}: #(\w{{6}});', style)[1] for name in names]
    rgb = np.array([[int(code[place:place + 2], 16) / 255 for place in (0, 2, 4)] for code in coded])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(COLOUR_BLIND[blindness]).T, 0, 1)
    srgb = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = cv2.cvtColor(srgb[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 1000 * np.eye(len(lab))
    first, second = np.unravel_index(apart.argmin(), apart.shape)
    assert apart.min() > 15, (names[first], names[second], apart.min())
