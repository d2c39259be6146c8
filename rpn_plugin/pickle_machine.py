"""Interprets the instructions of a pickle that plain values and numpy arrays are made of, and no other.

``pickle.Unpickler`` reads every array, whatever its ``find_class`` allows: to open 412 arrays of 1.3 GiB takes it
1.9 s and 1331 MiB, and this reader 0.011 s and 0.4 MiB, since arrays stay in the file until they are asked for
(``benchmarks/bench_reading.py`` on 2026-11-27; Python 3.11.7, numpy 2.4.6, 2 cores, file in the page cache).
``pickletools.genops`` reads every array, too. The undocumented ``pickle._Unpickler`` could be made to skip them, but
that would save about 50 lines only, and the guard would depend on what Python may change.
"""
from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rpn_plugin.stored_array import StoredArray

LOCATED_BYTES = 4096
"""Payloads of at least so many bytes stay on disk."""


class UnsafePickleError(ValueError):
    """A file asks for more than arrays of plain values."""


@dataclass(frozen=True)
class _Payload:
    """Bytes or text that were skipped."""

    offset: int
    num_bytes: int
    latin1: bool = False


class _ArrayUnderConstruction:
    """An array between ``numpy.core.multiarray._reconstruct`` and its state."""

    value: Any = None


class _DtypeUnderConstruction:

    def __init__(self, code: str) -> None:
        self.dtype = np.dtype(code)
        if self.dtype.kind not in 'biufSUO' or self.dtype.names:
            raise UnsafePickleError(f'an array of dtype {code!r}')


_MARK = object()
_ALLOWED = {
    **{f'{module} _reconstruct': 'reconstruct' for module in ('numpy.core.multiarray', 'numpy._core.multiarray')},
    **{f'{module} scalar': 'scalar' for module in ('numpy.core.multiarray', 'numpy._core.multiarray')},
    **{f'{module} _frombuffer': 'from buffer' for module in ('numpy.core.numeric', 'numpy._core.numeric')},
    'numpy ndarray': 'ndarray', 'numpy dtype': 'dtype', '_codecs encode': 'encode',
    '__builtin__ bytes': 'no bytes',
}  # yapf: disable


