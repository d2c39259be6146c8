"""Frames and times of files that carry each frame's number, against the rule computed in fractions."""
from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from made_videos import bar_code, cut, read_code, rotate, write_video

from rpn_plugin.datasets.videos import VideoError, VideoFile, find_videos, resampled_frames

H264 = 'libx264' in av.codec.codecs_available


def numbers(path: Path, fps: float) -> list[int]:
    return [read_code(frame.image) for frame in resampled_frames(VideoFile(path), fps)]


def shown(times: list[Fraction], end: Fraction, fps: Fraction) -> list[int]:
    """The rule: the last frame at most a millisecond after k / fps, for every k / fps before the end."""
    late = Fraction(1, 1000)
    count = next(k for k in range(10**6) if k / fps + late >= end)
    return [max(index for index, time in enumerate(times) if time <= k / fps + late) for k in range(count)]


@pytest.mark.parametrize('name, source', [
    ('a.mp4', 30), ('a.mp4', 24), ('a.mp4', 12.5), ('a.mp4', 25), ('a.mp4', Fraction(30000, 1001)), ('a.mp4', 60),
    ('a.mkv', 30), ('a.mkv', 24), ('a.avi', 30), ('a.avi', 12.5)
])
def test_frames_at_25_and_10_fps_are_exact_whatever_the_source(tmp_path, name, source) -> None:
    path = write_video(tmp_path / name, 100, source)
    times = [Fraction(index) / Fraction(source) for index in range(101)]
    assert numbers(path, 25) == shown(times[:-1], times[-1], Fraction(25))
    assert numbers(path, 10) == shown(times[:-1], times[-1], Fraction(10))
    if source == 25:
        assert numbers(path, 25) == list(range(100))
    if source == 12.5:
        assert numbers(path, 25) == [index // 2 for index in range(200)]


@pytest.mark.parametrize('name', ['b.mp4', 'b.ts', 'b.mkv'])
def test_no_frame_is_lost_with_b_frames_and_a_late_start(tmp_path, name) -> None:
    """MPEG-TS starts at 1.4 s, and its first frames are not where a seek to its start leads."""
    if not H264:
        pytest.skip('this PyAV has no H.264 encoder')
    path = write_video(tmp_path / name, 90, 30, codec='libx264', options=dict(bf='3'))
    frames = [(round(time * 30), read_code(frame.image)) for time, frame in VideoFile(path).frames()]
    assert frames == [(index, index) for index in range(90)]


def test_a_variable_rate_is_read_by_its_time_stamps(tmp_path) -> None:
    if not H264:
        pytest.skip('this PyAV has no H.264 encoder')
    rng = np.random.default_rng(0)
    gaps = rng.choice([1, 7, 33, 40, 41, 200, 900], size=60)
    times = [Fraction(int(value), 1000) for value in np.concatenate([[0], gaps.cumsum()])]
    path = write_video(tmp_path / 'variable.mp4', times=times, codec='libx264')
    video = VideoFile(path)
    found = [read_code(frame.image) for frame in resampled_frames(video, 25)]
    assert found == shown(times, Fraction(video.duration_sec), Fraction(25))
    assert video.num_frames == 61 and video.duration_sec > times[-1]


@pytest.mark.parametrize('matrix', [(0, 1, -1, 0), (0, -1, 1, 0), (-1, 0, 0, -1)])
def test_a_rotated_video_stands_upright_as_in_opencv(tmp_path, matrix) -> None:
    path = rotate(write_video(tmp_path / 'turned.mp4', 3), matrix)
    capture = cv2.VideoCapture(str(path))
    for _, frame in VideoFile(path).frames():
        _, expected = capture.read()
        assert frame.image.shape == expected.shape
        assert np.abs(frame.image.astype(int) - expected[..., ::-1]).max() <= 2


def test_odd_sizes_and_single_frames(tmp_path) -> None:
    path = write_video(tmp_path / 'odd.mkv', 5, codec='ffv1', image=lambda index: bar_code(index)[:31, :79])
    assert [read_code(frame.image) for _, frame in VideoFile(path).frames()] == list(range(5))
    assert next(VideoFile(path).frames())[1].image.shape == (31, 79, 3)
    assert numbers(write_video(tmp_path / 'one.mp4', 1), 25) == [0]
    assert numbers(write_video(tmp_path / 'slow.mp4', 1, 5), 25) == [0] * 5


def audio(path: Path) -> Path:
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('aac', rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format='fltp', layout='mono')
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    'missing.mp4': (lambda path: None, 'missing'),
    'empty.mp4': (lambda path: path.write_bytes(b''), 'not a video that can be opened'),
    'text.mp4': (lambda path: path.write_text('no video\n' * 99), 'not a video that can be opened'),
    'sound.mp4': (audio, r'no video stream, only \[\'audio\'\]'),
    'frameless.avi': (lambda path: write_video(path, 0), 'holds no frame'),
    'headless.mp4': (lambda path: cut(write_video(path, 200), 0.6), 'not a video that can be opened'),
    'half.mp4': (lambda path: cut(write_video(path, 200, options=dict(movflags='faststart')), 0.6),
                 'truncated: it ends after .* of the 8.00 s|damaged after frame'),
    'half.mkv': (lambda path: cut(write_video(path, 200), 0.6), 'truncated: it ends after .* of the 8.00 s'),
    'half.avi': (lambda path: cut(write_video(path, 200), 0.6), 'truncated: it ends after .* of the 8.00 s'),
}


@pytest.mark.parametrize('name', BROKEN)
def test_broken_files_are_named_with_what_is_wrong(tmp_path, name) -> None:
    make, message = BROKEN[name]
    make(tmp_path / name)
    with pytest.raises(VideoError, match=f'{name}: ') as raised:
        list(VideoFile(tmp_path / name).frames())
    raised.match(message)


def test_headers_are_read_without_decoding(tmp_path, monkeypatch) -> None:
    video = VideoFile(write_video(tmp_path / 'a.mp4', 50, 12.5))
    monkeypatch.setattr(VideoFile, 'frames', None)
    assert video.header == dict(fps=12.5, duration_sec=4.0) and video.num_frames == 0


def test_videos_of_a_folder_have_different_names(tmp_path) -> None:
    for name in ('b.MP4', 'a.mkv', 'notes.txt', 'b.v2.mp4'):
        (tmp_path / name).touch()
    assert list(find_videos(tmp_path)) == ['a', 'b', 'b.v2']
    (tmp_path / 'a.avi').touch()
    with pytest.raises(ValueError, match='a.avi and a.mkv'):
        find_videos(tmp_path)


def test_without_pyav_the_remedy_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'av', None)
    with pytest.raises(ImportError, match=r'rpn-plugin\[video\]'):
        list(VideoFile(tmp_path / 'a.mp4').frames())
