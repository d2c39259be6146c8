"""Reads a few small images that stand for a video."""
from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from rpn_plugin.datasets.videos.containers import VideoError
from rpn_plugin.datasets.videos.video_file import VideoFile, resampled_frames


def read_thumbnails(path: str | Path, duration_sec: float, count: int = 10,
                    height: int = 96) -> list[tuple[float, np.ndarray]]:
    """Read frames from the middle of each of ``count`` equal parts of a video, in one pass.

    Args:
        path: Video file.
        duration_sec: Of the video, as annotated.
        count: At least 1.
        height: Rows of each image; its proportions are kept.

    Returns:
        (time in seconds, (height, W, 3) uint8 RGB) of each.

    Raises:
        VideoError: If the file is shorter, and as :meth:`VideoFile.frames`.
    """
    video, thumbnails = VideoFile(path), []
    frames = resampled_frames(video, 2 * count / duration_sec)  # at the borders and the middle of each part
    for place, frame in enumerate(islice(frames, 1, 2 * count, 2)):
        rows, columns = frame.image.shape[:2]
        image = cv2.resize(frame.image, (max(1, round(columns * height / rows)), height), interpolation=cv2.INTER_AREA)
        thumbnails.append(((place + 0.5) * duration_sec / count, image))
    if len(thumbnails) < count:
        raise VideoError(f'{path}: ends after {video.duration_sec:.2f} s, but is to show a video of '
                         f'{duration_sec:.2f} s. Give the file that the features were extracted from.')
    return thumbnails
