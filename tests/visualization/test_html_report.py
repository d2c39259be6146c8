"""The page in a real browser: what it shows, hides, plays and refuses to run."""
from __future__ import annotations

import re

import numpy as np
import pytest
from browser import Browser
from made_report import (
    bars,
    centre,
    click,
    found,
    move_slider,
    segments,
    shown_videos,
    text,
    texts,
    two_videos,
    write_clip,
)

from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import Curves, ReportVideo, write_report

HOSTILE = ['</script><img src=x onerror="window.ran=1">', '<script>window.ran=1</script>', '{data}{script}',
           '"\'><svg onload=window.ran=1>', '<!--<script>', '\u2028\u2029\\u003c/', '&lt;b&gt; &amp;', 'javascript:0']


def test_a_time_axis_that_the_page_could_not_draw_is_refused_by_the_name_of_the_video(tmp_path) -> None:
    with pytest.raises(ValueError, match='Video far would end at 1e.* s; 10000000 s are the most'):
        write_report(tmp_path / 'report.html', 'far', [ReportVideo('far', found(), 1e8)])
    assert not (tmp_path / 'report.html').exists()


def test_the_largest_values_of_a_curve_and_a_title_of_no_characters_make_a_page(tmp_path) -> None:
    values = np.array([[3e38], [-3e38]], np.float32)
    write_report(tmp_path / 'report.html', '\ud800', [
        ReportVideo('a', found((0, 1, 'Diving', 0.9)), curves=Curves(('Diving', ), values, 0.0, 1.0))])
    page = (tmp_path / 'report.html').read_text(encoding='utf-8')
    assert '"values":[[0,[1000,0],-3e+38,3e+38]]' in page and r'<title>\ud800</title>' in page


def test_bars_follow_the_threshold(page) -> None:
    browser, path = page
    write_report(path, 'two videos', two_videos())
    browser.open(path)
    assert (bars(browser), bars(browser, 'truth')) == (3, 3)  # as many detections as there are instances
    assert text(browser, '#shown') == '3 of 5 detections, 2 videos'
    assert text(browser, '.video h2 > span') == '1:04 · 2 detections · 1 instance · 0 missed · AP 100.0'
    assert browser.evaluate('document.querySelectorAll("polygon.curve").length') == 1  # of the class that shows
    for share in (0.0, 0.3, 0.6, 1.0):
        threshold = move_slider(browser, share)
        assert threshold == pytest.approx(0.1 + 0.8 * share, abs=1e-3)
        assert bars(browser) == sum(score >= threshold - 1e-9 for score in (0.9, 0.5, 0.3, 0.7, 0.1))
        assert bars(browser, 'truth') == 3


def test_a_bar_lies_where_its_segment_is(page) -> None:
    browser, path = page
    write_report(path, 'two videos', two_videos()[:1], threshold=0.8)
    browser.open(path)
    width = browser.evaluate('document.querySelector("rect.field").getBoundingClientRect().width')
    for kind, start, end in (('found', 10, 20), ('truth', 11, 19)):
        x, length = (float(browser.evaluate(f'document.querySelector("rect.{kind}").getAttribute("{name}")'))
                     for name in ('x', 'width'))
        assert x == pytest.approx(start / 64 * width, abs=0.5) and length == pytest.approx((end - start) / 64 * width,
                                                                                           abs=0.5)


def test_classes_can_be_left_out_and_every_counter_follows(page) -> None:
    browser, path = page
    write_report(path, 'two videos', [
        *two_videos(), ReportVideo('third', found((1, 2, 'Diving', 0.4)), 10.0, segments(scored=False))], threshold=0.0)
    browser.open(path)
    assert bars(browser) == 6
    click(browser, '#classes button', 0)  # Diving
    assert (bars(browser), bars(browser, 'truth')) == (3, 1)
    assert shown_videos(browser) == ['first', 'second']
    assert text(browser, '#shown') == '3 of 6 detections, 2 of 3 videos'
    assert text(browser, '#filter-state') == '(1 of 2)'
    click(browser, '#none')
    assert (bars(browser), bars(browser, 'truth'), shown_videos(browser)) == (0, 0, [])
    assert text(browser, '#shown') == '0 of 6 detections, 0 of 3 videos'
    assert not browser.evaluate('document.getElementById("nothing").hidden')
    click(browser, '#all')
    browser.wait('document.querySelectorAll("rect.found").length === 6')  # drawn as they come near the screen
    assert bars(browser, 'truth') == 3


