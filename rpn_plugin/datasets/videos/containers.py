"""Opens video files of strangers: regular files in known formats, which lead to no other file."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from rpn_plugin.files import require_regular_file

FORMATS = ('asf', 'avi', 'flv', 'matroska', 'webm', 'mov', 'mp4', 'mpeg', 'mpegts', 'mpegvideo', 'ogg')
"""FFmpeg's names of the formats that are read, whatever a file is called. Not among them are those that open other
files: playlists (hls, concat, dash), descriptions of network streams (sdp) and patterns of pictures (image2)."""
MOST_PIXELS = 8192 * 8192
"""Of a frame: four times those of 8K video, and 200 MB as RGB."""
LONGEST_VIDEO_SEC = 86_400.0
"""A day; a header or a time stamp that says more is not believed."""


class VideoError(ValueError):
    """A fault of a video file; the message names the file."""


def import_av() -> Any:
    """Import the optional package.

    Raises:
        ImportError: If it is not installed; says how to install it.
    """
    try:
        import av
    except ImportError as error:
        raise ImportError('Reading videos needs PyAV: pip install "rpn-plugin[video]" (or: pip install av).') from error
    return av


def open_container(path: Path) -> Any:
    """Open a file with PyAV. Nothing else is opened, whatever the file or its name says.

    Raises:
        VideoError: If it is missing, a pipe or a device, or in none of :data:`FORMATS`.
    """
    av = import_av()
    try:
        require_regular_file(path)
    except FileNotFoundError:
        raise VideoError(f'{path}: missing') from None
    except (OSError, ValueError) as error:
        raise VideoError(f'{path}: not a video that can be opened ({error})') from error
    try:  # "file:" lets no name be read as an address; a tag that is not UTF-8 is nothing that is needed
        return av.open(f'file:{path}', metadata_errors='replace',
                       options=dict(protocol_whitelist='file', format_whitelist=','.join(FORMATS)))
    except av.FFmpegError as error:
        raise VideoError(f'{path}: not a video that can be opened ({error.strerror or error}); empty, cut off, or in '
                         f'none of the formats {", ".join(FORMATS)}. Playlists and addresses are not followed: name '
                         f'the video itself') from error


def video_stream(container: Any, path: Path) -> Any:
    """The first stream of pictures of a file that is not its cover.

    Raises:
        VideoError: If there is none, its coding is unknown, or its frames are larger than :data:`MOST_PIXELS`.
    """
    av = import_av()
    streams = [stream for stream in container.streams.video
               if not stream.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        kinds = sorted({stream.type for stream in container.streams}) or 'nothing'
        raise VideoError(f'{path}: holds no video stream, only {kinds}')
    codec = streams[0].codec_context
    if codec is None:
        raise VideoError(f'{path}: its pictures are in a coding that this PyAV does not know, or its header is damaged')
    require_pixels(codec.width, codec.height, path)
    return streams[0]


def require_pixels(width: int, height: int, path: Path) -> None:
    """Refuse frames that are larger than :data:`MOST_PIXELS`.

    Raises:
        VideoError: Says their size.
    """
    if width * height > MOST_PIXELS:
        raise VideoError(f'{path}: frames of {width} x {height} pixels; {MOST_PIXELS} pixels are the most')


def read_header(container: Any, stream: Any, path: Path) -> dict[str, float]:
    """Mean frames per second and duration in seconds as a file's header states them, 0 where it does not.

    Raises:
        VideoError: If it is longer than :data:`LONGEST_VIDEO_SEC`.
    """
    fps = float(stream.average_rate or 0)
    duration_sec = max((container.duration or 0) / 1e6, stream.frames / fps if fps else 0.0)
    if duration_sec > LONGEST_VIDEO_SEC:
        raise VideoError(f'{path}: its header or its time stamps say that it is {duration_sec:.0f} s long; '
                         f'{LONGEST_VIDEO_SEC:.0f} s, a day, are the most. Write the time stamps again: ffmpeg -i IN '
                         f'OUT.mp4')
    return dict(fps=fps, duration_sec=duration_sec)


LATE_START_SEC = 0.2
"""Time stamps of Matroska count from zero: a later first picture has none before it, or has lost them."""


class StoredTimes:
    """The time stamps of a file's pictures, as its format means them.

    AVI holds no time stamps: FFmpeg counts the pictures that it finds, so that those after a hole come too early. The
    index at the file's end says the number of each by its place. Matroska's time axis begins at zero; that of other
    formats begins with the first picture.

    Args:
        container: As opened.
        stream: Of it.
    """

    CHUNK_HEADER = 8
    """Bytes from the place that the index states to the picture."""
    MOST_DELAY = 4
    """Pictures that a decoder waits for until it gives the first; more at the start are lost."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._is_avi = is_avi = container.format.name == 'avi'
        self._is_matroska = 'matroska' in container.format.name
        entries = list(stream.index_entries) if is_avi else []
        self._number = {entry.pos + self.CHUNK_HEADER: entry.timestamp for entry in entries}
        self._shift = 0
        self.num_unplaced = 0
        """Packets so far that the index does not know."""
        unit_sec = float(stream.time_base or 0)
        self.promised_sec = stream.frames * unit_sec if is_avi else 0.0
        """Length of the pictures by the header of an AVI, 0 for other formats."""
        self._refers_to_later = bool(stream.codec_context.has_b_frames)
        self._step: int | None = None
        self._first: int | None = None
        self._before: int | None = None
        self._last: int | None = None
        self._delay: int | None = None

    def correct(self, packet: Any) -> None:
        """Give a packet the time that the index states, if there is one; others keep their distance to the last."""
        if packet.dts is None:
            return
        stated = self._number.get(packet.pos)
        self.num_unplaced += stated is None
        if stated is not None:
            self._shift = max(self._shift, stated - packet.dts)  # what was lost only ever adds up
        packet.dts += self._shift
        if packet.pts is not None:
            packet.pts += self._shift
        if self._before is not None and packet.dts > self._before:
            self._step = min(self._step or packet.dts, packet.dts - self._before)
        self._first = packet.dts if self._first is None else self._first
        self._before = packet.dts

    def of_packet(self, packet: Any) -> int | None:
        """Time stamp of a packet: when its picture is shown, or for AVI its place among the packets."""
        return packet.dts if self._is_avi else packet.pts

    def of_frame(self, frame: Any) -> int | None:
        """Time stamp of a decoded frame.

        Where pictures of an AVI refer to later ones, FFmpeg guesses their times, and not always in order. What it
        derives from the places of the packets alone is in order, and late by what the decoder waits for.
        """
        if not self._is_avi:
            return frame.pts
        if frame.dts is None:  # the last ones come when there is no packet left
            self._last = self._first if self._last is None else self._last + (self._step or 1)
            return self._last
        if self._delay is None:
            late = frame.dts - (frame.dts if self._first is None else self._first)
            self._delay = min(late, self.MOST_DELAY * (self._step or 1)) if self._refers_to_later else 0
        self._last = frame.dts - self._delay
        return self._last

    def start_of(self, packet: Any) -> int | None:
        """Time stamp of the video's first picture, given the first packet."""
        stamp = self.of_packet(packet)
        if stamp is None or self._is_matroska and stamp * packet.time_base > LATE_START_SEC:
            return None if stamp is None else 0
        return min([stamp, *self._number.values()])
