"""Damaged videos: what is missing is named by its place, the time axis stays right, and too much is refused."""
from __future__ import annotations

import logging
import re
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from damaged_videos import excise, remux, zero
from made_videos import bar_code, cut, read_code, write_video
from mmengine.logging import MMLogger

from rpn_plugin.datasets.videos import Damage, VideoError, VideoFile, resampled_frames
from rpn_plugin.datasets.videos.containers import StoredTimes
from rpn_plugin.datasets.videos.damage import FrameLedger, certain_sec, in_words

WHOLE = [('whole.mp4', 'mpeg4'), ('whole.mkv', 'mpeg4'), ('whole.avi', 'mpeg4'), ('whole.ts', 'mpeg2video'),
         ('whole.mkv', 'mjpeg'), ('whole.webm', 'libvpx'), ('whole.mp4', 'libx264'), ('whole.wmv', 'wmv2')]


@pytest.fixture
def warnings(monkeypatch) -> list[str]:
    """What the logger warns of."""
    told: list[str] = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'warning', told.append)
    logger.setLevel(logging.INFO)
    return told


def require(codec: str) -> None:
    if codec not in av.codec.codecs_available:
        pytest.skip(f'this PyAV has no encoder {codec}')


def write(path: Path, number: int = 500, codec: str = 'mpeg4', image: Callable[[int], np.ndarray] = bar_code) -> Path:
    require(codec)
    return write_video(path, number, codec=codec, pixels='yuvj420p' if codec == 'mjpeg' else 'yuv420p', image=image)


def noisy(number: int) -> np.ndarray:
    """A bar code over noise, so that a frame has about a thousand bytes."""
    image = bar_code(number)
    image[18:] = np.random.default_rng(number).integers(60, 190, image[18:].shape, np.uint8)
    return image


def late(path: Path) -> tuple[list[tuple[float, int]], VideoFile]:
    """(time in seconds, number of the frame) of the frames that are not at their time, and the video."""
    video = VideoFile(path)
    frames = [(time_sec, read_code(frame.image)) for time_sec, frame in video.frames()]
    return [(time_sec, number) for time_sec, number in frames if abs(number / 25 - time_sec) > 0.011], video


@pytest.mark.parametrize('name, codec', WHOLE)
def test_nothing_is_named_in_a_whole_video(tmp_path, warnings, name, codec) -> None:
    wrong, video = late(write(tmp_path / name, 100, codec))
    assert wrong == [] and video.damage == [] and warnings == []


def test_pictures_after_a_hole_in_an_avi_stay_at_their_time(tmp_path, warnings) -> None:
    wrong, video = late(zero(write(tmp_path / 'a.avi', image=noisy), 0.5, 3000))
    assert 490 < video.num_frames < 499
    missing, damaged = video.damage
    assert missing.what == 'missing' and damaged.what == 'damaged'
    assert 0.04 * (500 - video.num_frames) == pytest.approx(missing.end_sec - missing.start_sec)
    assert all(damaged.start_sec <= time_sec < damaged.end_sec < damaged.start_sec + 1.5 for time_sec, _ in wrong)
    assert warnings == [f'{tmp_path}/a.avi: damaged: {missing}, {damaged}. Where a frame is missing, the one before '
                        f'stays on the screen; frames up to the next key picture may be wrong as well.']


@pytest.mark.parametrize('codec', ['mpeg4', 'libx264'])
def test_pictures_of_an_avi_that_refer_to_later_ones_are_in_order(tmp_path, warnings, codec) -> None:
    require(codec)
    path = tmp_path / 'a.avi'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=25, options=dict(preset='veryslow') if codec == 'libx264' else {})
        stream.height, stream.width, stream.pix_fmt = 32, 80, 'yuv420p'
        stream.codec_context.max_b_frames, stream.codec_context.time_base = 3, Fraction(1, 25)
        for index in range(100):
            frame = av.VideoFrame.from_ndarray(bar_code(index), format='rgb24')
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    wrong, video = late(path)
    assert wrong == [] and video.num_frames == 100 and warnings == []


def test_the_frame_before_a_hole_stays_on_the_screen(tmp_path, warnings) -> None:
    path = remux(write(tmp_path / 'a.mkv'), lambda number, time_sec: time_sec if not 204 <= number < 216 else None)
    video = VideoFile(path)
    numbers = [read_code(frame.image) for frame in resampled_frames(video, 25)]
    assert len(numbers) == 500 and numbers[203:216] == [203] * 13 and numbers[228:] == list(range(228, 500))
    assert [str(part) for part in video.damage] == ['missing from 8.16 to 8.64 s'] and len(warnings) == 1


