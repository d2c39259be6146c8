"""Speed of feature extraction relative to real time, and where the time goes.

    OMP_NUM_THREADS=2 python benchmarks/bench_extraction.py [--seconds 60] [--size 640 360]

Writes its own video (H.264 at 30 fps, moving texture) and takes TSN's ResNet-18 at 224 x 224: one feature per 16 frames
at 25 fps. Decoding alone is the same pass over the video without the network.
"""
from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rpn_plugin.apis import FeatureExtractor  # noqa: E402
from rpn_plugin.datasets.videos import OpticalFlow, VideoFile  # noqa: E402
from rpn_plugin.structures import SnippetClock  # noqa: E402

RECOGNIZER = dict(
    model=dict(
        type='Recognizer2D',
        backbone=dict(type='ResNet', depth=18),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])),
    test_pipeline=[dict(type='SampleFrames', clip_len=1), dict(type='Resize', scale=(-1, 256)),
                   dict(type='CenterCrop', crop_size=224)])


def write_video(path: Path, seconds: int, width: int, height: int) -> None:
    """Texture that moves over a still one, with a little noise in every frame."""
    rng = np.random.default_rng(0)
    still, moving = (cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), (0, 0), 5)
                     for _ in range(2))
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=Fraction(30))
        stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
        for index in range(30 * seconds):
            image = still.copy()
            image[height // 4:-height // 4] = np.roll(moving, 3 * index, axis=1)[height // 4:-height // 4]
            noise = rng.integers(0, 8, (height, width, 1), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image + noise, format='rgb24')))
        container.mux(stream.encode())


def seconds_of(function: Callable[[], object], repeats: int = 3) -> float:
    """Shortest of several runs."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description='Speed of feature extraction.')
    parser.add_argument('--seconds', type=int, default=60, help='length of the video')
    parser.add_argument('--size', type=int, nargs=2, default=(640, 360), metavar=('WIDTH', 'HEIGHT'))
    options = parser.parse_args()
    MMLogger.get_instance('bench', log_level='ERROR')
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', torch.get_num_threads())))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'video.mp4'
        write_video(path, options.seconds, *options.size)
        extractor = FeatureExtractor(Config(RECOGNIZER), None, SnippetClock(25, 16))
        whole = seconds_of(lambda: extractor.extract(path))
        decoding = seconds_of(lambda: sum(1 for _ in extractor.decoder.clips(VideoFile(path))))
        images = [frame.image for (_, frame), _ in zip(VideoFile(path).frames(), range(4))]
    print(f'python {platform.python_version()}, torch {torch.__version__}, PyAV {av.__version__}, OpenCV '
          f'{cv2.__version__}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, '
          f'{torch.get_num_threads()} threads for the network; shortest of 3 runs')
    print(f'{options.seconds} s of {options.size[0]} x {options.size[1]} at 30 fps, TSN ResNet-18, '
          f'{extractor.decoder.clock}')
    print(f'extraction {whole:8.2f} s, {options.seconds / whole:6.1f} x real time')
    print(f'decoding   {decoding:8.2f} s, {options.seconds / decoding:6.1f} x real time, '
          f'{100 * decoding / whole:.0f} % of it')
    scale = 256 / min(images[0].shape[:2])
    small = [cv2.resize(image, None, fx=scale, fy=scale) for image in images]
    for algorithm in ('tvl1', 'dis'):
        flow = OpticalFlow(algorithm)
        each = seconds_of(lambda: [flow(*pair) for pair in zip(small, small[1:])]) / (len(small) - 1)  # noqa: B023
        print(f'flow, {algorithm:<4} {1e3 * each:8.1f} ms per frame of {small[0].shape[1]} x {small[0].shape[0]}, '
              f'{1 / each / 25:.2f} x real time at 25 fps')


if __name__ == '__main__':
    main()
