"""Feature files of trimmed clips, one ``.npy`` per clip, in a folder or in an archive that is never unpacked."""
from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from rpn_plugin.datasets.feature_stores import ALLOWED_DTYPES, FeatureHeader

_READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_BROKEN_ARCHIVE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError)


def clip_name(path: str) -> str:
    """Return the name of a clip from the path of its video or features.

    ``Diving/v_Diving_g01_c01.avi.npy`` is ``v_Diving_g01_c01``.
    """
    name = PurePosixPath(path).name.removesuffix('.npy')
    return PurePosixPath(name).stem if name.lower().endswith(('.avi', '.mp4', '.mkv', '.webm')) else name


def list_clips(source: str | Path) -> tuple[dict[str, str], int]:
    """List the clips of a source.

    Args:
        source: A folder of ``.npy`` files at any depth, an archive of them (``.zip``, ``.tar``, ``.tar.gz``, ...), or
            one ``.npz`` whose arrays are named by clip.

    Returns:
        Clip name to its path inside the source, by name; and the number of other files, which are passed over.

    Raises:
        ValueError: If there is no clip, or two files are of one name.
    """
    clips: dict[str, str] = {}
    others = 0
    for path, _ in _members(Path(source)):
        name = PurePosixPath(path).name
        if name.startswith('.') or not name.endswith('.npy'):
            others += 1
            continue
        first = clips.setdefault(clip_name(path), path)
        if first != path:
            raise ValueError(f'{source}: both {first} and {path} are of clip {clip_name(path)}. Keep one of them.')
    if not clips:
        raise ValueError(f'{source}: holds no .npy file, but {others} others. Give the folder or archive of one '
                         f'(T, D) array per clip.')
    return dict(sorted(clips.items())), others


def read_headers(source: str | Path, paths: Collection[str]) -> Iterator[tuple[str, FeatureHeader]]:
    """Yield path and shape of clips, in the order in which they lie in the source.

    Raises:
        ValueError: If one is unreadable, or no float array of shape (T, D) with T and D at least 1; names the file.
    """
    yield from _read(Path(source), paths, _header)


def read_arrays(source: str | Path, paths: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield path and features (T, D) of clips, in the order in which they lie in the source, one at a time.

    Raises:
        ValueError: As :func:`read_headers`, or if a value is NaN or infinite.
    """
    yield from _read(Path(source), paths, _array)


def _read(source: Path, paths: Collection[str], read: Callable) -> Iterator[tuple]:
    for path, open_member in _members(source):
        if path not in paths:
            continue
        try:
            with open_member() as file:
                value = read(file)
        except (*_BROKEN_ARCHIVE, RuntimeError, ValueError) as error:
            raise ValueError(f'{source / path}: {error}. Extract its features again, or take the clip out of the split '
                             f'list.') from error
        yield path, value


def _members(source: Path) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Yield the path of every file, and a function that opens it until the next is asked for."""
    if not source.exists():
        raise FileNotFoundError(f"{source}: not there. Give the folder or archive of the clips' features.")
    if source.is_dir():
        for file in sorted(source.rglob('*')):
            if file.is_file():
                yield file.relative_to(source).as_posix(), partial(_open, file)
        return
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for info in archive.infolist():
                    if not info.is_dir():
                        yield info.filename, partial(archive.open, info)
            return
        with tarfile.open(source, 'r|*') as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, partial(_extracted, archive, member)
    except _BROKEN_ARCHIVE as error:
        raise ValueError(f'{source}: expected a folder, or a whole .zip, .npz or .tar[.gz] archive, but got {error}.'
                         ) from error


def _open(file: Path) -> IO[bytes]:
    return file.open('rb')


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    assert file is not None, 'only files are opened'
    return file


def _header(file: IO[bytes]) -> FeatureHeader:
    version = np.lib.format.read_magic(file)
    if version not in _READ_HEADER:
        raise ValueError(f'expected an .npy file of version 1 or 2, but got {version}')
    shape, _, dtype = _READ_HEADER[version](file)
    if dtype not in ALLOWED_DTYPES or len(shape) != 2 or 0 in shape:
        raise ValueError(f'expected float16, float32 or float64 of shape (T, D) with T and D at least 1, but got '
                         f'{dtype} of shape {shape}')
    return FeatureHeader(*shape)


def _array(file: IO[bytes]) -> np.ndarray:
    array = np.lib.format.read_array(io.BytesIO(file.read()), allow_pickle=False)
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise ValueError(f'NaN or infinite in {len(bad)} of {len(array)} snippets, first in snippet {bad[0]}')
    return array
