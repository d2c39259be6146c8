"""Untrimmed video files with video-level labels."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset

from rpn_plugin.datasets.feature_files import FeatureHeader
from rpn_plugin.datasets.untrimmed_feature_dataset import UntrimmedFeatureDataset
from rpn_plugin.datasets.videos import VideoFile, find_videos
from rpn_plugin.structures import SnippetClock


@DATASETS.register_module()
class UntrimmedVideoDataset(UntrimmedFeatureDataset):
    """As :class:`UntrimmedFeatureDataset`, with video files in the place of feature files.

    Only their headers are read to build it; ``DecodeSnippets`` decodes. An item has ``snippets``, the numbers of the
    snippets to decode, which ``SampleSnippets`` may thin out before.

    Args:
        ann_file: ActivityNet-style JSON, see :class:`AnnotationFile`; joined with ``data_root``.
        subset: Which videos, by their ``subset`` entry.
        data_prefix: Stream name to the directory of its video files, named ``<video>`` and a suffix of
            ``VIDEO_SUFFIXES``.
        recipe: ``dict(fps, snippet_stride[, window, offset])`` by which the videos are cut into snippets.
        kwargs: As :class:`UntrimmedFeatureDataset`, but for ``feature_dim`` and ``cache``.

    Raises:
        ValueError: On the first look at the data; names file, video and value.
    """

    CHANNELS = 3

    def __init__(self, ann_file: str, subset: str, data_prefix: Mapping[str, str], recipe: Mapping[str, Any],
                 **kwargs: Any) -> None:
        super().__init__(ann_file, subset, data_prefix, recipe=recipe, feature_dim=self.CHANNELS, cache=None, **kwargs)

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """An item with the numbers of its snippets per stream."""
        item = BaseDataset.get_data_info(self, idx)
        item['video_paths'] = item.pop('feature_paths')
        item['snippets'] = {stream: np.arange(item['num_snippets']) for stream in item['video_paths']}
        return item

    def _check_sources(self, items: Sequence[Mapping[str, Any]], clock: SnippetClock) -> None:
        """Videos are not made by an encoder: nothing to compare."""

    @cached_property
    def _files(self) -> dict[str, dict[str, Path]]:
        return {stream: find_videos(folder) if Path(folder).is_dir() else {}
                for stream, folder in self.data_prefix.items()}

    def _path(self, stream: str, video: str) -> str:
        return str(self._files[stream].get(video, f'{self.data_prefix[stream]}/{video}.*'))

    def _header(self, stream: str, video: str) -> FeatureHeader:
        path, clock = self._path(stream, video), SnippetClock.from_recipe(self.recipe)
        duration_sec = VideoFile(path).header['duration_sec']
        length = clock.num_snippets(duration_sec)
        if not length:
            raise ValueError(f'{path}: {duration_sec:.2f} s are shorter than a window of {clock.window_frames:g} frames '
                             f'at {clock.fps:g} fps')
        return FeatureHeader(length, self.CHANNELS)
