"""Reads the pickled object arrays that ``numpy.save`` writes, without ever unpickling them.

A pickle is a program: loading it with ``allow_pickle=True`` runs whatever its author put in. ``PickleMachine``
interprets the few instructions that numpy arrays, lists, tuples, strings, bytes and numbers are made of and refuses
every other, so that no file can have a function of its own choice called. Large arrays are not read but located, so
that a file of any size costs one pass over its small parts, and each video is mapped from disk when it is asked for.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

from rpn_plugin.files import require_regular_file
from rpn_plugin.foreign_files import described, read_header
from rpn_plugin.pickle_machine import run_pickle


def has_objects(path: str | Path) -> bool:
    """Whether a ``.npy`` file holds Python objects, which are pickled, and not numbers.

    Raises:
        ValueError: If it is no ``.npy`` file; says what it is.
    """
    require_regular_file(path)
    with open(path, 'rb') as file:
        try:
            return read_header(file).dtype.hasobject
        except ValueError as error:
            raise ValueError(f'{path}: {error}; it is {described(path)}.') from error


def read_object_array(path: str | Path) -> list[Any]:
    """Read a one-dimensional object array of a ``.npy`` file.

    Large arrays in it come as :class:`StoredArray`, everything else as plain Python values; byte strings stay bytes.

    Raises:
        UnsafePickleError: If the file holds an instruction that arrays of plain values do not need; names it.
        ValueError: If it is no such file, or ends too early.
    """
    path = str(path)
    require_regular_file(path)
    with open(path, 'rb') as file:
        try:
            shape, _, dtype = read_header(file)
        except ValueError as error:
            raise ValueError(f'{path}: {error}; it is {described(path)}.') from error
        if dtype.kind != 'O' or len(shape) != 1:
            raise ValueError(f'{path}: expected a one-dimensional array of objects, but got shape {shape} of {dtype}.')
        value = run_pickle(file, path)
    if not isinstance(value, list) or len(value) != shape[0]:
        raise ValueError(f'{path}: its header says {shape[0]} objects, but it holds another number of them.')
    return value
