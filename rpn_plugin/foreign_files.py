"""Reads arrays and tensors of strangers: no larger than a limit that is checked beforehand, and running nothing.

The messages of the errors name no file, since a video is called by another name than its file; :func:`naming` adds it.
"""
from __future__ import annotations

import os
import pickle
import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import torch

from rpn_plugin.files import require_regular_file

MOST_BYTES = 4 * 2**30
"""Of one array in memory: a day of video at 0.64 s per snippet is 2.2 GB at D = 4096 in float32."""

KNOWN_STARTS = {
    b'version https://git-lfs': 'a pointer of Git LFS, in the place of the file itself: fetch it with "git lfs pull"',
    b'<!DOCTYPE': 'a web page', b'<!doctype': 'a web page', b'<html': 'a web page', b'<?xml': 'a web page or XML',
    b'PK\x03\x04': 'a zip archive', b'\x89HDF': 'an HDF5 file', b'\x93NUMPY': 'a .npy file',
    b'\x1f\x8b': 'a gzip file', b'\x80': 'a Python pickle', b'{': 'JSON or text'}
"""First bytes of what is often found in the place of a file, with what that is."""


PLAIN_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '<f([248])', 'fortran_order': False, 'shape': \((\d{1,9}), (\d{1,9})\), \} *\n",
    re.DOTALL)
"""Header of a ``.npy`` file as numpy writes that of a matrix of floats."""


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Put the name of a file before the message of a ``ValueError``."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def described(path: str | Path) -> str:
    """What a file is by its first bytes, for messages."""
    with open(path, 'rb') as file:
        start = file.read(64)
    return next((what for known, what in KNOWN_STARTS.items() if start.startswith(known)),
                'empty' if not start else 'something else')


class ArrayHeader(NamedTuple):
    """The form of the array of a ``.npy`` file, as its header declares it."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Read the header of a ``.npy`` file and stop behind it.

    Raises:
        ValueError: If it has none.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return ArrayHeader(*read(file))
    except Exception as error:  # numpy parses the header as Python text
        raise ValueError(f'not a .npy file ({_line(error)})') from error


def _read_header_of_numbers(file: IO[bytes]) -> ArrayHeader:
    header = read_header(file)
    if header.dtype.hasobject:
        raise ValueError('it holds Python objects, not numbers')
    return header


def require_size(shape: tuple[int, ...], item_bytes: int, stored_bytes: int | None = None) -> None:
    """Refuse an array that is declared larger than :data:`MOST_BYTES`, or than what is there of it.

    Raises:
        ValueError: Says both sizes.
    """
    num_bytes = item_bytes
    for length in shape:
        num_bytes *= int(length)  # no overflow
    if min(shape, default=0) < 0 or num_bytes > MOST_BYTES:
        raise ValueError(f'it declares shape {tuple(shape)}, {num_bytes} bytes; {MOST_BYTES} are the most')
    if stored_bytes is not None and num_bytes > stored_bytes:
        raise ValueError(f'it declares shape {tuple(shape)}, {num_bytes} bytes, but has {stored_bytes}')


def plain_matrix_shape(path: str | Path) -> tuple[int, int] | None:
    """Shape of the matrix of floats in a ``.npy`` file, by one look at its start, five times as fast as mapping it.

    Returns:
        None where it is not as numpy writes such a file, or not all there: :func:`map_array` reads it, or says why not.

    Raises:
        OSError: If it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0))  # a pipe does not make it wait
    try:
        status = os.fstat(descriptor)
        start = os.read(descriptor, 512) if stat.S_ISREG(status.st_mode) else b''
    finally:
        os.close(descriptor)
    header = PLAIN_HEADER.match(start)
    if not header or header.end() != 10 + int.from_bytes(header[1], 'little'):
        return None
    length, width = int(header[3]), int(header[4])
    num_bytes = length * width * int(header[2])
    return (length, width) if 0 < num_bytes <= min(MOST_BYTES, status.st_size - header.end()) else None


