"""Windows and strides to the frame, what is held at a time, and what an encoder sees of a window."""
from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_videos import read_code, write_video

from rpn_plugin.datasets.videos import Frame, SnippetDecoder, VideoError, VideoFile, clip_offsets, snippet_decoder
from rpn_plugin.structures import SnippetClock

WHOLE = dict(resize=dict(scale=(8, 8), keep_ratio=False), crop_size=None)


def numbered(index: int) -> np.ndarray:
    """(8, 8, 3) image whose first two channels are a number below 65 536."""
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 0], image[..., 1] = index // 256, index % 256
    return image


def number_of(image: np.ndarray) -> int:
    assert (image == image[0, 0]).all()
    return int(image[0, 0, 0]) * 256 + int(image[0, 0, 1])


class MadeFrames:
    """Stands in for the frames of a video; knows how many were read, made, and held at once."""

    def __init__(self, number: int) -> None:
        self.number, self.read, self.made, self.alive, self.peak = number, 0, [], 0, 0

    def __call__(self, video: VideoFile, fps: float) -> Iterator[Frame]:
        for index in range(self.number):
            self.read += 1
            yield Frame(lambda index=index: self.make(index))

    def make(self, index: int) -> np.ndarray:
        image = numbered(index)
        self.made.append(index)
        self.alive += 1
        self.peak = max(self.peak, self.alive)
        weakref.finalize(image, self.release)
        return image

    def release(self) -> None:
        self.alive -= 1


@pytest.mark.parametrize('window, clip_len, interval, expected', [
    (16, 1, 1, [7]),  # TSN: the frame in the middle
    (16, 5, 1, [5, 6, 7, 8, 9]),  # its stack of flow
    (16, 16, 1, list(range(16))),
    (16, 32, 2, list(range(16))),  # I3D-ResNet 32x2: longer than the window, all of it
    (64, 32, 2, list(range(0, 64, 2))),
    (64, 8, 8, [3, 11, 19, 27, 35, 43, 51, 59]),  # SlowOnly 8x8
    (16, 8, 8, [0, 2, 4, 6, 8, 10, 12, 14]),  # drawn together
    (1, 8, 8, [0]),
])
def test_an_encoder_sees_its_clip_in_the_middle_of_the_window(window, clip_len, interval, expected) -> None:
    assert clip_offsets(window, clip_len, interval) == expected


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 9))
def test_clips_lie_centred_inside_their_window(window, clip_len, interval) -> None:
    offsets = clip_offsets(window, clip_len, interval)
    assert len(offsets) == min(clip_len, window) and offsets == sorted(set(offsets))
    assert offsets[0] >= 0 and offsets[-1] < window
    assert 0 <= (window - 1 - offsets[-1]) - offsets[0] <= 1


@settings(deadline=None, max_examples=40)
@given(number=st.integers(0, 60), stride=st.integers(1, 20), window=st.integers(1, 20), offset=st.integers(0, 5),
       clip_len=st.integers(1, 20), data=st.data())
def test_windows_are_exact_to_the_frame(number, stride, window, offset, clip_len, data) -> None:
    clock = SnippetClock(25, stride, window, offset)
    decoder = SnippetDecoder(clock, clip_len, **WHOLE)
    length = clock.num_snippets(number / 25)
    expected = [[offset + snippet * stride + place for place in clip_offsets(window, clip_len)]
                for snippet in range(length)]
    chosen = data.draw(st.none() | st.sets(st.integers(0, 70)))
    frames = MadeFrames(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snippet_decoder, 'resampled_frames', frames)
        clips = [[number_of(image) for image in clip] for clip in decoder.clips(VideoFile('made.mp4'), chosen)]
    assert clips == [clip for snippet, clip in enumerate(expected) if chosen is None or snippet in chosen]
    ever = range(100) if chosen is None else chosen
    seen = {offset + snippet * stride + place for snippet in ever for place in clip_offsets(window, clip_len)}
    assert len(frames.made) == len(set(frames.made)) and set(frames.made) <= seen


