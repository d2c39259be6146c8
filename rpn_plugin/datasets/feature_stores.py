"""Stores of features on disk: a (T, D) array per video, whatever the files are."""
from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_readers import READERS, h5_dataset, import_h5py, read_h5_dataset
from rpn_plugin.datasets.formats.object_arrays import read_object_array
from rpn_plugin.files import path_inside, require_regular_file, unsafe_name
from rpn_plugin.foreign_files import plain_matrix_shape
from rpn_plugin.stored_array import StoredArray

ALLOWED_DTYPES = (np.float16, np.float32, np.float64)


@dataclass(frozen=True)
class FeatureHeader:
    """Shape of a video's features.

    Args:
        length: T.
        width: D.
    """

    length: int
    width: int


class FeatureStore:
    """A store of the features of one stream.

    Args:
        columns: Half-open range of the channels that are this stream's, where a file holds several streams side by
            side; None takes all.
    """

    def __init__(self, columns: Sequence[int] | None = None) -> None:
        if columns is not None and (len(columns) != 2 or not 0 <= columns[0] < columns[1]):
            raise ValueError(f'Expected columns as [first, end) of the channels, but got {columns}.')
        self.columns = columns

    def videos(self) -> list[str]:
        """Return the names of the videos that it holds, sorted."""
        raise NotImplementedError

    def where(self, video: str) -> str:
        """Return the place of a video's features, for messages."""
        raise NotImplementedError

    def header(self, video: str) -> FeatureHeader:
        """Read the shape of a video's features; files that cannot be mapped (.npz, .csv) are read whole for it.

        Raises:
            ValueError: If they are missing, unreadable, or no float array of shape (T, D) with T >= 1; says what came.
        """
        return FeatureHeader(*self.open(video).shape)

    def open(self, video: str) -> np.ndarray:
        """Read the features of a video, (T, D) float16, float32 or float64; mapped from disk where the file allows.

        Raises:
            ValueError: As :meth:`header`.
        """
        where = self.where(video)
        try:
            array = self._read(video)
        except Fault:
            raise
        except Exception as error:  # whatever a damaged or hostile file makes a library stumble over
            reason = (str(error).splitlines() or [''])[0][:300] or type(error).__name__
            raise Fault('features-unreadable', f'{where}: unreadable ({reason})') from error
        if not isinstance(array, np.ndarray) or array.dtype not in ALLOWED_DTYPES:
            raise Fault('features-dtype', f'{where}: expected float16, float32 or float64, but got '
                                          f'{getattr(array, "dtype", type(array).__name__)}')
        if array.ndim != 2 or 0 in array.shape:
            raise Fault('features-shape', f'{where}: expected shape (T, D) with T and D at least 1, but got '
                                          f'{array.shape}')
        if self.columns is None:
            return array
        first, end = self.columns
        if array.shape[1] < end:
            raise Fault('features-width', f'{where}: expected at least {end} channels, of which {first} to {end - 1} '
                                          f"are this stream's, but got {array.shape[1]}")
        return array[:, first:end]

    def _read(self, video: str) -> np.ndarray:
        raise NotImplementedError


class FilePerVideo(FeatureStore):
    """A store with one file per video.

    Args:
        pattern: Path with ``{}`` in place of the video's name; its suffix is one of :data:`READERS`.
        stream: Which array to take of a file that names several.
        columns: As :class:`FeatureStore`.
    """

    def __init__(self, pattern: str, stream: str, columns: Sequence[int] | None = None) -> None:
        super().__init__(columns)
        self.folder, name = os.path.split(pattern)
        self.prefix, self.suffix = name.split('{}')
        self.stream = stream
        kind = Path(name).suffix
        if kind not in READERS:
            raise ValueError(f'{pattern}: expected a name that ends in one of {", ".join(READERS)}.')
        self._read_file, self._kind = READERS[kind], kind
        self._start = os.path.join(str(Path(self.folder)) if self.folder else '', self.prefix)
        self._files = {entry.name for entry in os.scandir(self.folder or '.') if not entry.name.startswith('.')} \
            if os.path.isdir(self.folder or '.') else set()

    def videos(self) -> list[str]:
        return sorted(name[len(self.prefix):len(name) - len(self.suffix)] for name in self._files
                      if name.startswith(self.prefix) and name.endswith(self.suffix)
                      and len(name) > len(self.prefix) + len(self.suffix))

    def where(self, video: str) -> str:
        name = f'{self.prefix}{video}'
        if unsafe_name(name):
            path_inside(self.folder, name, self.suffix)  # raises
        return f'{self._start}{video}{self.suffix}'

    def header(self, video: str) -> FeatureHeader:
        if self._kind == '.npy' and self.columns is None and f'{self.prefix}{video}{self.suffix}' in self._files:
            with suppress(OSError):
                shape = plain_matrix_shape(self.where(video))
                if shape is not None:
                    return FeatureHeader(*shape)
        return super().header(video)

    def _read(self, video: str) -> np.ndarray:
        path = self.where(video)
        if os.path.basename(path) not in self._files:
            raise Fault('features-missing', f'{path}: missing')
        return self._read_file(path, self.stream)