def test_a_video_has_thumbnails_and_plays_from_a_bar(page, tmp_path) -> None:
    browser, path = page
    write_clip(tmp_path / 'a clip%20#1.webm')
    video = ReportVideo('first', found((42.5, 50, 'Diving', 0.9)), 60.0, url='a%20clip%2520%231.webm')
    write_report(path, 'a clip', [video])
    browser.open(path)
    browser.wait('document.querySelectorAll(".thumbnails canvas").length === 9')
    browser.wait('document.querySelector(".thumbnails canvas:last-child").width === 72')  # 54 pixels high
    assert browser.evaluate('document.querySelector("video") === null')  # no player before it is wanted
    browser.drag(*[centre(browser, 'rect.found')] * 2)
    browser.wait('document.querySelector("video") && document.querySelector("video").readyState >= 2')
    assert 42.5 <= browser.evaluate('document.querySelector("video").currentTime') < 50
    assert text(browser, '.detail') == 'Diving 0.900, 0:42.50 to 0:50.00'
    browser.wait('!document.querySelector("video").paused')
    for paused in ('true', 'false'):
        browser.evaluate('document.querySelector("rect.found").focus()')
        browser.press(' ')
        browser.wait(f'document.querySelector("video").paused === {paused}')
    assert browser.evaluate('document.querySelector("video").currentTime') >= 42.5  # goes on, not back


def test_a_video_that_the_browser_cannot_play_has_no_thumbnails_and_says_so(page, tmp_path) -> None:
    browser, path = page
    (tmp_path / 'bad.webm').write_bytes(b'no video')
    write_report(path, 'bad', [ReportVideo('first', found((42.5, 50, 'Diving', 0.9)), 60.0, url='bad.webm')])
    browser.open(path)
    browser.wait('document.querySelector(".thumbnails") === null')
    click(browser, 'rect.found')
    browser.wait('document.querySelector(".detail").textContent === "The video bad.webm cannot be played."')


def test_names_from_files_stay_text(page) -> None:
    browser, path = page
    files = dict.fromkeys(HOSTILE[:2])
    videos = [ReportVideo(name, dict.fromkeys(files, segments((1, 2, name, 0.5))), 10.0,
                          segments((1, 2, name), scored=False), Curves((name, ), np.ones((9, 1)), 0.0, 1.0))
              for name in HOSTILE]
    write_report(path, HOSTILE[0], videos)
    browser.size(1200, 4000)
    browser.open(path)
    assert browser.evaluate('[document.title, document.querySelector("h1").textContent]') == [HOSTILE[0]] * 2
    assert shown_videos(browser) == HOSTILE
    assert texts(browser, '.threshold .file') == [*files]
    assert sorted(texts(browser, '.name > span')) == sorted(HOSTILE)
    assert browser.evaluate('document.querySelectorAll("img, script:not(:not([type])):not(#data)").length') == 0
    browser.evaluate('document.querySelectorAll("rect.found").forEach(bar => ["pointerover", "click"].forEach('
                     'kind => bar.dispatchEvent(new Event(kind, {bubbles: true}))))')
    assert HOSTILE[0] in ''.join(texts(browser, 'rect title, .detail'))


def test_another_script_would_not_run(browser, tmp_path) -> None:
    write_report(tmp_path / 'report.html', 'two videos', two_videos())
    page = (tmp_path / 'report.html').read_text().replace('</main>', '</main><script>window.ran = 1</script>')
    (tmp_path / 'report.html').write_text(page)
    browser.open(tmp_path / 'report.html')
    assert not browser.evaluate('"ran" in window')
    assert any('Content Security Policy' in complaint for complaint in browser.complaints)


