"""Video files that tests write themselves, each frame carrying its number as a bar code."""
from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 10
BAR = 8


def bar_code(number: int) -> np.ndarray:
    """(32, 80, 3) image of a number below 1024 in black and white bars over the upper half; the lower half is gray."""
    image = np.full((32, BITS * BAR, 3), 127, np.uint8)
    for bit in range(BITS):
        image[:16, bit * BAR:(bit + 1) * BAR] = 255 * (number >> bit & 1)
    return image


def read_code(image: np.ndarray) -> int:
    """The number of an image that was made by :func:`bar_code`, also after lossy coding."""
    bars = image[4:12, BAR // 2::BAR].mean(axis=(0, 2)) > 127
    return int((bars[:BITS] * 2**np.arange(BITS)).sum())


def moving_square(number: int, colour: Sequence[int] | None) -> np.ndarray:
    """(32, 40, 3) image of a square of a colour that moves to and fro over noise that flickers; None is noise alone."""
    image = np.random.default_rng(number).integers(90, 150, (32, 40, 3), np.uint8)
    if colour is not None:
        left = abs(number % 40 - 20)
        image[8:24, left:left + 16] = colour
    return image


def write_video(path: Path, number: int = 0, fps: float | Fraction = 25, codec: str = 'mpeg4',
                times: Sequence[Fraction] | None = None, image: Callable[[int], np.ndarray] = bar_code,
                options: dict[str, str] | None = None, pixels: str = 'yuv420p') -> Path:
    """Write a video of ``number`` frames at a constant rate, or of one frame at each of ``times`` (seconds)."""
    rate = Fraction(fps).limit_denominator(1001)
    times = [index / rate for index in range(number)] if times is None else times
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w', options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = image(0).shape[:2]
        stream.pix_fmt = pixels
        stream.bit_rate = 2_000_000
        stream.codec_context.time_base = Fraction(1, 30000) if codec == 'libx264' else 1 / rate
        container.start_encoding()
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image(index)), format='rgb24')
            frame.time_base = Fraction(1, 30000)
            frame.pts = round(time * 30000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def rotate(path: Path, matrix: Sequence[int]) -> Path:
    """Set the first four numbers a, b, c, d of an MP4's display matrix, in place."""
    content = bytearray(path.read_bytes())
    place = content.index(b'tkhd') + 44
    numbers = list(struct.unpack_from('>9i', content, place))
    numbers[0], numbers[1], numbers[3], numbers[4] = (value << 16 for value in matrix)
    struct.pack_into('>9i', content, place, *numbers)
    path.write_bytes(content)
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the first part of a file's bytes, in place."""
    path.write_bytes(path.read_bytes()[:int(path.stat().st_size * share)])
    return path

def write_documented_videos(root: Path) -> None:
    """The files that README.md names: a video of two windows, and weights of the Inception I3D that mean nothing."""
    import torch

    from rpn_plugin.models.backbones import InceptionI3D
    write_video(root / 'videos' / 'my_video.mp4', 40)
    torch.save(InceptionI3D().state_dict(), root / 'rgb_imagenet.pt')
