"""Ways to damage a video file that a test wrote."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av


def zero(path: Path, share: float, count: int) -> Path:
    """Overwrite bytes by zeros from a share of the file on, in place."""
    content = bytearray(path.read_bytes())
    start = int(len(content) * share)
    content[start:start + count] = bytes(count)
    path.write_bytes(content)
    return path


def excise(path: Path, share: float, count: int) -> Path:
    """Take bytes out from a share of the file on, in place."""
    content = path.read_bytes()
    start = int(len(content) * share)
    path.write_bytes(content[:start] + content[start + count:])
    return path


def remux(path: Path, change: Callable[[int, float], float | None]) -> Path:
    """Write a file's packets again, in place.

    Args:
        path: Whose name says the format.
        change: Takes the number of a packet and its time in seconds; gives the new time, or None to drop it.
    """
    source = path.rename(path.with_stem('source'))
    with av.open(str(source)) as old, av.open(str(path), 'w') as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for number, packet in enumerate(old.demux(old.streams.video[0])):
            before = None if packet.dts is None else float(packet.dts * packet.time_base)
            after = None if before is None else change(number, before)
            if after is None:
                continue
            shift = round((after - before) / packet.time_base)
            packet.dts += shift
            packet.pts += shift
            packet.stream = stream
            new.mux(packet)
    source.unlink()
    return path
