"""A pipeline step that decodes a video's snippets."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from rpn_plugin.datasets.videos import SnippetDecoder, VideoError, VideoFile


@TRANSFORMS.register_module()
class DecodeSnippets(BaseTransform):
    """Replaces the numbers of snippets by their frames, in one pass over the video.

    Required keys: ``snippets`` (stream to ascending numbers), ``video_paths``, ``clock``. A number beyond the end of
    the video, which its header promised, is left out.

    Args:
        clip_len: As :class:`SnippetDecoder`, like all that follow.
        frame_interval: Frames from one of them to the next.
        resize: Settings of MMAction2's ``Resize``.
        crop_size: Edge of the centre that is kept.
    """

    def __init__(self, clip_len: int = 1, frame_interval: int = 1,
                 resize: Mapping[str, Any] = dict(scale=(-1, 256)), crop_size: int = 224) -> None:
        self.settings: dict[str, Any] = dict(clip_len=clip_len, frame_interval=frame_interval, resize=resize,
                                             crop_size=crop_size)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Turn ``snippets`` into stream to (T, n, H, W, 3) uint8.

        Raises:
            VideoError: If the video cannot be read, or has none of the snippets.
        """
        decoder = SnippetDecoder(results['clock'], **self.settings)
        for stream, numbers in results['snippets'].items():
            path = results['video_paths'][stream]
            clips = list(decoder.clips(VideoFile(path), numbers.tolist()))
            if not clips:
                raise VideoError(f'{path}: ends before its snippets {numbers.tolist()}, which its header promises')
            results['snippets'][stream] = np.stack(clips)
            results['num_snippets'] = len(clips)
        return results