def test_a_video_whose_first_picture_is_lost_keeps_its_time_axis(tmp_path, warnings) -> None:
    path = write(tmp_path / 'a.mp4', 500, 'mjpeg')
    content = path.read_bytes()
    wrong, video = late(zero(path, (content.index(b'\xff\xd8') + 0.5) / len(content), 2000))
    assert all(time_sec < 0.2 for time_sec, _ in wrong)
    assert video.damage and video.damage[0].start_sec == 0.0 and video.num_frames < 500


def test_matroska_that_begins_late_has_nothing_before(tmp_path, warnings) -> None:
    path = remux(write(tmp_path / 'a.mkv', 400, 'mjpeg'), lambda number, time_sec: None if number < 10 else time_sec)
    wrong, video = late(path)
    assert wrong == [] and [str(part) for part in video.damage] == ['missing from 0.00 to 0.40 s']


def test_a_video_that_begins_between_key_pictures_keeps_its_time_axis(tmp_path, warnings) -> None:
    path = remux(write(tmp_path / 'a.ts', 500, 'mpeg2video'), lambda number, time_sec: time_sec if number > 2 else None)
    video = VideoFile(path)
    for time_sec, frame in video.frames():
        assert read_code(frame.image) / 25 - 0.12 == pytest.approx(time_sec, abs=0.011)  # from the first packet
    first = video.damage[0]
    assert (first.what, first.start_sec) == ('missing', 0.0) and 0.1 < first.end_sec < 0.6 and len(warnings) == 1


@pytest.mark.parametrize('name, codec', WHOLE[:5])
def test_zeros_in_the_middle_are_named_or_refused_and_move_nothing(tmp_path, warnings, name, codec) -> None:
    path = zero(write(tmp_path / name, 500, codec, noisy), 0.5, 3000)
    video = VideoFile(path)
    try:
        for time_sec, frame in video.frames():
            uncertain = 9.5 < time_sec < 10.7
            assert uncertain or abs(read_code(frame.image) / 25 - time_sec) < 0.011
    except VideoError as error:
        warnings.append(str(error))
    assert len(warnings) == 1 and f'{path}: damaged: ' in warnings[0] and re.search(r'from (9|10)\.', warnings[0])


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    'dropped.mkv': (lambda path: remux(write(path), lambda number, time_sec: None if 200 < number < 300 else time_sec),
                    'damaged: missing from 8.04 to 12.00 s; 20% of the video, and 5% are the most'),
    'dropped.ts': (lambda path: remux(write(path, codec='mpeg2video'),
                                      lambda number, time_sec: None if 200 < number < 300 else time_sec),
                   'damaged: missing from 8.0'),
    'excised.avi': (lambda path: excise(write(path, image=noisy), 0.5, 3000),
                    'its header promises 20.00 s of pictures, and there are 19.8. s. Without the index of the file'),
    'jump.ts': (lambda path: remux(write(path, codec='mpeg2video'),
                                   lambda number, time_sec: time_sec + 10_000 * (number >= 100)),
                'the time stamps are damaged: after 3.96 s comes a frame at 100.* s'),
    'jump.mkv': (lambda path: remux(write(path), lambda number, time_sec: time_sec + 10_000 * (number >= 100)),
                 'the time stamps are damaged: after 3.96 s comes a frame at 10004.00 s that lasts 0.04 s. A frame may '
                 'stay for 600 s'),
    'last.mp4': (lambda path: remux(write(path), lambda number, time_sec: time_sec + 10_000 * (number >= 499)),
                 'the time stamps are damaged: after 19.88 s comes a frame at 19.92 s that lasts 10000.04 s'),
    'years.mkv': (lambda path: remux(write(path), lambda number, time_sec: time_sec + 1e8 * (number >= 100)),
                  'its time stamps say that it is 100000020 s long'),
    'promises.avi': (lambda path: promise(write(path), 700), 'truncated: it ends after 20.00 s of the 28.00 s'),
    'promises a day.avi': (lambda path: promise(write(path), 10**9), 'its header .* says?.* it is 40000000 s long'),
    'cut.avi': (lambda path: cut(write(path, image=noisy), 0.8), 'truncated: it ends after 1.* of the 20.00 s'),
}


