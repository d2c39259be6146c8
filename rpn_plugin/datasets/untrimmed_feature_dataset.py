"""Untrimmed videos as feature files with video-level labels."""
from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.feature_stores import FeatureHeader, FeatureStore, open_store
from rpn_plugin.structures import SnippetClock, describe_recipe, same_recipe


@DATASETS.register_module()
class UntrimmedFeatureDataset(BaseDataset):
    """One item per untrimmed video of a subset.

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
        missing: ``error`` raises once, naming every video with a missing or unreadable file; ``skip`` leaves those
            videos out and logs the same list.
        outside: ``error`` refuses an annotated segment beyond the video; ``keep`` keeps it as an instance that nobody
            can find and logs it (THUMOS14's video_test_0000270 has such). Testing only.
        max_stream_gap: Streams of one video whose T differ by up to so many snippets are cut to the shortest, with a
            log line; a larger difference is an error.
        cache_gib: So many GiB of features at most are read into memory once, before workers start, which share them;
            the rest is read from disk on demand.
        kwargs: As :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: On the first look at the data; names file, video and value.
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
                 outside: str = 'error',
                 max_stream_gap: int = 5,
                 cache_gib: float = 0.0,
                 **kwargs: Any) -> None:
        for name, value, known in (('missing', missing, ('error', 'skip')), ('outside', outside, ('error', 'keep'))):
            if value not in known:
                raise ValueError(f'UntrimmedFeatureDataset expects {name} of {known}, but got {value!r}.')
        if not data_prefix:
            raise ValueError('UntrimmedFeatureDataset expects data_prefix=dict(<stream>=<features>), but got none.')
        self.subset = subset
        self.layout = layout
        self.recipe = recipe
        self.columns = columns
        self.feature_dim = feature_dim
        self.missing = missing
        self.outside = outside
        self.max_stream_gap = max_stream_gap
        self.cache_gib = cache_gib
        self._stores: dict[str, FeatureStore] = {}
        self._cache: dict[tuple[str, str], np.ndarray] = {}
        super().__init__(ann_file=ann_file, data_prefix=dict(data_prefix), metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read and check annotations and the headers of the feature files."""
        annotations = AnnotationFile.read(self.ann_file, self._metainfo.get('classes'), self.layout)
        self._metainfo['classes'] = annotations.classes
        for remark in annotations.remarks:
            MMLogger.get_current_instance().info(f'{self.ann_file}: {remark}')
        columns = self.columns if self.columns is not None else annotations.layout.columns
        self._stores = {stream: open_store(where, stream, list(annotations.database), columns.get(stream))
                        for stream, where in self.data_prefix.items()}
        recipe = self._recipe(annotations)
        videos = annotations.subset(self.subset)
        self._log_label_conflicts(annotations, list(videos))
        if not self.test_mode:
            self._refuse_unlabelled(annotations, videos)
        headers = self._read_headers(list(videos))
        items = [self._item(annotations, video, headers[video], recipe) for video in videos if video in headers]
        if self.test_mode:
            self._check_segments(annotations, items)
        self._fill_cache([item['video_name'] for item in items])
        return items

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """An item with its arrays (T, D) per stream, mapped from disk or out of the cache."""
        item = super().get_data_info(idx)
        video = item['video_name']
        item['features'] = {stream: self._cache[stream, video] if (stream, video) in self._cache else store.open(video)
                            for stream, store in self._stores.items()}
        item['feature_paths'] = {stream: store.where(video) for stream, store in self._stores.items()}
        return item

    def __getstate__(self) -> dict[str, Any]:
        """Without the cache: a worker process that is not forked reads from disk instead of getting its own copy."""
        return {**self.__dict__, '_cache': {}}

    def video_labels(self) -> list[list[int]]:
        """Class indices of every video, in order; what :class:`CooccurrenceHook` counts."""
        self.full_init()
        return [self._label(index) for index in range(len(self))]

    def _label(self, index: int) -> list[int]:
        return super().get_data_info(index)['label']

    def _item(self, annotations: AnnotationFile, video: str, headers: Mapping[str, FeatureHeader],
              recipe: Mapping[str, Any]) -> dict[str, Any]:
        length = min(header.length for header in headers.values())
        entry = annotations.database[video]
        duration = annotations.video_duration_sec(video)
        try:
            clock = SnippetClock.from_recipe(recipe, duration_sec=duration, num_snippets=length,
                                             video_fps=entry.get('fps'))
        except ValueError as error:
            raise ValueError(f'{annotations.path}: video {video}: {error}') from error
        item = dict(
            video_name=video,
            label=annotations.video_labels(video),
            num_snippets=length,
            clock=clock,
            duration_second=duration or clock.duration_sec(length),
            fps=clock.fps,
            feature_frame=int(length * clock.stride_frames))
        if self.test_mode:
            segments = annotations.video_segments(video)
            labels = [annotation['label'] for annotation in entry.get('annotations') or ()]
            item['annotations'] = [dict(segment=segment.tolist(), label=label)
                                   for segment, label in zip(segments, labels)]
        return item

    def _recipe(self, annotations: AnnotationFile) -> Mapping[str, Any]:
        stated = annotations.recipe
        if self.recipe is None and stated is None:
            raise ValueError(f'{self.ann_file}: fps and stride of the features are stated nowhere. Add "feature": '
                             f'{{"fps": ..., "snippet_stride": ...}} to the file or recipe=dict(...) to the config.')
        if self.recipe is None or stated is None or stated is annotations.layout.recipe:
            return self.recipe or stated
        if not same_recipe(self.recipe, stated):
            raise ValueError(f'{self.ann_file}: its recipe is {describe_recipe(stated)}, but the config\'s is '
                             f'{describe_recipe(self.recipe)}.')
        return self.recipe

    def _fill_cache(self, videos: Sequence[str]) -> None:
        """Read as many videos as the budget holds, in the order of the annotations."""
        room = self.cache_gib * 2**30
        for video in videos if room > 0 else ():
            arrays = {(stream, video): store.open(video) for stream, store in self._stores.items()}
            room -= sum(array.nbytes for array in arrays.values())
            if room < 0:
                break
            self._cache.update({key: np.array(array) for key, array in arrays.items()})
        cached = len(self._cache) // len(self._stores)
        if 0 < cached < len(videos) or (self.cache_gib and not cached):
            MMLogger.get_current_instance().info(
                f'{self.ann_file}: {cached} of {len(videos)} videos fit into the cache of {self.cache_gib:g} GiB; the '
                f'rest is read on demand.')

    def _log_label_conflicts(self, annotations: AnnotationFile, videos: Sequence[str]) -> None:
        conflicts = [video for video in videos if 'labels' in annotations.database[video]
                     and annotations.annotated_labels(video) - set(annotations.database[video]['labels'])]
        if conflicts:
            MMLogger.get_current_instance().warning(
                f'{self.ann_file}, subset {self.subset!r}: {len(conflicts)} videos have segments of classes that their '
                f'"labels" lack. The "labels" are what counts. They are {", ".join(conflicts)}')

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
                found = {stream: store.header(video) for stream, store in self._stores.items()}
            except ValueError as error:
                unusable.append(f'{video} ({error})')
                continue
            for stream, header in found.items():
                widths[stream] = widths[stream] or header.width
                if header.width != widths[stream]:
                    raise ValueError(f'{self._stores[stream].where(video)}: expected D={widths[stream]}, but got '
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
