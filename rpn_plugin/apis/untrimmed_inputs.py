"""What a user names for inference: feature files, videos, folders and arrays, as one untrimmed video each."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rpn_plugin.datasets.feature_files import check_finite, open_features

VIDEO_SUFFIXES = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm')


@dataclass(frozen=True)
class UntrimmedInput:
    """One untrimmed video.

    Args:
        name: Of the video.
        streams: Stream name to its feature file, (T, D) array, or the video file to extract it from.
    """

    name: str
    streams: Mapping[str, Path | np.ndarray]


def is_video(value: object) -> bool:
    """Whether it is the path of a video file, by its suffix."""
    return isinstance(value, Path) and value.suffix.lower() in VIDEO_SUFFIXES


class SnippetSource:
    """The (T, D) features of one stream, in memory or in a file of which one part at a time is.

    Args:
        features: A ``.npy`` file or an array, float16 or float32.
        name: For messages about an array.

    Raises:
        ValueError: If they are not readable features, see ``open_features``.
    """

    def __init__(self, features: Path | np.ndarray, name: str) -> None:
        self.features = features
        self.name = name if isinstance(features, np.ndarray) else str(features)
        array = self._open()
        if array.ndim != 2 or 0 in array.shape or array.dtype not in (np.float16, np.float32):
            raise ValueError(f'{self.name}: expected float16 or float32 features of shape (T, D), but got {array.dtype} '
                             f'of shape {array.shape}.')
        self.length, self.width = array.shape

    def _open(self) -> np.ndarray:
        return self.features if isinstance(self.features, np.ndarray) else open_features(self.features)

    def read(self, start: int, stop: int) -> Tensor:
        """Snippets from ``start`` to before ``stop``, (stop - start, D).

        The file is mapped anew for every part, so that what was read before does not stay in memory.

        Raises:
            ValueError: If a value is not finite.
        """
        part = np.array(self._open()[start:stop])
        check_finite(part, self.name, start)
        return torch.from_numpy(part)


def find_inputs(inputs: Any, streams: Sequence[str]) -> list[UntrimmedInput]:
    """Every video that the user named.

    Args:
        inputs: A ``.npy`` file, a video file, a folder, a dict of stream name to file or (T, D) array, an
            :class:`UntrimmedInput`, or a list of these. A folder holds videos, or one folder of ``<video>.npy`` per
            stream, named as the stream (for a single stream, the files themselves); of a file ``rgb/<video>.npy`` the
            other streams are found beside it (``flow/<video>.npy``).
        streams: Streams that the model reads.

    Raises:
        ValueError: If an input is none of these, there is no video, or two have one name.
    """
    if isinstance(inputs, (str, Path, Mapping, UntrimmedInput)):
        inputs = [inputs]
    found = [video for place, value in enumerate(inputs) for video in _find(value, tuple(streams), place)]
    names = [video.name for video in found]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice or not found:
        raise ValueError(f'Several inputs are named {twice}; give each video its own name.' if twice else
                         'There is no input: expected at least one feature file.')
    return found


def _find(value: Any, streams: tuple[str, ...], place: int) -> Iterable[UntrimmedInput]:
    if isinstance(value, UntrimmedInput):
        return [value]
    if isinstance(value, Mapping):
        return [_of_mapping(value, streams, place)]
    if not isinstance(value, (str, Path)):
        raise ValueError(f'Expected a file, a folder or a dict of streams as input {place}, but got '
                         f'{type(value).__name__}.')
    path = Path(value)
    if path.is_dir():
        return _of_folder(path, streams)
    if path.suffix != '.npy' and not is_video(path):
        raise ValueError(f'{path}: expected a folder, features (.npy) or a video ({", ".join(VIDEO_SUFFIXES)}).'
                         + ('' if path.exists() else ' There is no such file or folder.'))
    return [_of_file(path, streams)]


def _of_mapping(value: Mapping[str, Any], streams: tuple[str, ...], place: int) -> UntrimmedInput:
    if set(value) != set(streams):
        raise ValueError(f'The model reads the streams {list(streams)}, but input {place} has {list(value)}.')
    files = {stream: Path(item) if isinstance(item, str) else item for stream, item in value.items()}
    paths = [item for item in files.values() if isinstance(item, Path)]
    return UntrimmedInput(paths[0].stem if paths else f'input_{place}', files)


def _of_file(path: Path, streams: tuple[str, ...]) -> UntrimmedInput:
    if is_video(path):
        return UntrimmedInput(path.stem, dict.fromkeys(streams, path))
    if len(streams) == 1:
        return UntrimmedInput(path.stem, {streams[0]: path})
    if path.parent.name not in streams:
        raise ValueError(f'{path}: the model reads the streams {list(streams)}. Put the file into a folder named as its '
                         f'stream, with the others beside it, or give a dict of stream name to file.')
    return UntrimmedInput(path.stem, {stream: path.parent.parent / stream / path.name for stream in streams})


def _of_folder(folder: Path, streams: tuple[str, ...]) -> list[UntrimmedInput]:
    """A file in the folder of any stream is a video; that another stream lacks it is said when it is opened."""
    folders = [folder / stream for stream in streams if (folder / stream).is_dir()]
    if not folders and len(streams) == 1:
        folders = [folder]
    files = {path.name: path for inner in folders for path in inner.glob('*.npy')}
    files.update({path.name: path for path in folder.iterdir() if is_video(path)})
    if not files:
        raise ValueError(f'{folder}: expected videos in it, or <video>.npy in the folders {list(streams)}, one per '
                         f'stream.')
    return [_of_file(path, streams) for _, path in sorted(files.items())]