@pytest.mark.parametrize('files', [('found.json', ), ('a' * 60, 'b' * 60)])
def test_a_phone_shows_all_of_it_without_scrolling_sideways_under_a_header_of_a_tenth(page, files) -> None:
    browser, path = page
    long_names = [ReportVideo(name, dict.fromkeys(files, video.detections['found.json']), truth=video.truth)
                  for name, video in zip(['x' * 120, 'short'], two_videos())]
    long_names[1].detections[files[-1]].labels[0] = 'y' * 80
    write_report(path, 'two videos', long_names)
    browser.size(390, 844, mobile=True)
    browser.open(path)
    assert browser.evaluate('document.documentElement.scrollWidth') == 390
    assert browser.evaluate('document.querySelector("header").offsetHeight') <= 84
    assert browser.evaluate('document.querySelector("rect.field").getBoundingClientRect().width') > 330
    assert browser.evaluate('parseFloat(getComputedStyle(document.querySelector(".name")).fontSize)') >= 12
    least = 28 if len(files) == 1 else 24  # for a finger
    assert browser.evaluate('document.querySelector(".threshold input").getBoundingClientRect().height') >= least


def page_cpu_sec(browser: Browser) -> float:
    """What the page has worked so far; other work on the machine does not count."""
    browser.call('Performance.enable', timeDomain='threadTicks')
    metrics = browser.call('Performance.getMetrics')['metrics']
    return next(metric['value'] for metric in metrics if metric['name'] == 'TaskDuration')


def test_many_videos_stay_quick(page) -> None:
    browser, path = page
    rng = np.random.default_rng(0)
    videos = []
    for number in range(200):
        start = rng.random(500) * 590
        found = np.column_stack([start, start + rng.random(500) * 10])
        detections = VideoSegments(found, ['Diving', 'HighJump'] * 250, rng.random(500))
        videos.append(ReportVideo(f'video {number}', {'found.json': detections}, 600.0))
    write_report(path, 'many', videos, threshold=0.0)
    browser.open(path)
    assert text(browser, '#shown') == '100000 of 100000 detections, 200 videos'
    assert 500 <= bars(browser) <= 10_000
    before = page_cpu_sec(browser)
    move_slider(browser, 0.3)
    assert page_cpu_sec(browser) - before < 0.5  # about 0.1
    browser.evaluate('scrollTo(0, document.body.scrollHeight)')
    browser.wait('document.querySelector(".video:last-child rect.found") !== null')
    browser.wait('document.querySelector(".video:first-child rect.found") === null')


def test_a_video_with_nothing_in_it_has_its_row(page) -> None:
    browser, path = page
    write_report(path, 'nothing', [ReportVideo('empty', found(), 10.0)])
    browser.open(path)
    assert text(browser, '#shown') == '0 of 0 detections, 1 video'
    assert text(browser, '.body .nothing') == 'nothing at this threshold'


def test_a_page_of_no_videos_says_so(page) -> None:
    browser, path = page
    write_report(path, 'nothing', [])
    browser.call('Page.navigate', url=path.as_uri())
    browser.wait('document.readyState === "complete"')
    assert text(browser, '#shown') == '0 videos' and text(browser, '#nothing') == 'No video fits what is chosen.'


def test_the_page_needs_nothing_but_itself(tmp_path) -> None:
    write_report(tmp_path / 'new' / 'report.html', 'two videos', two_videos())
    page = (tmp_path / 'new' / 'report.html').read_text()
    assert not re.search(r'\b(?:src|href)=|@import|url\(', page)
    assert set(re.findall(r'https?://[^\s\'"]+', page)) == {'http://www.w3.org/2000/svg'}  # a name, not an address
    assert len(page) < 70_000


def test_a_score_that_is_not_finite_leaves_no_page(tmp_path) -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        write_report(tmp_path / 'report.html', 'bad', [ReportVideo('a', found((1, 2, 'b', np.nan)))])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('second, message', [
    (ReportVideo('a', found()), 'Video a comes twice'),
    (ReportVideo('b', {}), r"Video b has detections of the files \[\]; expected .*\['found.json'\]"),
])
def test_videos_that_the_page_could_not_tell_apart_or_compare_are_refused(tmp_path, second, message) -> None:
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path / 'report.html', 'bad', [ReportVideo('a', found()), second])
