"""Decodes a video file into the frames of its snippets."""
from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from rpn_plugin.datasets.videos.containers import VideoError
from rpn_plugin.datasets.videos.optical_flow import OpticalFlow
from rpn_plugin.datasets.videos.video_file import Frame, VideoFile, resampled_frames
from rpn_plugin.structures import SnippetClock


def clip_offsets(window: int, clip_len: int, frame_interval: int = 1) -> list[int]:
    """Choose the frames of a window that an encoder sees: its clip in the middle of the window.

    A clip longer than the window is drawn together (a smaller interval), then shortened to all of the window's frames.

    Args:
        window: Frames of a window.
        clip_len: Frames of the encoder's clip.
        frame_interval: Frames from one of them to the next.

    Returns:
        Offsets in the window, ascending, in [0, window).
    """
    number = min(clip_len, window)
    interval = min(frame_interval, window // number)
    start = (window - (number - 1) * interval - 1) // 2
    return [start + place * interval for place in range(number)]


class SnippetDecoder:
    """Decodes the snippets of videos, one pass per video; holds one window of images, whatever the video's length.

    Args:
        clock: Rate, stride, window and offset of the snippets, in whole frames.
        clip_len: Frames of a snippet that are kept, see :func:`clip_offsets`.
        frame_interval: Frames from one of them to the next.
        resize: Settings of MMAction2's ``Resize``; flow is computed after it.
        crop_size: Edge of the centre that is kept; None keeps all.
        flow: ``tvl1`` or ``dis`` for optical flow instead of RGB, see :class:`OpticalFlow`.

    Raises:
        ValueError: If stride, window or offset is not a whole number of frames.
    """

    def __init__(self,
                 clock: SnippetClock,
                 clip_len: int = 1,
                 frame_interval: int = 1,
                 resize: Mapping[str, Any] = dict(scale=(-1, 256)),
                 crop_size: int | None = 224,
                 flow: str | None = None) -> None:
        frames = (clock.stride_frames, clock.window_frames or clock.stride_frames, clock.offset_frames)
        if any(number != int(number) for number in frames) or clock.offset_frames < 0:
            raise ValueError(f'Decoding needs a stride, window and offset of whole frames, but the recipe is {clock}.')
        self.clock = clock
        self.stride, self.window, self.start = map(int, frames)
        self.offsets = clip_offsets(self.window, clip_len, frame_interval)
        self.resize = TRANSFORMS.build(dict(resize, type='Resize', lazy=False))
        self.crop_size = crop_size
        self.crop = TRANSFORMS.build(dict(type='CenterCrop', crop_size=crop_size)) if crop_size else None
        self.flow = OpticalFlow(flow) if flow else None

    def clips(self, video: VideoFile, wanted: Collection[int] | None = None) -> Iterator[np.ndarray]:
        """Decode the images of every whole window of a video, in order.

        Args:
            video: The file.
            wanted: Numbers of the snippets to give; all by default. Reading stops after the last of them.

        Yields:
            (n, crop_size, crop_size, 3) uint8 RGB, or (..., 2) float32 flow in [0, 255].

        Raises:
            VideoError: As :meth:`VideoFile.frames`, or if the resized frames are smaller than the crop.
        """
        frames: Iterator[Frame] = (Frame(partial(self._resized, frame))
                                   for frame in resampled_frames(video, self.clock.fps))
        frames = self.flow.between(frames) if self.flow else frames
        snippets = iter(sorted(wanted)) if wanted is not None else itertools.count()
        coming = next(snippets, None)
        begun: deque[tuple[int, list[np.ndarray]]] = deque()  # first frame of each window and its images so far
        for index, frame in enumerate(frames):
            while coming is not None and index == self.start + coming * self.stride:
                begun.append((index, []))
                coming = next(snippets, None)
            needing = [images for first, images in begun if index - first in self.offsets]
            if needing:
                image = self._cropped(frame.image, video)
                for images in needing:
                    images.append(image)
            if begun and index == begun[0][0] + self.window - 1:
                yield np.stack(begun.popleft()[1])
            if coming is None and not begun:
                return

    def _resized(self, frame: Frame) -> np.ndarray:
        image = frame.image
        return self.resize.transform(dict(imgs=[image], img_shape=image.shape[:2]))['imgs'][0]

    def _cropped(self, image: np.ndarray, video: VideoFile) -> np.ndarray:
        if self.crop is None:
            return image
        if min(image.shape[:2]) < self.crop_size:
            raise VideoError(f'{video.path}: resized to {image.shape[1]} x {image.shape[0]} pixels, smaller than the '
                             f'crop of {self.crop_size} x {self.crop_size}. Resize to a larger scale.')
        return self.crop.transform(dict(imgs=[image], img_shape=image.shape[:2]))['imgs'][0]