def promise(path: Path, number: int) -> Path:
    """Let the header of an AVI say that there are so many frames."""
    content = bytearray(path.read_bytes())
    struct.pack_into('<I', content, content.index(b'avih') + 8 + 16, number)
    struct.pack_into('<I', content, content.index(b'strh') + 8 + 32, number)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize('name', REFUSED)
def test_a_video_that_lacks_too_much_or_jumps_in_time_is_refused(tmp_path, name) -> None:
    make, message = REFUSED[name]
    make(tmp_path / name)
    with pytest.raises(VideoError, match=message) as raised:
        for number, _ in enumerate(resampled_frames(VideoFile(tmp_path / name), 25)):
            assert number < 1000  # no time stamp makes frames without end
    assert str(raised.value).startswith(f'{tmp_path / name}: ')


def test_a_video_of_which_nothing_can_be_decoded_is_refused(tmp_path) -> None:
    path = write(tmp_path / 'a.mp4', 20, 'mjpeg')
    content = path.read_bytes()
    start, end = content.index(b'mdat') + 4, content.index(b'moov') - 4
    with pytest.raises(VideoError, match='a.mp4: holds no frame; none of its 20 packets can be decoded'):
        list(VideoFile(zero(path, (start + 0.5) / len(content), end - start)).frames())


def test_pictures_without_time_stamps_are_refused(tmp_path, monkeypatch) -> None:
    def forget(self, packet):
        packet.pts = packet.dts = None

    monkeypatch.setattr(StoredTimes, 'correct', forget)  # where packets are read
    with pytest.raises(VideoError, match=r'a.mp4: frame 0 has no time stamp. Write the file again: ffmpeg'):
        list(VideoFile(write(tmp_path / 'a.mp4', 30)).frames())


def test_a_file_that_ends_in_an_error_is_refused(tmp_path, monkeypatch) -> None:
    def fails(self, packet):
        if packet.pts and packet.pts * packet.time_base > 3.5:
            raise av.error.InvalidDataError(1, 'damaged here')

    path = write(tmp_path / 'a.mp4', 100)
    monkeypatch.setattr(StoredTimes, 'correct', fails)
    with pytest.raises(VideoError, match=r'a.mp4: damaged after frame \d+ \(3...? s\): .*damaged here'):
        list(VideoFile(path).frames())


def test_damage_is_named_where_reading_stops_early(tmp_path, warnings) -> None:
    path = remux(write(tmp_path / 'a.mkv'), lambda number, time_sec: time_sec if not 96 <= number < 108 else None)
    frames = VideoFile(path).frames()
    for time_sec, _ in frames:
        if time_sec > 10:
            break
    frames.close()
    assert len(warnings) == 1 and 'missing from 3.84 to 4.32 s' in warnings[0]


def ledger(times: list[float], keys: list[float] = (), corrupt: list[float] = ()) -> FrameLedger:
    made = FrameLedger()
    for time_sec in times:
        made.add(time_sec, time_sec in keys, time_sec in corrupt)
    return made


def test_a_variable_rate_is_no_hole_and_a_long_gap_in_it_does_not_count() -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.choice([0.03, 0.05, 0.1, 0.4, 0.9], 100)).tolist()
    assert ledger(times).damage(times[-1]) == []
    later = [*times, *(time_sec + times[-1] + 5 for time_sec in times)]
    gap, = ledger(later).damage(later[-1])
    assert gap.what == 'missing' and not gap.counts and certain_sec([gap]) == 0


def test_damage_lasts_until_the_next_key_picture() -> None:
    times = [index / 10 for index in range(50)]
    made = ledger(times, keys=[0.0, 2.0, 4.0], corrupt=[0.5, 0.6, 4.5])
    made.add_undecoded(1.5)
    assert made.damage(5.0) == [Damage('damaged', 0.5, 2.0), Damage('damaged', 4.5, 5.0)]
    assert certain_sec(made.damage(5.0)) == 2.0


def test_time_stamps_that_go_back_count_by_their_number() -> None:
    made = ledger([index / 10 for index in range(50)])
    for _ in range(20):
        made.add_back(3.0)
    assert [(part.what, part.start_sec, part.end_sec) for part in made.damage(5.0)] == [
        ('out of order', 3.0, pytest.approx(5.0))]


def test_a_message_names_the_first_places() -> None:
    parts = [Damage('missing', start, start + 1) for start in range(0, 16, 2)]
    assert in_words(parts).endswith('missing from 8.00 to 9.00 s and at 3 more places')
