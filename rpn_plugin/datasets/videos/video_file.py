"""Reads the frames of video files, in the order and at the times at which a player shows them."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import MMLogger

from rpn_plugin.datasets.videos.containers import (
    LONGEST_VIDEO_SEC,
    StoredTimes,
    VideoError,
    import_av,
    open_container,
    read_header,
    require_pixels,
    video_stream,
)
from rpn_plugin.datasets.videos.damage import MOST_DAMAGED_SHARE, Damage, FrameLedger, certain_sec, in_words
from rpn_plugin.structures import VIDEO_SUFFIXES

LATE_SEC = 1e-3
"""A time stamp so much behind its time still counts: Matroska rounds to milliseconds."""
SHORT_SEC = 1.0
"""A file that ends so much earlier than its header says is truncated."""
LONGEST_STILL_SEC = 600.0
"""A frame that stays on the screen for longer has a false successor: its time stamp is not believed."""
REMEDY = 'Get the file again, or leave the video out'


class Frame:
    """An image that is made when it is first asked for, since most frames of a video never are.

    Args:
        make: Gives the image, (H, W, C).
    """

    def __init__(self, make: Callable[[], np.ndarray]) -> None:
        self._make = make

    @cached_property
    def image(self) -> np.ndarray:
        """The image, (H, W, 3) uint8 RGB of a video's frame or (H, W, 2) float32 of optical flow."""
        return self._make()


def find_videos(folder: str | Path) -> dict[str, Path]:
    """Find the video files of a folder by their name without suffix, sorted; known by ``VIDEO_SUFFIXES``.

    Raises:
        ValueError: If two files differ in their suffix only.
    """
    found: dict[str, Path] = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            continue
        if path.stem in found:
            raise ValueError(f'{folder}: {found[path.stem].name} and {path.name} have the same name but for the '
                             f'suffix. Names of videos must differ: rename or remove one.')
        found[path.stem] = path
    return found