def map_array(path: str | Path) -> np.ndarray:
    """Map a ``.npy`` of numbers or text from disk.

    Raises:
        ValueError: If it is none, is cut off, or holds objects; says what it is instead.
    """
    require_regular_file(path)
    with open(path, 'rb') as file:
        try:
            shape, _, dtype = _read_header_of_numbers(file)
        except ValueError as error:
            raise ValueError(f'{error}; it is {described(path)}') from error
        require_size(shape, dtype.itemsize, Path(path).stat().st_size - file.tell())
    return np.lib.format.open_memmap(path, mode='r')


def read_npz(path: str | Path, choose: Callable[[Sequence[str]], Sequence[str]]) -> list[np.ndarray]:
    """Read arrays of a ``.npz``, whose sizes are checked before they are unpacked.

    Args:
        path: The file.
        choose: Takes the names of its arrays and returns those to read.

    Raises:
        ValueError: If it is none, is damaged, lacks one, or has one that is too large.
    """
    require_regular_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix('.npy') for name in archive.namelist() if name.endswith('.npy')]
            return [_read_entry(archive, f'{name}.npy') for name in choose(names)]
    except ValueError:
        raise
    except Exception as error:  # zipfile and its decompressors raise whatever damage makes them stumble over
        raise ValueError(f'not a .npz file, or damaged ({_line(error)}); it is {described(path)}') from error


def _read_entry(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    entry = archive.getinfo(name)
    with archive.open(entry) as file:
        shape, is_fortran, dtype = _read_header_of_numbers(file)
        require_size(shape, dtype.itemsize, entry.file_size)
        values = file.read(int(np.prod(shape)) * dtype.itemsize)
    return np.frombuffer(values, dtype).reshape(shape, order='F' if is_fortran else 'C')


def load_tensors(path: str | Path, mmap: bool = False) -> Any:
    """Load what ``torch.save`` wrote, of tensors and plain values alone; torch's guard stays on.

    Args:
        path: The file.
        mmap: Leave large tensors on disk where the file allows.

    Raises:
        ValueError: If it is none, is damaged, would run code, or would grow when it is read.
    """
    require_regular_file(path)
    if zipfile.is_zipfile(path):
        _require_stored_entries(path)
    elif mmap:
        mmap = False
    try:
        return torch.load(path, map_location='cpu', weights_only=True, mmap=mmap)
    except Exception as error:  # which one depends on where a file is damaged
        forbidden = re.search(r'GLOBAL (\S+)', str(error))
        if isinstance(error, pickle.UnpicklingError) and forbidden:
            raise ValueError(f'refused. It is more than weights and plain values: loading it would run '
                             f'{forbidden.group(1)}. Take the file from its source again, or do without it.') from None
        raise ValueError(f'not a checkpoint, or damaged ({type(error).__name__}); it is {described(path)}.') from None


def _require_stored_entries(path: str | Path) -> None:
    """Refuse an archive that would grow when it is read; torch stores what it writes uncompressed."""
    try:
        with zipfile.ZipFile(path) as archive:
            grown = [entry.filename for entry in archive.infolist() if entry.compress_type != zipfile.ZIP_STORED]
    except Exception as error:  # zipfile raises whatever a damaged directory makes it stumble over
        raise ValueError(f'not a checkpoint, or damaged ({type(error).__name__}).') from None
    if grown:
        raise ValueError(f'refused. Its entry {grown[0]} is compressed, which torch never writes and which may grow to '
                         f'any size.')


def require_plain_tensor(tensor: Any) -> torch.Tensor:
    """Refuse what is no tensor in memory, whole and of its own size.

    Raises:
        ValueError: Says what it is.
    """
    if not isinstance(tensor, torch.Tensor):
        raise ValueError(f'expected a tensor, but got a {type(tensor).__name__}')
    plain = tensor.layout == torch.strided and tensor.device.type == 'cpu' and not tensor.is_quantized
    if not plain or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ValueError(f'expected a dense tensor whose values are all in the file, but got shape '
                         f'{tuple(tensor.shape)} as {tensor.layout} on {tensor.device}')
    return tensor


def _line(error: Exception) -> str:
    """The first line of a message, without numpy's advice to unpickle."""
    text = (str(error).splitlines() or [type(error).__name__])[0]
    return type(error).__name__ if 'pickle' in text else text[:200]
