"""Reads the frames of video files, in the order and at the times at which a player shows them."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

VIDEO_SUFFIXES = ('.avi', '.flv', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.ts', '.webm', '.wmv')
LATE_SEC = 1e-3
"""A time stamp so much behind its time still counts: Matroska rounds to milliseconds."""
SHORT_SEC = 1.0
"""A file that ends so much earlier than its header says is truncated."""


class VideoError(ValueError):
    """A fault of a video file; the message names the file."""


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


def _import_av() -> Any:
    try:
        import av
    except ImportError as error:
        raise ImportError('Reading videos needs PyAV: pip install "rpn-plugin[video]" (or: pip install av).') from error
    return av


class VideoFile:
    """A video file, decoded by PyAV (FFmpeg) in one pass. Nothing is read ahead and nothing is kept.

    Times come from the file's time stamps, counted from the first frame shown, so a variable frame rate and a file
    that does not start at zero are no special cases. A rotation that the file asks for is applied.

    Args:
        path: The file.

    Attributes:
        num_frames: Frames read so far.
        duration_sec: End of the last frame read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.num_frames = 0
        self.duration_sec = 0.0
        self._packets = 0
        self._end_of_packets_sec = 0.0

    @cached_property
    def header(self) -> dict[str, float]:
        """The file's header: ``fps`` (mean) and ``duration_sec``, 0 where it does not say.

        Raises:
            VideoError: If it cannot be opened or holds no video.
        """
        with self._open() as container:
            return self._read_header(container, self._stream(container))

    def frames(self) -> Iterator[tuple[float, Frame]]:
        """Yield time in seconds and image of every frame, in the order in which they are shown.

        Raises:
            VideoError: If the file cannot be opened, holds no video stream, no frame or no time stamps, is damaged, or
                ends more than a second before its header says.
        """
        self.num_frames, self.duration_sec, self._packets, self._end_of_packets_sec = 0, 0.0, 0, 0.0
        with self._open() as container:
            stream = self._stream(container)
            header = self.header = self._read_header(container, stream)
            step_sec = 1 / header['fps'] if header['fps'] else 0.0
            first = None
            for frame in self._decoded(container, stream):
                if frame.pts is None:
                    raise VideoError(f'{self.path}: frame {self.num_frames} has no time stamp. Write the file again: '
                                     f'ffmpeg -fflags +genpts -i IN -c copy OUT.mp4')
                first = frame.pts if first is None else first
                time_sec = float((frame.pts - first) * frame.time_base)
                length_sec = float(frame.duration * frame.time_base) if frame.duration else step_sec
                self.num_frames += 1
                self.duration_sec = max(self.duration_sec, time_sec + length_sec)
                yield time_sec, Frame(partial(self._image, frame))
        self._check_whole(header)

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        """Yield PyAV's frames of a stream, while the packets of all streams are counted."""
        av = _import_av()
        stream.thread_type = 'AUTO'
        try:
            for packet in container.demux():
                self._count(packet, container)
                if packet.stream.index == stream.index:
                    yield from packet.decode()
        except av.FFmpegError as error:
            raise VideoError(f'{self.path}: damaged after frame {self.num_frames} ({self.duration_sec:.2f} s): '
                             f'{error}. Get the file again, or save what can be read: ffmpeg -i IN OUT.mp4') from error

    def _image(self, frame: Any) -> np.ndarray:
        """Return (H, W, 3) uint8 RGB, turned as the file's display matrix says."""
        try:
            pixels = frame.to_ndarray(format='rgb24')
        except _import_av().FFmpegError as error:
            raise VideoError(f'{self.path}: a frame of the format {frame.format.name} has no RGB image: {error}'
                             ) from error
        return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))

    def _open(self) -> Any:
        av = _import_av()
        if not self.path.is_file():
            raise VideoError(f'{self.path}: missing')
        try:
            return av.open(str(self.path))
        except av.FFmpegError as error:
            raise VideoError(f'{self.path}: not a video that can be opened ({error}); empty, cut off or of an unknown '
                             f'format') from error

    def _stream(self, container: Any) -> Any:
        av = _import_av()
        streams = [stream for stream in container.streams.video
                   if not stream.disposition & av.stream.Disposition.attached_pic]
        if not streams:
            kinds = sorted({stream.type for stream in container.streams}) or 'nothing'
            raise VideoError(f'{self.path}: holds no video stream, only {kinds}')
        return streams[0]

    @staticmethod
    def _read_header(container: Any, stream: Any) -> dict[str, float]:
        fps = float(stream.average_rate or 0)
        seconds = (container.duration or 0) / 1e6
        return dict(fps=fps, duration_sec=max(seconds, stream.frames / fps if fps else 0.0))

    def _count(self, packet: Any, container: Any) -> None:
        """Note where the packets of all streams end, and count those of the video."""
        self._packets += packet.stream.type == 'video' and packet.size > 0
        if packet.pts is not None:
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self._end_of_packets_sec = max(self._end_of_packets_sec, end - (container.start_time or 0) / 1e6)

    def _check_whole(self, header: dict[str, float]) -> None:
        if not self.num_frames:
            raise VideoError(f'{self.path}: holds no frame')
        read_sec = max(self._end_of_packets_sec, self._packets / header['fps'] if header['fps'] else 0.0)
        if read_sec + SHORT_SEC < header['duration_sec']:
            raise VideoError(f'{self.path}: truncated: it ends after {read_sec:.2f} s of the '
                             f'{header["duration_sec"]:.2f} s that its header promises. Get the file again, or accept '
                             f'the rest: ffmpeg -i IN OUT.mp4')


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
