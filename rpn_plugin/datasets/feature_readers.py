"""Readers of files that hold the features of one video, by the kind of file."""
from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch


def _choose(names: Sequence[str], stream: str) -> str:
    """Choose the only name, else the stream's."""
    if len(names) != 1 and stream not in names:
        raise ValueError(f'it holds the arrays {sorted(names)}; expected one, or one named {stream!r}')
    return names[0] if len(names) == 1 else stream


def _read_npy(path: str, stream: str) -> np.ndarray:
    return np.load(path, mmap_mode='r', allow_pickle=False)


def _read_npz(path: str, stream: str) -> np.ndarray:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays[_choose(arrays.files, stream)]


def _read_pt(path: str, stream: str) -> np.ndarray:
    try:
        value = torch.load(path, map_location='cpu', weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # torch lets whatever its unpickler stumbles over through
        raise ValueError(f'expected a tensor or a dictionary of tensors and nothing else; '
                         f'{type(error).__name__}') from error
    if isinstance(value, dict):
        value = value[_choose(list(value), stream)]
    if not isinstance(value, torch.Tensor):
        raise ValueError(f'expected a tensor, but got a {type(value).__name__}')
    return (value.float() if value.dtype == torch.bfloat16 else value).detach().numpy()


def _read_h5(path: str, stream: str) -> np.ndarray:
    with import_h5py().File(path, 'r') as file:
        return h5_dataset(file, stream)[()]


def _read_csv(path: str, stream: str) -> np.ndarray:
    """Read comma-separated numbers under one line of column names, as MMAction2's ActivityNet features are."""
    return np.loadtxt(path, dtype=np.float32, delimiter=',', skiprows=1, ndmin=2)


def h5_dataset(node: Any, stream: str) -> Any:
    """Find the only dataset below a node of an HDF5 file, else the stream's."""
    return node if not hasattr(node, 'keys') else h5_dataset(node[_choose(list(node), stream)], stream)


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
