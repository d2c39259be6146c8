"""The data set of untrimmed videos as feature files."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from torch import Tensor
from torch.utils.data import get_worker_info

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.checking import CheckedSubset, VideoSubset, agreed_recipe, check_subset, open_stores
from rpn_plugin.datasets.faults import by_severity, count_findings, describe_findings, summarize_findings
from rpn_plugin.datasets.feature_stores import FeatureStore, FilePerVideo, check_finite
from rpn_plugin.datasets.samplers import SeededIndex
from rpn_plugin.datasets.sidecars import check_sidecars, dry_run_note
from rpn_plugin.datasets.slow_storage import map_files

OPENED_AT_ONCE = 128
"""Videos whose files are mapped while they are copied to the cache; a process may open about a thousand files."""
MOST_LOGGED = 50
"""Of each kind of warning; ``tools/data/check_dataset.py`` lists all."""
DATA_WARNINGS = 'Warnings about the data of'
"""How the record begins that lists them; the tools leave it to the log file."""


@DATASETS.register_module()
class UntrimmedFeatureDataset(BaseDataset):
    """A data set with one item per untrimmed video of a subset.

    For training (``test_mode=False``) an item holds video-level labels only; no segment is read, so a file without
    segments trains the same network. For testing it also holds the annotated segments, for the metric.

    Args:
        ann_file: Annotations; joined with ``data_root``.
        subset: Which videos, by their ``subset`` entry.
        data_prefix: Stream name to its features, see :func:`open_store`; joined with ``data_root``.
        layout: How annotations are written, by name; see ``rpn_plugin.datasets.formats``. ``plugin`` is an
            ActivityNet-style JSON.
        metainfo: May hold ``classes``, the class names in order; needed where the file does not pin them.
        recipe: When each feature was seen, see :meth:`SnippetClock.from_recipe`; needed where neither file nor layout
            states it. Stated twice and differently it is an error; only the layout's usual one may be corrected so.
        columns: Stream name to the range of its channels, where files hold several streams side by side.
        feature_dim: Expected D of every stream; None takes that of the first file of each.
        missing: ``error`` raises once for all videos with a missing or unreadable file, naming the first of each kind;
            ``skip`` leaves those videos out with a warning.
        max_stream_gap: Streams of one video whose T differ by up to so many snippets are cut to the shortest, with a
            log line; a larger difference is an error.
        cache_gib: So many GiB of features at most are read into memory once, before workers start, which share them;
            the rest is read from disk on demand.
        cache_device: A device such as ``cuda`` to keep the cached features on instead, as tensors; ``num_workers=0``
            only, since workers cannot hand them over.
        kwargs: As :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: When the data are first read; names file, video and value.
    """

    def __init__(self,
                 ann_file: str,
                 subset: str,
                 data_prefix: Mapping[str, str],
                 layout: str = 'plugin',
                 metainfo: Mapping[str, Any] | None = None,
                 recipe: Mapping[str, Any] | None = None,
                 columns: Mapping[str, Sequence[int]] | None = None,
                 feature_dim: int | None = None,
                 missing: str = 'error',
                 max_stream_gap: int = 5,
                 cache_gib: float = 0.0,
                 cache_device: str | None = None,
                 **kwargs: Any) -> None:
        if missing not in ('error', 'skip'):
            raise ValueError(f"UntrimmedFeatureDataset expects missing of ('error', 'skip'), but got {missing!r}.")
        if cache_device is not None and not cache_gib > 0:
            raise ValueError(f'UntrimmedFeatureDataset expects a budget cache_gib > 0 beside cache_device='
                             f'{cache_device!r}, but got {cache_gib}.')
        if not data_prefix:
            raise ValueError('UntrimmedFeatureDataset expects data_prefix=dict(<stream>=<features>), but got none.')
        self.subset = subset
        self.layout = layout
        self.recipe = recipe
        self.columns = columns
        self.feature_dim = feature_dim
        self.missing = missing
        self.max_stream_gap = max_stream_gap
        self.cache_gib = cache_gib
        self.cache_device = None if cache_device is None else torch.device(cache_device)
        self._stores: dict[str, FeatureStore] = {}
        self._cache: dict[tuple[str, str], np.ndarray | Tensor] = {}
        super().__init__(ann_file=ann_file, data_prefix=dict(data_prefix), metainfo=metainfo, **kwargs)

    def open_subset(self) -> VideoSubset:
        """Open annotations and features as they are on disk, not yet checked.

        Raises:
            ValueError: If the annotations cannot be read, or contradict the config.
        """
        annotations = AnnotationFile.read(self.ann_file, self._metainfo.get('classes'), self.layout)
        columns = self.columns if self.columns is not None else annotations.layout.columns
        return VideoSubset(annotations, self.subset, not self.test_mode,
                           open_stores(annotations, self.data_prefix, columns),
                           agreed_recipe(annotations, self.recipe), self.feature_dim, self.max_stream_gap,
                           self.missing == 'skip')

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read and check annotations and the headers of the feature files."""
        subset = self.open_subset()
        if not self.test_mode:
            subset = replace(subset, annotations=subset.annotations.without_segments())
        self._metainfo['classes'] = subset.annotations.classes
        self._stores = dict(subset.stores)
        checked = check_subset(subset, segments=self.test_mode)
        self._report(checked)
        assert subset.recipe is not None, 'the checks refuse features without a recipe'
        self._metainfo['recipe'] = dict(subset.recipe)  # goes into checkpoints, as the classes do
        random = check_sidecars({stream: {store.where(video): clock for video, clock in checked.clocks.items()}
                                 for stream, store in self._stores.items() if isinstance(store, FilePerVideo)})
        if random:
            self._metainfo['random_features'] = random  # likewise
            if f'{dry_run_note(random)}.' not in subset.annotations.remarks:  # where the conversion noted it
                _log_once('warning', f'{self.ann_file}: {dry_run_note(random)}.')
        items = [self._item(checked, video) for video in subset.videos if video in checked.headers]
        self._fill_cache([item['video_name'] for item in items])
        return items

    def _report(self, checked: CheckedSubset) -> None:
        """Log warnings, each once in a process, and how many there are; raise errors, a line for each kind."""
        for remark in checked.subset.annotations.remarks:
            _log_once('info', f'{self.ann_file}: {remark}')
        errors, warnings = by_severity(checked.findings)
        if errors:
            raise ValueError(f'{self.ann_file}, subset {self.subset!r}, cannot be used: ' +
                             '\n'.join(summarize_findings(errors)))
        if warnings:
            _log_once('warning', '\n'.join([f'{DATA_WARNINGS} {self.ann_file}, subset {self.subset}:',
                                            *describe_findings(warnings, MOST_LOGGED)]))
            number = f'{len(warnings)} warning{"s" * (len(warnings) > 1)}'
            _log_once('warning', f'{number} about {self.ann_file}, subset {self.subset} '
                                 f'({count_findings(warnings)}); the log file and rpn check list them.')

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Return an item with its arrays or tensors (T, D) per stream, mapped from disk or out of the cache.

        Raises:
            RuntimeError: If a worker process asks for features that lie on a device.
        """
        if self.cache_device is not None and get_worker_info() is not None:
            raise RuntimeError(f'cache_device={str(self.cache_device)!r} needs num_workers=0 and '
                               f'persistent_workers=False in the dataloader: workers cannot hand over its tensors.')
        item = super().get_data_info(idx)
        video = item['video_name']
        item['features'] = {stream: self._cache[stream, video] if (stream, video) in self._cache else store.open(video)
                            for stream, store in self._stores.items()}
        item['feature_paths'] = {stream: store.where(video) for stream, store in self._stores.items()}
        return item

    def prepare_data(self, idx: int) -> Any:
        """Return an item after the pipeline; transforms draw from the item's ``rng`` under :class:`SeededSampler`."""
        item = self.get_data_info(idx)
        if isinstance(idx, SeededIndex):
            item['rng'] = idx.generator()
        return self.pipeline(item)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the cache: a worker that is not forked reads from disk, not its own copy."""
        return {**self.__dict__, '_cache': {}}

    def video_labels(self) -> list[list[int]]:
        """Return the class indices of every video, in order; :class:`CooccurrenceHook` counts them."""
        self.full_init()
        return [self._label(index) for index in range(len(self))]

    def _label(self, index: int) -> list[int]:
        return super().get_data_info(index)['label']

    def _item(self, checked: CheckedSubset, video: str) -> dict[str, Any]:
        length, clock = checked.num_snippets(video), checked.clocks[video]
        item = dict(
            video_name=video,
            label=checked.labels[video],
            num_snippets=length,
            clock=clock,
            duration_second=checked.durations.get(video) or clock.duration_sec(length),
            fps=clock.fps,
            feature_frame=int(length * clock.stride_frames))
        if self.test_mode:
            annotations = checked.subset.annotations
            item['annotations'] = [dict(segment=segment, label=annotation['label']) for segment, annotation in zip(
                annotations.video_segments(video).tolist(), annotations.annotations(video))]
        return item

    def _fill_cache(self, videos: Sequence[str]) -> None:
        """Read as many videos as the budget holds, in the order of the annotations."""
        room = self.cache_gib * 2**30
        for first in range(0, len(videos), OPENED_AT_ONCE) if room > 0 else ():
            opened = map_files(self._open, videos[first:first + OPENED_AT_ONCE])
            sizes = np.cumsum([sum(array.nbytes for array in arrays.values()) for arrays in opened])
            fitting = [item for arrays, size in zip(opened, sizes) if size <= room for item in arrays.items()]
            self._cache.update(map_files(self._kept, fitting))
            room -= sizes[-1]
            if room < 0:
                break
        cached = len(self._cache) // len(self._stores)
        if 0 < cached < len(videos) or (self.cache_gib and not cached):
            MMLogger.get_current_instance().info(
                f'{self.ann_file}: {cached} of {len(videos)} videos fit into the cache of {self.cache_gib:g} GiB; the '
                f'rest is read on demand.')

    def _open(self, video: str) -> dict[tuple[str, str], np.ndarray]:
        return {(stream, video): store.open(video) for stream, store in self._stores.items()}

    def _kept(self, item: tuple[tuple[str, str], np.ndarray]) -> tuple[tuple[str, str], np.ndarray | Tensor]:
        """Copy an array to cache; on a device checked and at most float32, since ``LoadSnippets`` leaves it alone."""
        (stream, video), array = item
        if self.cache_device is None:
            return (stream, video), np.array(array)
        features = np.array(array, dtype=np.float32 if array.dtype == np.float64 else array.dtype)
        check_finite(features, self._stores[stream].where(video))
        return (stream, video), torch.from_numpy(features).to(self.cache_device)


@cache
def _log_once(level: str, message: str) -> None:
    getattr(MMLogger.get_current_instance(), level)(message)