class PickleMachine:
    """An interpreter of pickles with a stack and a memo; it calls no function that a file names.

    Args:
        file: Opened in binary mode, at the first instruction.
        path: Of the file.
        with_dicts: Whether it knows the instructions that dictionaries are made of.

    Raises:
        UnsafePickleError: At the first instruction that it does not know.
        ValueError: Or another exception of the language, if the file is damaged.
    """

    def __init__(self, file: BinaryIO, path: str, with_dicts: bool = False) -> None:
        self.instructions = _INSTRUCTIONS | _FOR_DICTS if with_dicts else _INSTRUCTIONS
        self.file = file
        self.path = path
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Interpret up to the end of the pickle."""
        while True:
            code = self._read(1)
            if code == b'.':
                return _value(self.stack.pop(), {})
            if code not in self.instructions:
                raise UnsafePickleError(f'the instruction {code!r} at byte {self.file.tell() - 1}')
            self.instructions[code](self)

    def _read(self, number: int) -> bytes:
        values = self.file.read(number)
        if len(values) != number:
            raise EOFError(f'expected {number} bytes at the end, but got {len(values)}')
        return values

    def number(self, form: str) -> Any:
        """Read a number of a ``struct`` format."""
        return struct.unpack(form, self._read(struct.calcsize(form)))[0]

    def line(self) -> str:
        """Read a line of text."""
        return self.file.readline(1000).rstrip(b'\n').decode('utf-8')

    def payload(self, form: str, text: bool = False) -> None:
        """Push bytes or text of a length that comes first; a long one is skipped."""
        length, offset = self.number(form), self.file.tell()
        if length >= LOCATED_BYTES:
            if offset + length > self.file.seek(0, os.SEEK_END):
                raise EOFError(f'expected {length} bytes at byte {offset}, beyond the end')
            self.file.seek(offset + length)
            self.stack.append(_Payload(offset, length))
        else:
            values = self._read(length)
            self.stack.append(values.decode('utf-8', 'surrogatepass') if text else values)

    def since_mark(self) -> list[Any]:
        """Take what was pushed since the last mark, and the mark."""
        start = next((place for place in range(len(self.stack) - 1, -1, -1) if self.stack[place] is _MARK), None)
        if start is None:
            raise IndexError('there is no mark')
        values = self.stack[start + 1:]
        del self.stack[start:]
        return values

    def pop(self, number: int) -> list[Any]:
        """Take so many values, in the order in which they were pushed."""
        if number > len(self.stack):
            raise IndexError('the stack is empty')
        values = self.stack[len(self.stack) - number:]
        del self.stack[len(self.stack) - number:]
        return values

    def push_global(self, module: str, name: str) -> None:
        """Push what a name stands for, if it is one of those that arrays need."""
        if f'{module} {name}' not in _ALLOWED:
            raise UnsafePickleError(f'a reference to {module}.{name}')
        self.stack.append(_Global(_ALLOWED[f'{module} {name}']))

    def reduce(self) -> None:
        """Push what a call stands for; nothing is called."""
        function, arguments = self.pop(2)
        if not isinstance(function, _Global):
            raise UnsafePickleError(f'a call of a {type(function).__name__}')
        self.stack.append(self._call(function.name, arguments))

    def _call(self, name: str, arguments: tuple) -> Any:
        if name == 'reconstruct':
            return _ArrayUnderConstruction()
        if name == 'dtype':
            return _DtypeUnderConstruction(_text(arguments[0]))
        if name == 'encode':
            text, encoding = arguments
            if encoding != 'latin1':
                raise UnsafePickleError(f'text in the encoding {encoding!r}')
            return _Payload(text.offset, text.num_bytes, latin1=True) if isinstance(text, _Payload) else \
                text.encode('latin-1')
        if name == 'no bytes' and arguments == ():
            return b''
        if name == 'from buffer':  # arrays of protocol 5
            values, kind, shape, order = arguments
            if kind.dtype.kind == 'O' or order not in ('C', 'F') or not isinstance(values, (bytes, _Payload)):
                raise UnsafePickleError('an array that is no plain numbers or text')
            return self._array(0, shape, kind, order == 'F', values)
        if name == 'scalar':
            kind, values = arguments
            if kind.dtype.kind == 'O':
                raise UnsafePickleError('a scalar of dtype object')
            return np.frombuffer(values, kind.dtype)[0].item()
        raise UnsafePickleError(f'a call of {name}')

    def build(self) -> None:
        """Give an array or a dtype its state."""
        target, state = self.pop(2)
        if isinstance(target, _DtypeUnderConstruction):
            target.dtype = _dtype(target.dtype, state)
        elif isinstance(target, _ArrayUnderConstruction):
            target.value = self._array(*state)
        else:
            raise UnsafePickleError(f'a state for a {type(target).__name__}')
        self.stack.append(target)

    def _array(self, _: int, shape: tuple, kind: _DtypeUnderConstruction, fortran_order: bool, values: Any) -> Any:
        dtype = kind.dtype
        if dtype.kind == 'O':
            if (len(values), ) != shape:
                raise ValueError(f'expected an array of objects of shape ({len(values)},), but got {shape}')
            return list(values)
        if isinstance(values, _Payload):
            if not values.latin1 and (min(shape) < 0 or math.prod(shape) * dtype.itemsize != values.num_bytes):
                raise ValueError(f'an array of shape {shape} of {dtype} cannot have {values.num_bytes} bytes')
            return StoredArray(self.path, dtype, tuple(shape), fortran_order, values.offset, values.num_bytes,
                               values.latin1)
        values = values.encode('latin-1') if isinstance(values, str) else values
        return np.frombuffer(values, dtype).reshape(shape, order='F' if fortran_order else 'C')


@dataclass(frozen=True)
class _Global:
    name: str


def _text(value: Any) -> str:
    return value.decode('ascii') if isinstance(value, bytes) else value


def _dtype(dtype: np.dtype, state: tuple) -> np.dtype:
    """Return the dtype with the byte order and item size of its pickled state."""
    order, item_size = _text(state[1]), state[5]
    if dtype.kind in 'SU' and item_size > 0:
        dtype = np.dtype(f'{dtype.kind}{item_size // (4 if dtype.kind == "U" else 1)}')
    if order not in ('<', '>', '|'):
        raise ValueError(f'a dtype of byte order {order!r}')
    return dtype if order == '|' else dtype.newbyteorder('<' if order == '<' else '>')


def _value(item: Any, done: dict[int, Any]) -> Any:
    """Put arrays in the place of those under construction, at any depth; ``done`` keeps shared parts shared."""
    if isinstance(item, _ArrayUnderConstruction):
        return _value(item.value, done)
    if isinstance(item, (list, tuple, dict)):
        if id(item) not in done:
            done[id(item)] = None
            parts = [_value(part, done) for part in (item.values() if isinstance(item, dict) else item)]
            done[id(item)] = dict(zip(item, parts)) if isinstance(item, dict) else type(item)(parts)
        if done[id(item)] is None:
            raise ValueError('a list that contains itself')
        return done[id(item)]
    if isinstance(item, _Payload):
        raise ValueError(f'a string of {item.num_bytes} bytes where a short one is expected')
    if not isinstance(item, (np.ndarray, StoredArray, str, bytes, int, float, bool, type(None))):
        raise UnsafePickleError(f'a {type(item).__name__} where a value is expected')
    return item


def _push(read: Callable[[PickleMachine], Any]) -> Callable[[PickleMachine], None]:
    return lambda machine: machine.stack.append(read(machine))


def _tuple(number: int) -> Callable[[PickleMachine], None]:
    return _push(lambda machine: tuple(machine.pop(number)))


def _put(form: str) -> Callable[[PickleMachine], None]:
    return lambda machine: machine.memo.__setitem__(machine.number(form), machine.stack[-1])


def _get(form: str) -> Callable[[PickleMachine], None]:
    return _push(lambda machine: machine.memo[machine.number(form)])


def _append(machine: PickleMachine) -> None:
    item = machine.pop(1)
    machine.stack[-1].extend(item)


def _appends(machine: PickleMachine) -> None:
    items = machine.since_mark()
    machine.stack[-1].extend(items)


def _set_items(machine: PickleMachine, keys_and_values: list[Any]) -> None:
    if not isinstance(machine.stack[-1], dict) or not all(isinstance(key, str) for key in keys_and_values[::2]):
        raise UnsafePickleError('an item of what is no dictionary, or with a key that is no text')
    machine.stack[-1].update(zip(keys_and_values[::2], keys_and_values[1::2], strict=True))


def _long(machine: PickleMachine) -> int:
    return int.from_bytes(machine._read(machine.number('<B')), 'little', signed=True)


_INSTRUCTIONS: dict[bytes, Callable[[PickleMachine], None]] = {
    b'\x80': lambda machine: machine.number('<B'),  # protocol
    b'\x95': lambda machine: machine.number('<Q'),  # frame
    b'c': lambda machine: machine.push_global(machine.line(), machine.line()),
    b'\x93': lambda machine: machine.push_global(*machine.pop(2)),
    b'R': PickleMachine.reduce,
    b'b': PickleMachine.build,
    b'(': _push(lambda machine: _MARK),
    b')': _tuple(0), b'\x85': _tuple(1), b'\x86': _tuple(2), b'\x87': _tuple(3),
    b't': _push(lambda machine: tuple(machine.since_mark())),
    b']': _push(lambda machine: []),
    b'a': _append, b'e': _appends,
    b'N': _push(lambda machine: None), b'\x88': _push(lambda machine: True), b'\x89': _push(lambda machine: False),
    b'J': _push(lambda machine: machine.number('<i')), b'K': _push(lambda machine: machine.number('<B')),
    b'M': _push(lambda machine: machine.number('<H')), b'\x8a': _push(_long),
    b'G': _push(lambda machine: machine.number('>d')),
    b'C': lambda machine: machine.payload('<B'), b'B': lambda machine: machine.payload('<I'),
    b'\x8e': lambda machine: machine.payload('<Q'), b'\x96': lambda machine: machine.payload('<Q'),
    b'U': lambda machine: machine.payload('<B'), b'T': lambda machine: machine.payload('<i'),
    b'\x8c': lambda machine: machine.payload('<B', text=True), b'X': lambda machine: machine.payload('<I', text=True),
    b'\x8d': lambda machine: machine.payload('<Q', text=True),
    b'q': _put('<B'), b'r': _put('<I'), b'\x94': lambda machine: machine.memo.__setitem__(len(machine.memo),
                                                                                        machine.stack[-1]),
    b'h': _get('<B'), b'j': _get('<I'),
}  # yapf: disable
_FOR_DICTS: dict[bytes, Callable[[PickleMachine], None]] = {
    b'}': _push(lambda machine: {}), b's': lambda machine: _set_items(machine, machine.pop(2)),
    b'u': lambda machine: _set_items(machine, machine.since_mark()),
}  # yapf: disable


def run_pickle(file: BinaryIO, path: str | Path, with_dicts: bool = False) -> Any:
    """Interpret the pickle at this place of a file.

    Args:
        file: Opened in binary mode.
        path: Its path, for messages and for arrays that are opened later.
        with_dicts: Whether it may hold dictionaries, whose keys are texts.

    Raises:
        UnsafePickleError: If it holds an instruction that arrays of plain values do not need; names it and the file.
        ValueError: If it is damaged, or ends too early; names the file.
    """
    try:
        return PickleMachine(file, str(path), with_dicts).run()
    except UnsafePickleError as error:
        raise UnsafePickleError(f'{path}: refused, since it holds {error}. Expected numpy arrays, lists, tuples, '
                                f'{"dictionaries, " if with_dicts else ""}strings, bytes and numbers and nothing else. '
                                f'Do not load this file with pickle unless you trust whoever made it.') from error
    except (EOFError, LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError, MemoryError,
            struct.error) as error:
        raise ValueError(f'{path}: damaged or incomplete ({type(error).__name__}: {error}).') from error
