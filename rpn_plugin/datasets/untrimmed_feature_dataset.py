"""Untrimmed videos as feature files with video-level labels."""
from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from torch import Tensor
from torch.utils.data import get_worker_info

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.feature_files import FeatureHeader, check_finite, open_features, read_header
from rpn_plugin.structures import SnippetClock


def _cache_device(cache: str | None) -> torch.device | None:
    """The device that ``cache`` names, if it names one."""
    if cache in (None, 'ram'):
        return None
    try:
        return torch.device(cache)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"UntrimmedFeatureDataset expects cache of None, 'ram' or a device such as 'cuda', but got "
                         f'{cache!r}.') from error


@DATASETS.register_module()
class UntrimmedFeatureDataset(BaseDataset):
    """One item per untrimmed video of a subset.

    For training (``test_mode=False``) an item holds video-level labels only; no segment is read, so a file without
    segments trains the same network. For testing it also holds the annotated segments, for the metric.

    Args:
        ann_file: ActivityNet-style JSON, see :class:`AnnotationFile`; joined with ``data_root``.
        subset: Which videos, by their ``subset`` entry.
        data_prefix: Stream name to its directory of ``<video>.npy`` files, joined with ``data_root``.
        metainfo: May hold ``classes``, the class names in order; needed where the file does not pin them.
        recipe: ``dict(fps, snippet_stride[, window, offset])`` of the features; needed where the file has no
            ``feature`` entry. It is an error to state it twice and differently.
        feature_dim: Expected D of every stream; None takes that of the first file of each.
        missing: ``error`` raises once, naming every video with a missing or unreadable file; ``skip`` leaves those
            videos out and logs the same list.
        outside: ``error`` refuses an annotated segment beyond the video; ``keep`` keeps it as an instance that nobody
            can find and logs it (THUMOS14's video_test_0000270 has such). Testing only.
        max_stream_gap: Streams of one video whose T differ by up to so many snippets are cut to the shortest, with a
            log line; a larger difference is an error.
        cache: ``ram`` reads every file into memory, once, before workers start; a device such as ``cuda`` keeps the
            features there, which needs ``num_workers=0``; None maps files on demand.
        cache_budget_gib: Refuse to cache more than this; None sets no limit.
        kwargs: As :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: On the first look at the data; names file, video and value.
    """

    def __init__(self,
                 ann_file: str,
                 subset: str,
                 data_prefix: Mapping[str, str],
                 metainfo: Mapping[str, Any] | None = None,
                 recipe: Mapping[str, Any] | None = None,
                 feature_dim: int | None = None,
                 missing: str = 'error',
                 outside: str = 'error',
                 max_stream_gap: int = 5,
                 cache: str | None = None,
                 cache_budget_gib: float | None = None,
                 **kwargs: Any) -> None:
        for name, value, known in (('missing', missing, ('error', 'skip')), ('outside', outside, ('error', 'keep'))):
            if value not in known:
                raise ValueError(f'UntrimmedFeatureDataset expects {name} of {known}, but got {value!r}.')
        if not data_prefix:
            raise ValueError('UntrimmedFeatureDataset expects data_prefix=dict(<stream>=<directory>), but got none.')
        self.subset = subset
        self.recipe = recipe
        self.feature_dim = feature_dim
        self.missing = missing
        self.outside = outside
        self.max_stream_gap = max_stream_gap
        self.cache = cache
        self.cache_device = _cache_device(cache)
        self.cache_budget_gib = cache_budget_gib
        self._cached: dict[str, np.ndarray | Tensor] = {}
        super().__init__(ann_file=ann_file, data_prefix=dict(data_prefix), metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read and check annotations and the headers of the feature files."""
        annotations = AnnotationFile.read(self.ann_file, self._metainfo.get('classes'))
        self._metainfo['classes'] = annotations.classes
        clock = self._clock(annotations)
        videos = annotations.subset(self.subset)
        if not self.test_mode:
            self._refuse_unlabelled(annotations, videos)
        headers = self._read_headers(list(videos))
        items = [self._item(annotations, video, headers[video], clock) for video in videos if video in headers]
        if self.test_mode:
            self._check_segments(annotations, items)
        if self.cache is not None:
            self._fill_cache([path for item in items for path in item['feature_paths'].values()])
        return items

    def _fill_cache(self, paths: Sequence[str]) -> None:
        size_gib = sum(open_features(path).nbytes for path in paths) / 2**30
        if self.cache_budget_gib is not None and size_gib > self.cache_budget_gib:
            raise ValueError(f'{self.ann_file}, subset {self.subset!r}: cache={self.cache!r} needs {size_gib:.3g} GiB, '
                             f'but cache_budget_gib is {self.cache_budget_gib:g}. Raise it, or read from disk with '
                             f'cache=None.')
        for path in paths:
            features = np.array(open_features(path))
            if self.cache_device is not None:
                check_finite(features, path)
                features = torch.from_numpy(features).to(self.cache_device)
            self._cached[path] = features

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """An item with its arrays or tensors (T, D) per stream, mapped from disk or out of the cache.

        Raises:
            ValueError: If a worker process asks for features that lie on an accelerator.
        """
        if self.cache_device is not None and self.cache_device.type != 'cpu' and get_worker_info() is not None:
            raise ValueError(f'cache={self.cache!r} needs num_workers=0 and persistent_workers=False in the '
                             f'dataloader: workers cannot hand over what lies on a device.')
        item = super().get_data_info(idx)
        item['features'] = {stream: self._cached[path] if path in self._cached else open_features(path)
                            for stream, path in item['feature_paths'].items()}
        return item

    def video_labels(self) -> list[list[int]]:
        """Class indices of every video, in order; what :class:`CooccurrenceHook` counts."""
        self.full_init()
        return [self._label(index) for index in range(len(self))]

    def _label(self, index: int) -> list[int]:
        return super().get_data_info(index)['label']

    def _item(self, annotations: AnnotationFile, video: str, headers: Mapping[str, FeatureHeader],
              clock: SnippetClock) -> dict[str, Any]:
        length = min(header.length for header in headers.values())
        entry = annotations.database[video]
        item = dict(
            video_name=video,
            label=annotations.video_labels(video),
            feature_paths={stream: self._path(stream, video) for stream in headers},
            num_snippets=length,
            clock=clock,
            duration_second=annotations.video_duration_sec(video) or clock.duration_sec(length),
            fps=clock.fps,
            feature_frame=int(length * clock.stride_frames))
        if self.test_mode:
            segments = annotations.video_segments(video)
            labels = [annotation['label'] for annotation in entry.get('annotations') or ()]
            item['annotations'] = [dict(segment=segment.tolist(), label=label)
                                   for segment, label in zip(segments, labels)]
        return item

    def _path(self, stream: str, video: str) -> str:
        return f'{self.data_prefix[stream]}/{video}.npy'

    def _clock(self, annotations: AnnotationFile) -> SnippetClock:
        recipes = [recipe for recipe in (self.recipe, annotations.recipe) if recipe is not None]
        if not recipes:
            raise ValueError(f'{self.ann_file}: fps and stride of the features are stated nowhere. Add "feature": '
                             f'{{"fps": ..., "snippet_stride": ...}} to the file or recipe=dict(...) to the config.')
        clocks = [SnippetClock.from_recipe(recipe) for recipe in recipes]
        if clocks[0] != clocks[-1]:
            raise ValueError(f'{self.ann_file}: its recipe is {clocks[-1]}, but the config\'s is {clocks[0]}.')
        return clocks[0]

    def _refuse_unlabelled(self, annotations: AnnotationFile, videos: Sequence[str]) -> None:
        unlabelled = [video for video in videos if not annotations.video_labels(video)]
        if unlabelled:
            raise ValueError(f'{self.ann_file}: {len(unlabelled)} training videos have no label: {unlabelled}. Label '
                             f'them or move them out of subset {self.subset!r}.')

    def _read_headers(self, videos: Sequence[str]) -> dict[str, dict[str, FeatureHeader]]:
        """Shapes per video and stream of the videos that can be used."""
        headers: dict[str, dict[str, FeatureHeader]] = {}
        unusable: list[str] = []
        widths = {stream: self.feature_dim for stream in self.data_prefix}
        for video in videos:
            try:
                found = {stream: read_header(self._path(stream, video)) for stream in self.data_prefix}
            except ValueError as error:
                unusable.append(f'{video} ({error})')
                continue
            for stream, header in found.items():
                widths[stream] = widths[stream] or header.width
                if header.width != widths[stream]:
                    raise ValueError(f'{self._path(stream, video)}: expected D={widths[stream]}, but got '
                                     f'D={header.width}.')
            headers[video] = found
        logger = MMLogger.get_current_instance()
        if unusable:
            message = (f'{self.ann_file}, subset {self.subset!r}: {len(unusable)} of {len(videos)} videos have a '
                       f'missing or unreadable feature file:\n  ' + '\n  '.join(unusable))
            if self.missing == 'error' or not headers:
                raise ValueError(f'{message}\nExtract them, correct data_prefix, or leave the videos out with '
                                 f'missing="skip".')
            logger.warning(f'Skipped: {message}')
        self._check_stream_lengths(headers, logger)
        return headers

    def _check_stream_lengths(self, headers: Mapping[str, Mapping[str, FeatureHeader]], logger: MMLogger) -> None:
        cut = []
        for video, found in headers.items():
            lengths = {stream: header.length for stream, header in found.items()}
            gap = max(lengths.values()) - min(lengths.values())
            if gap > self.max_stream_gap:
                raise ValueError(f'{self.ann_file}: the streams of video {video} have {lengths} snippets; expected a '
                                 f'difference of at most {self.max_stream_gap} (max_stream_gap).')
            if gap:
                cut.append(f'{video} {lengths}')
        if cut:
            logger.info(f'{self.ann_file}: cut the streams of {len(cut)} videos to the shorter: {"; ".join(cut)}')

    def _check_segments(self, annotations: AnnotationFile, items: Sequence[Mapping[str, Any]]) -> None:
        """Segments must lie in the video, to within one snippet."""
        outside = []
        for item in items:
            slack = item['clock'].seconds_per_snippet
            for start, end in (annotation['segment'] for annotation in item['annotations']):
                if start < -slack or end > item['duration_second'] + slack:
                    outside.append(f'video {item["video_name"]} of {item["duration_second"]:g} s: {[start, end]}')
        if outside and self.outside == 'error':
            raise ValueError(f'{annotations.path}: {len(outside)} segments lie outside their video:\n  ' +
                             '\n  '.join(outside) + '\nCorrect them, or keep them with outside="keep".')
        if outside:
            MMLogger.get_current_instance().warning(f'{annotations.path}: kept {len(outside)} segments outside their '
                                                    f'video:\n  ' + '\n  '.join(outside))