def test_reading_stops_after_the_last_snippet_wanted(monkeypatch) -> None:
    frames = MadeFrames(10_000)
    monkeypatch.setattr(snippet_decoder, 'resampled_frames', frames)
    clips = list(SnippetDecoder(SnippetClock(25, 16), 2, **WHOLE).clips(VideoFile('made.mp4'), [5, 2]))
    assert [number_of(clip[0]) for clip in clips] == [2 * 16 + 7, 5 * 16 + 7]
    assert len(frames.made) == 4 and frames.read <= 6 * 16 + 1


@pytest.mark.parametrize('stride, window', [(16, 16), (4, 16), (40, 16)])
@pytest.mark.parametrize('flow', [None, 'dis'])
def test_what_is_held_does_not_grow_with_the_video(monkeypatch, stride, window, flow) -> None:
    peaks = []
    for number in (200, 1000):
        frames = MadeFrames(number)
        monkeypatch.setattr(snippet_decoder, 'resampled_frames', frames)
        decoder = SnippetDecoder(SnippetClock(25, stride, window), window, flow=flow, **WHOLE)
        monkeypatch.setattr('rpn_plugin.datasets.videos.optical_flow.OpticalFlow.__call__',
                            lambda self, first, second: np.zeros((8, 8, 2), np.float32))
        snippets = sum(1 for _ in decoder.clips(VideoFile('made.mp4')))
        assert snippets == decoder.clock.num_snippets(number / 25)
        gc.collect()
        assert frames.alive == 0
        peaks.append(frames.peak)
    assert peaks[0] == peaks[1] <= window + 4


def test_a_real_file_is_resized_and_cut_to_its_centre(tmp_path) -> None:
    path = write_video(tmp_path / 'a.mp4', 60, 30)  # 2 s: 50 frames at 25 fps, 80 x 32 pixels
    whole = SnippetDecoder(SnippetClock(25, 16), 16, resize=dict(scale=(-1, 32)), crop_size=None)
    clips = list(whole.clips(VideoFile(path)))
    expected = [6 * index // 5 for index in range(48)]  # frame k of 25 fps is frame floor(1.2 k) of 30 fps
    assert [read_code(image) for clip in clips for image in clip] == expected
    cropped = SnippetDecoder(SnippetClock(25, 16), 16, resize=dict(scale=(-1, 64)), crop_size=48)
    for clip, full in zip(cropped.clips(VideoFile(path)), clips):
        assert clip.shape == (16, 48, 48, 3) and clip.dtype == np.uint8
        centre = full[:, 4:28, 28:52].repeat(2, axis=1).repeat(2, axis=2)  # (64 - 48) / 4 = 4, (160 - 48) / 4 = 28
        assert np.abs(clip.astype(int) - centre).mean() < 12


def test_frames_smaller_than_the_crop_are_refused(tmp_path) -> None:
    path = write_video(tmp_path / 'small.mp4', 20)
    decoder = SnippetDecoder(SnippetClock(25, 16), resize=dict(scale=(-1, 32)), crop_size=48)
    with pytest.raises(VideoError, match='small.mp4: resized to 80 x 32 pixels, smaller than the crop of 48'):
        list(decoder.clips(VideoFile(path)))


@pytest.mark.parametrize('clock', [SnippetClock(25, 10.5), SnippetClock(25, 16, 16.5), SnippetClock(25, 16, 16, -3)])
def test_windows_of_part_frames_are_refused(clock) -> None:
    with pytest.raises(ValueError, match='whole frames'):
        SnippetDecoder(clock)


def test_flow_has_as_many_snippets_as_rgb(tmp_path) -> None:
    path: Path = write_video(tmp_path / 'a.mp4', 48)
    options = dict(clip_len=16, resize=dict(scale=(-1, 32)), crop_size=32)
    clips = list(SnippetDecoder(SnippetClock(25, 16), flow='dis', **options).clips(VideoFile(path)))
    assert len(clips) == 3 and all(clip.shape == (16, 32, 32, 2) for clip in clips)
    np.testing.assert_array_equal(clips[-1][-1], clips[-1][-2])  # the last frame has no successor
