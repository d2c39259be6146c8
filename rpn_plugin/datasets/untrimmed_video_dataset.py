"""The data set of untrimmed video files."""
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset

from rpn_plugin.datasets.checking import VideoSubset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_stores import FeatureHeader, FeatureStore
from rpn_plugin.datasets.untrimmed_feature_dataset import UntrimmedFeatureDataset
from rpn_plugin.datasets.videos import VideoError, VideoFile, find_videos
from rpn_plugin.structures import SnippetClock

CHANNELS = 3


class VideoFolder(FeatureStore):
    """A store of video files in a folder, whose headers say how many snippets they have.

    Args:
        folder: Where they are, named ``<video>`` and a suffix of ``VIDEO_SUFFIXES``.
        clock: By which they are cut into snippets.
    """

    def __init__(self, folder: str, clock: SnippetClock) -> None:
        super().__init__()
        self.folder = folder
        self.clock = clock
        self._files = find_videos(folder) if Path(folder).is_dir() else {}

    def videos(self) -> list[str]:
        return list(self._files)

    def where(self, video: str) -> str:
        return str(self._files.get(video, os.path.join(self.folder, f'{video}.*')))

    def header(self, video: str) -> FeatureHeader:
        path = self.where(video)
        if video not in self._files:
            raise Fault('features-missing', f'{path}: missing')
        try:
            duration_sec = VideoFile(path).header['duration_sec']
        except VideoError as error:
            raise Fault('features-unreadable', str(error)) from error
        length = self.clock.num_snippets(duration_sec)
        if not length:
            raise Fault('features-unreadable', f'{path}: {duration_sec:.2f} s are shorter than a window of '
                                               f'{self.clock.window_frames:g} frames at {self.clock.fps:g} fps')
        return FeatureHeader(length, CHANNELS)


@DATASETS.register_module()
class UntrimmedVideoDataset(UntrimmedFeatureDataset):
    """An :class:`UntrimmedFeatureDataset` with video files in the place of feature files.

    Only their headers are read to build it; ``DecodeSnippets`` decodes. An item has ``snippets``, the numbers of the
    snippets to decode, which ``SampleSnippets`` may thin out before.

    Args:
        ann_file: Annotations; joined with ``data_root``.
        subset: Which videos, by their ``subset`` entry.
        data_prefix: Stream name to the directory of its video files.
        kwargs: As :class:`UntrimmedFeatureDataset`, but for ``columns``, ``feature_dim`` and ``cache_gib``; ``recipe``
            says how the videos are cut into snippets.

    Raises:
        ValueError: When the data are first read; names file, video and value.
    """

    def __init__(self, ann_file: str, subset: str, data_prefix: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(ann_file, subset, data_prefix, columns=None, feature_dim=CHANNELS, cache_gib=0.0, **kwargs)

    def open_subset(self) -> VideoSubset:
        """Open annotations and videos as they are on disk, not yet checked.

        Raises:
            ValueError: As the features' data set, or if it is stated nowhere how videos are cut into snippets.
        """
        subset = super().open_subset()
        if subset.recipe is None:
            raise ValueError(f'{self.ann_file}: how videos are cut into snippets is stated nowhere. Add recipe=dict('
                             f'fps=25, snippet_stride=16) to the config, or "feature": {{...}} to the file.')
        clock = SnippetClock.from_recipe(subset.recipe)
        return replace(subset, stores={stream: VideoFolder(folder, clock)
                                       for stream, folder in self.data_prefix.items()})

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Return an item with the path of its video and the numbers of its snippets per stream."""
        item = BaseDataset.get_data_info(self, idx)
        item['video_paths'] = {stream: store.where(item['video_name']) for stream, store in self._stores.items()}
        item['snippets'] = {stream: np.arange(item['num_snippets']) for stream in self._stores}
        return item

