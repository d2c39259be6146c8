"""The inputs of inference: feature files, videos, folders and arrays, as one untrimmed video each."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rpn_plugin.datasets.feature_readers import READERS
from rpn_plugin.datasets.feature_stores import FeatureStore, FilePerVideo, check_finite, open_store
from rpn_plugin.datasets.videos import find_videos
from rpn_plugin.structures import VIDEO_SUFFIXES

LARGEST_FEATURE = 1e9
"""Features are some tens, raw ones of sensors some thousands; far beyond this, sums of products leave float32."""


@dataclass(frozen=True)
class StoredFeatures:
    """Features of one video in a store.

    Args:
        store: Of a stream.
        video: Name of the video there.
    """

    store: FeatureStore
    video: str


Features = StoredFeatures | np.ndarray | Path
"""Features in a store, a (T, D) array, or the video file to extract them from."""


@dataclass(frozen=True)
class UntrimmedInput:
    """One untrimmed video.

    Args:
        name: Of the video.
        streams: Stream name to its features.
    """

    name: str
    streams: Mapping[str, Features]


class SnippetSource:
    """The (T, D) features of one stream, in memory or in a file of which one part at a time is.

    Args:
        features: Where they are.
        name: For messages about an array.

    Raises:
        ValueError: If they are missing, unreadable, or no float array of shape (T, D).
    """

    def __init__(self, features: StoredFeatures | np.ndarray, name: str) -> None:
        self.features = features
        self.name = name if isinstance(features, np.ndarray) else features.store.where(features.video)
        array = self._open()
        if array.ndim != 2 or 0 in array.shape or array.dtype.kind != 'f':
            raise ValueError(f'{self.name}: expected floats of shape (T, D) with T and D at least 1, but got '
                             f'{array.dtype} of shape {array.shape}.')
        self.length, self.width = array.shape

    def _open(self) -> np.ndarray:
        return self.features if isinstance(self.features, np.ndarray) else self.features.store.open(self.features.video)

    def read(self, start: int, stop: int) -> Tensor:
        """Snippets from ``start`` to before ``stop``, (stop - start, D) float16 or float32.

        The file is mapped anew for every part, so that what was read before does not stay in memory.

        Raises:
            ValueError: If a value is not finite, or larger than :data:`LARGEST_FEATURE`.
        """
        array = self._open()
        part = np.array(array[start:stop], dtype=np.float32 if array.dtype == np.float64 else array.dtype)
        check_finite(part, self.name, start)
        self._check_range(part, start)
        return torch.from_numpy(part)

    def _check_range(self, part: np.ndarray, start: int) -> None:
        if part.dtype == np.float16 or max(part.max(initial=0), -part.min(initial=0)) <= LARGEST_FEATURE:
            return
        snippet, channel = np.argwhere(np.abs(part) > LARGEST_FEATURE)[0]
        raise ValueError(f'{self.name}: the features are out of range: {part[snippet, channel]:g} at snippet '
                         f'{snippet + start}, channel {channel}; {LARGEST_FEATURE:g} is the most. Extract them again.')


def is_video(value: object) -> bool:
    """Tell whether it is the path of a video file, by its suffix."""
    return isinstance(value, Path) and value.suffix.lower() in VIDEO_SUFFIXES


def find_inputs(inputs: Any, streams: Sequence[str]) -> list[UntrimmedInput]:
    """Every video that the user named.

    Args:
        inputs: A feature file (``.npy`` and what else ``open_store`` reads), a video file, a folder, a dict of stream
            name to file or (T, D) array, an :class:`UntrimmedInput`, or a list of these. A folder holds videos, or one
            folder of ``<video>.npy`` per stream, named as the stream (for a single stream, the files themselves); of a
            file ``rgb/<video>.npy`` the other streams are found beside it (``flow/<video>.npy``).
        streams: Streams that the model reads.

    Raises:
        ValueError: If an input is none of these, there is no video, or two have one name.
    """
    if isinstance(inputs, (str, Path, Mapping, UntrimmedInput)):
        inputs = [inputs]
    finder = _Finder(tuple(streams))
    found = [video for place, value in enumerate(inputs) for video in finder.find(value, place)]
    names = [video.name for video in found]
    if not found:
        raise ValueError('There is no input: expected at least one feature file or video.')
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f'Several inputs are named {twice}; give each video its own name.')
    return found


class _Finder:
    """Looks into every folder once."""

    def __init__(self, streams: tuple[str, ...]) -> None:
        self.streams = streams
        self.store: Callable[[str, str, str], FeatureStore] = lru_cache(None)(
            lambda folder, suffix, stream: FilePerVideo(f'{folder}/{{}}{suffix}', stream))

    def find(self, value: Any, place: int) -> Iterable[UntrimmedInput]:
        """Videos of one input, which stands at ``place`` among those given."""
        if isinstance(value, UntrimmedInput):
            return [value]
        if isinstance(value, Mapping):
            return [self._of_mapping(value, place)]
        if not isinstance(value, (str, Path)):
            raise ValueError(f'Expected a file, a folder or a dict of streams as input {place}, but got '
                             f'{type(value).__name__}.')
        path = Path(value)
        return self._of_folder(path) if path.is_dir() else [self._of_file(path)]

    def _of_mapping(self, value: Mapping[str, Any], place: int) -> UntrimmedInput:
        if set(value) != set(self.streams):
            raise ValueError(f'The model reads the streams {list(self.streams)}, but input {place} has {list(value)}.')
        paths = {stream: Path(item) for stream, item in value.items() if isinstance(item, (str, Path))}
        name = next(iter(paths.values())).stem if paths else f'input_{place}'
        return UntrimmedInput(name, {**value, **{stream: self._stored(path, stream) for stream, path in paths.items()}})

    def _stored(self, path: Path, stream: str) -> StoredFeatures:
        if path.suffix not in READERS:
            raise ValueError(f'{path}: expected a folder, features ({", ".join(READERS)}) or a video '
                             f'({", ".join(VIDEO_SUFFIXES)}).' +
                             ('' if path.exists() else ' There is no such file or folder.'))
        return StoredFeatures(self.store(str(path.parent), path.suffix, stream), path.stem)

    def _of_file(self, path: Path) -> UntrimmedInput:
        if is_video(path):
            return UntrimmedInput(path.stem, dict.fromkeys(self.streams, path))
        given = self._stored(path, self.streams[0])
        if len(self.streams) == 1:
            return UntrimmedInput(path.stem, {self.streams[0]: given})
        if path.parent.name not in self.streams:
            raise ValueError(f'{path}: the model reads the streams {list(self.streams)}. Put the file into a folder '
                             f'named as its stream, with the others beside it, or give a dict of stream name to file.')
        beside = path.parent.parent
        return UntrimmedInput(path.stem, {stream: self._stored(beside / stream / path.name, stream)
                                          for stream in self.streams})

    def _of_folder(self, folder: Path) -> list[UntrimmedInput]:
        """The videos of a folder: each name that any stream has. A stream that lacks it is named when it is opened."""
        places = {stream: folder / stream for stream in self.streams if (folder / stream).is_dir()}
        if not places and len(self.streams) == 1:
            places = {self.streams[0]: folder}
        stores = {stream: open_store(str(place), stream, ()) for stream, place in places.items()}
        found = {name: UntrimmedInput(name, dict.fromkeys(self.streams, path))
                 for name, path in find_videos(folder).items()}
        for name in {name for store in stores.values() for name in store.videos()}:
            found[name] = UntrimmedInput(name, {
                stream: StoredFeatures(stores.get(stream) or open_store(str(folder / stream), stream, ()), name)
                for stream in self.streams})
        if not found:
            raise ValueError(f'{folder}: expected videos in it, or <video>.npy in the folders {list(self.streams)}, '
                             f'one per stream.')
        return [found[name] for name in sorted(found)]
