"""Flow of known translations, and its scale."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from rpn_plugin.datasets.videos import Frame, OpticalFlow, flow_to_pixels
from rpn_plugin.datasets.videos.optical_flow import cv2 as used_cv2


@pytest.fixture(scope='module')
def texture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)


def shifted(image: np.ndarray, x: int, y: int) -> np.ndarray:
    return np.roll(image, (y, x), axis=(0, 1))


@pytest.mark.parametrize('algorithm', ['tvl1', 'dis'])
@pytest.mark.parametrize('x, y', [(3, 0), (0, -2), (-4, 5)])
def test_a_translation_is_recovered(texture, algorithm, x, y) -> None:
    flow = OpticalFlow(algorithm)(texture, shifted(texture, x, y))
    assert flow.shape == (96, 128, 2)
    inside = flow[16:-16, 16:-16].reshape(-1, 2)
    np.testing.assert_allclose(np.median(inside, axis=0), [x, y], atol=0.1)
    assert (np.abs(inside - [x, y]).max(axis=1) < 0.5).mean() > 0.95


def test_flow_is_clipped_to_20_pixels_and_scaled_without_rounding() -> None:
    flow = np.array([[[0, 5], [20, -20]], [[30, -1e9], [0.01, -13]]], np.float32)
    pixels = flow_to_pixels(flow)
    assert pixels.dtype == np.float32
    scaled = (pixels - 127.5) / 127.5  # what a network with the mean and deviation 127.5 sees
    np.testing.assert_allclose(scaled, [[[0, 0.25], [1, -1]], [[1, -1], [0.0005, -0.65]]], atol=1e-6)


def test_flow_leads_from_each_frame_to_the_next_and_the_last_is_repeated(texture) -> None:
    images = [shifted(texture, x, 0) for x in (0, 2, 5)]
    flows = [frame.image for frame in OpticalFlow('dis').between(Frame(lambda image=image: image) for image in images)]
    moved = [float(np.median(flow[16:-16, 16:-16, 0])) / 127.5 * 20 - 20 for flow in flows]
    np.testing.assert_allclose(moved, [2, 3, 3], atol=0.1)
    assert list(OpticalFlow('dis').between([Frame(lambda: texture)])) == []


def test_what_cannot_be_computed_is_refused(monkeypatch) -> None:
    with pytest.raises(ValueError, match='tvl1 or dis'):
        OpticalFlow('farneback')
    monkeypatch.delattr(used_cv2, 'optflow')
    with pytest.raises(RuntimeError, match='opencv-contrib-python'):
        OpticalFlow('tvl1')
    OpticalFlow('dis')
