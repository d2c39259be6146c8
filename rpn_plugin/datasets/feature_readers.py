"""Readers of files that hold the features of one video, by the kind of file."""
from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from rpn_plugin.files import require_regular_file
from rpn_plugin.foreign_files import (
    load_tensors,
    map_array,
    read_npz,
    require_plain_tensor,
    require_size,
)


def _choose(names: Sequence[str], stream: str) -> str:
    """Choose the only name, else the stream's."""
    if len(names) != 1 and stream not in names:
        raise ValueError(f'it holds the arrays {sorted(names)}; expected one, or one named {stream!r}')
    return names[0] if len(names) == 1 else stream


def _read_npy(path: str, stream: str) -> np.ndarray:
    return map_array(path)


def _read_npz(path: str, stream: str) -> np.ndarray:
    return read_npz(path, lambda names: [_choose(names, stream)])[0]


def _read_pt(path: str, stream: str) -> np.ndarray:
    value = load_tensors(path, mmap=True)
    if isinstance(value, dict):
        value = value[_choose([str(name) for name in value], stream)]
    tensor = require_plain_tensor(value)
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()


def _read_h5(path: str, stream: str) -> np.ndarray:
    require_regular_file(path)
    with import_h5py().File(path, 'r') as file:
        return read_h5_dataset(file, stream)


def _read_csv(path: str, stream: str) -> np.ndarray:
    """Read comma-separated numbers under one line of column names, as MMAction2's ActivityNet features are."""
    require_regular_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # no data at all is a warning of numpy's
        return np.loadtxt(path, dtype=np.float32, delimiter=',', skiprows=1, ndmin=2)


def h5_dataset(node: Any, stream: str) -> Any:
    """Find the only dataset below a node of an HDF5 file, else the stream's.

    Raises:
        ValueError: If it lies in another file, which only a link, an external or a virtual dataset leads to.
    """
    if hasattr(node, 'keys'):
        name = _choose(list(node), stream)
        if isinstance(node.get(name, getlink=True), import_h5py().ExternalLink):
            raise ValueError(f'refused: {name!r} in it is a link to another file')
        return h5_dataset(node[name], stream)
    if getattr(node, 'external', None) or getattr(node, 'is_virtual', False):
        raise ValueError(f'refused: the values of {node.name!r} lie in another file')
    return node


def read_h5_dataset(node: Any, stream: str) -> np.ndarray:
    """Read what :func:`h5_dataset` finds, whose size is checked before memory is taken.

    Raises:
        ValueError: As :func:`h5_dataset`, or if it is too large.
    """
    dataset = h5_dataset(node, stream)
    require_size(dataset.shape, dataset.dtype.itemsize)
    return dataset[()]


def import_h5py() -> Any:
    """Import the optional package.

    Raises:
        ValueError: If it is not installed; says how to install it.
    """
    try:
        import h5py
    except ImportError as error:
        raise ValueError('reading HDF5 needs the package h5py: pip install h5py') from error
    return h5py


READERS: dict[str, Callable[[str, str], np.ndarray]] = {
    '.npy': _read_npy, '.npz': _read_npz, '.pt': _read_pt, '.pth': _read_pt, '.h5': _read_h5, '.hdf5': _read_h5,
    '.csv': _read_csv,
}  # yapf: disable
"""Readers of a video's own file by its suffix."""
