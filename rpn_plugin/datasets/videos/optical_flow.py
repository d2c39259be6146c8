"""Computes the optical flow between neighbouring frames, as two-stream networks read it."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np

from rpn_plugin.datasets.videos.video_file import Frame

FLOW_BOUND = 20.0
"""Pixels at which flow is clipped, as for I3D (Carreira and Zisserman, 2017)."""


class OpticalFlow:
    """Dense flow from one frame to the next.

    Args:
        algorithm: ``tvl1``, the one of I3D (Zach et al., 2007; OpenCV's contributed modules), or ``dis``, many times
            faster (Kroeger et al., 2016) but other: features of the two should not be mixed.

    Raises:
        ValueError: If it is another.
        RuntimeError: If OpenCV was built without it.
    """

    def __init__(self, algorithm: str = 'tvl1') -> None:
        if algorithm not in ('tvl1', 'dis'):
            raise ValueError(f'OpticalFlow expects the algorithm tvl1 or dis, but got {algorithm!r}.')
        if algorithm == 'tvl1' and not hasattr(cv2, 'optflow'):
            raise RuntimeError("TV-L1 is in OpenCV's contributed modules, which this OpenCV lacks: pip install "
                               '--force-reinstall --no-deps opencv-contrib-python')
        self.algorithm = algorithm
        opencv: Any = cv2  # whose type stubs lack the two functions
        self._method = (opencv.optflow.DualTVL1OpticalFlow_create() if algorithm == 'tvl1' else
                        opencv.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM))

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Compute the motion of every pixel, in pixels.

        Args:
            first: (H, W, 3) uint8 RGB.
            second: Its successor, likewise.

        Returns:
            (H, W, 2) float32, rightwards and downwards.
        """
        grays = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (first, second)]
        return self._method.calc(*grays, None)

    def between(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield the flow from each frame to the next as pixel values; that of the last frame repeats the one before.

        So there are as many as frames, and both streams of a video have the same snippets. A single frame has none.
        """
        previous: Frame | None = None
        flow: Frame | None = None
        for frame in frames:
            if previous is not None:
                flow = Frame(partial(self._pixels, previous, frame))
                yield flow
            previous = frame
        if flow is not None:
            yield flow

    def _pixels(self, first: Frame, second: Frame) -> np.ndarray:
        return flow_to_pixels(self(first.image, second.image))


def flow_to_pixels(flow: np.ndarray) -> np.ndarray:
    """Clip flow to 20 pixels and map it to [0, 255], so that no motion is 127.5; nothing is rounded.

    That is the scale of flow stored as images, which MMAction2's recognizers are trained on. With the mean and the
    standard deviation 127.5 the network sees I3D's original scale, [-1, 1].
    """
    return ((flow.clip(-FLOW_BOUND, FLOW_BOUND) / FLOW_BOUND + 1) * 127.5).astype(np.float32)