class VideoFile:
    """A video file, decoded by PyAV (FFmpeg) in one pass. Nothing is read ahead; of a frame only its time is kept.

    Times come from the file's time stamps, for AVI from its index, and are counted from the first picture (for
    Matroska from zero), see :class:`StoredTimes`, so a variable frame rate and a file that does not start at zero are
    no special cases. A rotation that the file asks for is applied. Nothing but the file itself is opened, see
    :func:`open_container`.

    A damaged video keeps its time axis. Where frames are missing, the one before stays on the screen, and none after
    them moves up; what the decoder had to invent is shown as it came. All of it is counted (:attr:`damage`) and named
    in a warning once reading ends. The video is refused if its end is missing, if more than 5 % of it is certainly
    missing or damaged, if it is unknown where the missing part belongs (AVI without an index), or if a time stamp is
    not believable. A gap between the frames of a variable rate is named, but may be meant and is not counted.

    Args:
        path: The file.

    Attributes:
        num_frames: Frames read so far.
        duration_sec: End of the last frame read.
        damage: What is missing or damaged, once reading has ended.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.damage: list[Damage] = []
        self._restart()

    def _restart(self) -> None:
        self.num_frames = 0
        self.duration_sec = 0.0
        self._packets = 0
        self._end_of_packets_sec = 0.0
        self._end_of_video_sec = 0.0
        self._ledger = FrameLedger()
        self._start: int | None = None
        self._error: Exception | None = None

    @cached_property
    def header(self) -> dict[str, float]:
        """The file's header: ``fps`` (mean) and ``duration_sec``, 0 where it does not say.

        Raises:
            VideoError: If it cannot be opened, holds no video, or says that it is longer than a day.
        """
        with open_container(self.path) as container:
            return read_header(container, video_stream(container, self.path), self.path)

    def frames(self) -> Iterator[tuple[float, Frame]]:
        """Yield time in seconds and image of every frame, in the order in which they are shown; times ascend.

        Raises:
            VideoError: If the file cannot be opened, holds no video stream, no frame or no time stamps, ends more than
                a second before its header says, or is damaged beyond what the class tolerates.
        """
        self._restart()
        with open_container(self.path) as container:
            stream = video_stream(container, self.path)
            header = self.header = read_header(container, stream, self.path)
            places = StoredTimes(container, stream)
            step_sec = 1 / header['fps'] if header['fps'] else 0.0
            try:
                for frame in self._decoded(container, stream, places):
                    self.num_frames += 1
                    time_sec = self._time_sec(frame, places)
                    if self._ledger.times_sec and time_sec <= self._ledger.times_sec[-1]:
                        self._ledger.add_back(time_sec)
                        continue
                    length_sec = float(frame.duration * frame.time_base) if frame.duration else step_sec
                    self._require_plausible(time_sec, length_sec)
                    self._ledger.add(time_sec, frame.key_frame, frame.is_corrupt)
                    self.duration_sec = max(self.duration_sec, time_sec + length_sec)
                    yield time_sec, Frame(partial(self._image, frame))
            except GeneratorExit:
                self.damage = self._ledger.damage(self.duration_sec)
                self._warn()
                raise
        self._check_whole(header, places)

    def _decoded(self, container: Any, stream: Any, places: StoredTimes) -> Iterator[Any]:
        """Yield PyAV's frames of a stream, while the packets of all streams are counted."""
        av = import_av()
        stream.thread_type = 'AUTO'
        try:
            for packet in container.demux():
                is_shown = packet.stream.index == stream.index
                if is_shown:
                    places.correct(packet)
                self._count(packet, container)
                if not is_shown:
                    continue
                self._note_packet(packet, places)
                try:
                    yield from packet.decode()
                except av.FFmpegError:
                    self._ledger.add_undecoded(self._packet_sec(packet))
        except av.FFmpegError as error:
            self._error = error

    def _note_packet(self, packet: Any, places: StoredTimes) -> None:
        """Let the time axis start with the first packets, should their pictures be lost; note where packets end."""
        stamp = places.of_packet(packet)
        if stamp is None:
            return
        if not self._ledger.times_sec and not packet.is_discard:
            self._start = places.start_of(packet) if self._start is None else min(self._start, stamp)
        if self._start is not None:
            end_sec = float((stamp + (packet.duration or 0) - self._start) * packet.time_base)
            self._end_of_video_sec = max(self._end_of_video_sec, end_sec)

    def _packet_sec(self, packet: Any) -> float:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or self._start is None:
            return self.duration_sec
        return float((stamp - self._start) * packet.time_base)

    def _time_sec(self, frame: Any, places: StoredTimes) -> float:
        stamp = places.of_frame(frame)
        if stamp is None:
            raise VideoError(f'{self.path}: frame {self.num_frames - 1} has no time stamp. Write the file again: '
                             f'ffmpeg -fflags +genpts -i IN -c copy OUT.mp4')
        if not self._ledger.times_sec:
            self._start = stamp if self._start is None else min(self._start, stamp)
        return float((stamp - (self._start or 0)) * frame.time_base)

    def _require_plausible(self, time_sec: float, length_sec: float) -> None:
        before_sec = self._ledger.times_sec[-1] if self._ledger.times_sec else 0.0
        if max(time_sec - before_sec, length_sec) > LONGEST_STILL_SEC or time_sec > LONGEST_VIDEO_SEC:
            raise VideoError(f'{self.path}: the time stamps are damaged: after {before_sec:.2f} s comes a frame at '
                             f'{time_sec:.2f} s that lasts {length_sec:.2f} s. A frame may stay for '
                             f'{LONGEST_STILL_SEC:.0f} s, and a video may last for a day. {REMEDY}')

    def _image(self, frame: Any) -> np.ndarray:
        """Return (H, W, 3) uint8 RGB, turned as the file's display matrix says."""
        require_pixels(frame.width, frame.height, self.path)
        try:
            pixels = frame.to_ndarray(format='rgb24')
        except import_av().FFmpegError as error:
            raise VideoError(f'{self.path}: a frame of the format {frame.format.name} has no RGB image: {error}'
                             ) from error
        return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))

    def _count(self, packet: Any, container: Any) -> None:
        """Note where the packets of all streams end, and count those of the video."""
        self._packets += packet.stream.type == 'video' and packet.size > 0
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None:
            end = float((stamp + (packet.duration or 0)) * packet.time_base)
            self._end_of_packets_sec = max(self._end_of_packets_sec, end - (container.start_time or 0) / 1e6)

    def _check_whole(self, header: dict[str, float], places: StoredTimes) -> None:
        read_sec = max(self._end_of_packets_sec, self._packets / header['fps'] if header['fps'] else 0.0)
        if self.num_frames and read_sec + SHORT_SEC < header['duration_sec']:
            raise VideoError(f'{self.path}: truncated: it ends after {read_sec:.2f} s of the '
                             f'{header["duration_sec"]:.2f} s that its header promises. {REMEDY}')
        if self._error is not None:
            raise VideoError(f'{self.path}: damaged after frame {self.num_frames} ({self.duration_sec:.2f} s): '
                             f'{self._error}. {REMEDY}') from self._error
        if not self._ledger.times_sec:
            raise VideoError(f'{self.path}: holds no frame' + (f'; none of its {self._packets} packets can be decoded'
                                                               if self._packets else ''))
        lost_sec = places.promised_sec - self.duration_sec if places.promised_sec else 0.0
        if places.num_unplaced and abs(lost_sec) > 0.5 * self.duration_sec / len(self._ledger.times_sec):
            raise VideoError(f'{self.path}: its header promises {places.promised_sec:.2f} s of pictures, and there are '
                             f'{self.duration_sec:.2f} s. Without the index of the file it is unknown where they '
                             f'belong: those after a hole would come too early. {REMEDY}')
        end_sec = max(self.duration_sec, self._end_of_video_sec, LATE_SEC)
        self.damage = self._ledger.damage(end_sec)
        share = certain_sec(self.damage) / end_sec
        if share > MOST_DAMAGED_SHARE:
            raise VideoError(f'{self.path}: damaged: {in_words(self.damage)}; {share:.0%} of the video, and '
                             f'{MOST_DAMAGED_SHARE:.0%} are the most. {REMEDY}')
        self._warn()

    def _warn(self) -> None:
        if self.damage:
            MMLogger.get_current_instance().warning(
                f'{self.path}: damaged: {in_words(self.damage)}. Where a frame is missing, the one before stays on the '
                f'screen; frames up to the next key picture may be wrong as well.')


def resampled_frames(video: VideoFile, fps: float) -> Iterator[Frame]:
    """Yield the frames of a video at another rate: frame k is the source frame on the screen at the time k / fps.

    That is the last source frame whose time stamp is at most k / fps (plus a millisecond, since some containers round
    to that). Frames are repeated or left out, never mixed. There is a frame for every k / fps before the end of the
    last source frame.

    Raises:
        VideoError: As :meth:`VideoFile.frames`.
    """
    index = 0
    shown: Frame | None = None
    for time_sec, frame in video.frames():
        while shown is not None and index / fps + LATE_SEC < time_sec:
            yield shown
            index += 1
        shown = frame
    while shown is not None and index / fps + LATE_SEC < video.duration_sec:
        yield shown
        index += 1