class ArrayPerVideo(FeatureStore):
    """A store in one ``.npy`` file of all videos, an array of arrays as W-TALC publishes it.

    Args:
        path: The file. It is never unpickled, see :func:`read_object_array`.
        videos: Names in the order of the file.
        columns: As :class:`FeatureStore`.

    Raises:
        ValueError: If the file is not such an array, or holds another number of videos.
    """

    def __init__(self, path: str, videos: Sequence[str], columns: Sequence[int] | None = None) -> None:
        super().__init__(columns)
        self.path = path
        arrays = read_object_array(path)
        if len(arrays) != len(videos):
            raise ValueError(f'{path}: holds {len(arrays)} arrays, but the annotations name {len(videos)} videos. The '
                             f'n-th array belongs to the n-th video: take the two from one release.')
        self._arrays = dict(zip(videos, arrays))

    def videos(self) -> list[str]:
        return sorted(self._arrays)

    def where(self, video: str) -> str:
        return f'{self.path}[{video}]'

    def _read(self, video: str) -> np.ndarray:
        array = self._arrays[video]
        return array.open() if isinstance(array, StoredArray) else array


class Hdf5File(FeatureStore):
    """A store in one HDF5 file of all videos: a dataset, or a group of datasets, per video.

    Args:
        path: The file. Needs ``h5py``.
        stream: Which dataset of a group to take.
        columns: As :class:`FeatureStore`.
    """

    def __init__(self, path: str, stream: str, columns: Sequence[int] | None = None) -> None:
        super().__init__(columns)
        self.path = path
        self.stream = stream
        require_regular_file(path)
        with import_h5py().File(path, 'r') as file:
            self._videos = sorted(file)

    def videos(self) -> list[str]:
        return list(self._videos)

    def where(self, video: str) -> str:
        return f'{self.path}[{video}]'

    def header(self, video: str) -> FeatureHeader:
        if self.columns is not None:
            return super().header(video)
        try:
            with import_h5py().File(self.path, 'r') as file:
                shape = h5_dataset(file[video], self.stream).shape
        except Exception:  # whatever it is, reading the values names it
            return super().header(video)
        if len(shape) != 2 or 0 in shape:
            return super().header(video)
        return FeatureHeader(*shape)

    def _read(self, video: str) -> np.ndarray:
        with import_h5py().File(self.path, 'r') as file:
            if video not in file:
                raise Fault('features-missing', f'{self.where(video)}: missing')
            return read_h5_dataset(file[video], self.stream)


def open_store(where: str, stream: str, videos: Sequence[str], columns: Sequence[int] | None = None) -> FeatureStore:
    """Open the features of one stream.

    Args:
        where: A folder of one file per video, a pattern for such files with ``{}`` for the video's name
            (``i3d/v_{}-rgb.npz``), one ``.npy`` file that holds an array of arrays, or one ``.h5`` file.
        stream: Name of the stream; files that name several arrays are asked for this one.
        videos: Names in the order of the annotations, to which an array of arrays keeps.
        columns: Which channels are this stream's; None takes all.

    Raises:
        ValueError: If there is nothing of that kind, or a folder holds files of several kinds.
    """
    if '{}' in where:
        return FilePerVideo(where, stream, columns)
    if os.path.isfile(where):
        if where.endswith('.npy'):
            return ArrayPerVideo(where, videos, columns)
        if where.endswith(('.h5', '.hdf5')):
            return Hdf5File(where, stream, columns)
        raise ValueError(f"{where}: expected a folder, a pattern with {{}} for the video's name, or one .npy or .h5 "
                         f'file of all videos.')
    names = os.listdir(where) if os.path.isdir(where) else []
    kinds = {os.path.splitext(name)[1] for name in names} & READERS.keys()
    if len(kinds) > 1:
        raise ValueError(f'{where}: holds files of several kinds, {sorted(kinds)}. Say which with a pattern, for '
                         f'example {os.path.join(where, "{}" + min(kinds))}.')
    return FilePerVideo(os.path.join(where, '{}' + (kinds.pop() if kinds else '.npy')), stream, columns)


def check_finite(features: np.ndarray, where: str, first_snippet: int = 0) -> None:
    """Refuse NaN and infinity.

    Args:
        features: (T, D), or a part of it.
        where: Where they come from, for the message.
        first_snippet: Place of the first row in the whole.

    Raises:
        ValueError: Names the file, the first such value and its place.
    """
    if features.dtype == np.float16:  # np.isfinite converts first, which takes several times as long
        finite = (features.view(np.uint16) & 0x7C00).max(initial=0) < 0x7C00
    else:
        finite = np.isfinite(features).all()
    if finite:
        return
    bad = np.argwhere(~np.isfinite(features))
    snippet, channel = bad[0]
    raise Fault('values-not-finite', f'{where}: {len(bad)} values are not finite, the first is '
                                     f'{features[snippet, channel]} at snippet {snippet + first_snippet}, channel '
                                     f"{channel}. Extract this video's features again.")
