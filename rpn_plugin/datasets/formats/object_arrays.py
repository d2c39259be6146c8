"""Reads the pickled object arrays that ``numpy.save`` writes, without ever unpickling them.

A pickle is a program: loading it with ``allow_pickle=True`` runs whatever its author put in. The reader below interprets
the few instructions that numpy arrays, lists, tuples, strings, bytes and numbers are made of and refuses every other,
so that a file can name no function of its own choice. Large arrays inside it are not read but located, so that a file
of any size costs one pass over its small parts, and each video is mapped from disk when it is asked for.
"""
from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Callable

import numpy as np

LOCATED_BYTES = 4096
"""Payloads of at least so many bytes stay on disk."""


class UnsafePickleError(ValueError):
    """A file asks for more than arrays of plain values."""


@dataclass(frozen=True)
class StoredArray:
    """An array somewhere in a file.

    Args:
        path: The file.
        dtype: Of a number or a string.
        shape: Of the array.
        fortran_order: Whether the first axis varies fastest.
        offset: Where its bytes begin.
        num_bytes: How many bytes of the file they take.
        latin1: Whether they are written as UTF-8 text of Latin-1 characters, as protocol 2 of Python 3 does.
    """

    path: str
    dtype: np.dtype
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int
    num_bytes: int
    latin1: bool

    def open(self) -> np.ndarray:
        """The array, mapped from disk where its bytes are stored as they are.

        Raises:
            ValueError: If the bytes do not fill the shape.
        """
        order = 'F' if self.fortran_order else 'C'
        if not self.latin1:
            return np.memmap(self.path, dtype=self.dtype, mode='r', offset=self.offset, shape=self.shape, order=order)
        with open(self.path, 'rb') as file:
            file.seek(self.offset)
            values = file.read(self.num_bytes).decode('utf-8', 'surrogatepass').encode('latin-1')
        return np.frombuffer(values, self.dtype).reshape(self.shape, order=order)


@dataclass(frozen=True)
class _Payload:
    """Bytes or text that were skipped."""

    offset: int
    num_bytes: int
    latin1: bool = False


class _ArrayUnderConstruction:
    """What ``numpy.core.multiarray._reconstruct`` stands for until its state comes."""

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
    'numpy ndarray': 'ndarray', 'numpy dtype': 'dtype', '_codecs encode': 'encode',
}  # yapf: disable


def read_object_array(path: str | Path) -> list[Any]:
    """Read a one-dimensional object array of a ``.npy`` file.

    Large arrays in it come as :class:`StoredArray`, everything else as plain Python values; byte strings stay bytes.

    Raises:
        UnsafePickleError: If the file holds an instruction that arrays of plain values do not need; names it.
        ValueError: If it is no such file, or ends too early.
    """
    path = str(path)
    with open(path, 'rb') as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else \
                np.lib.format.read_array_header_2_0
            shape, _, dtype = read_header(file)
        except ValueError as error:
            raise ValueError(f'{path}: not a .npy file ({error}).') from error
        if dtype.kind != 'O' or len(shape) != 1:
            raise ValueError(f'{path}: expected a one-dimensional array of objects, but got shape {shape} of {dtype}.')
        try:
            value = _Interpreter(file, path).run()
        except UnsafePickleError as error:
            raise UnsafePickleError(f'{path}: refused, since it holds {error}. Expected numpy arrays, lists, tuples, '
                                    f'strings, bytes and numbers and nothing else. Do not load this file with '
                                    f'allow_pickle=True unless you trust whoever made it.') from error
        except (EOFError, IndexError, KeyError, TypeError, AttributeError, UnicodeError, struct.error) as error:
            raise ValueError(f'{path}: damaged or incomplete ({type(error).__name__}: {error}).') from error
    if not isinstance(value, list) or len(value) != shape[0]:
        raise ValueError(f'{path}: its header says {shape[0]} objects, but it holds another number of them.')
    return value


class _Interpreter:
    """A pickle machine with a stack, a memo, and no way out.

    Args:
        file: Opened in binary mode, at the first instruction.
        path: Of the file.
    """

    def __init__(self, file: BinaryIO, path: str) -> None:
        self.file = file
        self.path = path
        self.size = os.fstat(file.fileno()).st_size
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Interpret up to the end of the pickle."""
        while True:
            code = self._read(1)
            if code == b'.':
                return _value(self.stack.pop())
            if code not in _INSTRUCTIONS:
                raise UnsafePickleError(f'the instruction {code!r} at byte {self.file.tell() - 1}')
            _INSTRUCTIONS[code](self)

    def _read(self, number: int) -> bytes:
        values = self.file.read(number)
        if len(values) != number:
            raise EOFError(f'expected {number} bytes at the end, but got {len(values)}')
        return values

    def number(self, form: str) -> Any:
        return struct.unpack(form, self._read(struct.calcsize(form)))[0]

    def line(self) -> str:
        return self.file.readline(1000).rstrip(b'\n').decode('utf-8')

    def payload(self, form: str, text: bool = False) -> None:
        """Push bytes or text of a length that comes first; a long one is skipped."""
        length, offset = self.number(form), self.file.tell()
        if offset + length > self.size:
            raise EOFError(f'expected {length} bytes at byte {offset}, but the file has {self.size}')
        if length >= LOCATED_BYTES:
            self.file.seek(offset + length)
            self.stack.append(_Payload(offset, length))
        else:
            values = self._read(length)
            self.stack.append(values.decode('utf-8', 'surrogatepass') if text else values)

    def since_mark(self) -> list[Any]:
        start = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        values = self.stack[start + 1:]
        del self.stack[start:]
        return values

    def pop(self, number: int) -> list[Any]:
        if number > len(self.stack):
            raise IndexError('the stack is empty')
        values = self.stack[len(self.stack) - number:]
        del self.stack[len(self.stack) - number:]
        return values

    def push_global(self, module: str, name: str) -> None:
        if f'{module} {name}' not in _ALLOWED:
            raise UnsafePickleError(f'a reference to {module}.{name}')
        self.stack.append(_Global(_ALLOWED[f'{module} {name}']))

    def reduce(self) -> None:
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
        if name == 'scalar':
            kind, values = arguments
            if kind.dtype.kind == 'O':
                raise UnsafePickleError('a scalar of dtype object')
            return np.frombuffer(values, kind.dtype)[0].item()
        raise UnsafePickleError(f'a call of {name}')

    def build(self) -> None:
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
            if len(values) != int(np.prod(shape)) or len(shape) != 1:
                raise ValueError(f'{self.path}: expected arrays of objects to have one dimension, but got {shape}.')
            return values
        needed = int(np.prod(shape)) * dtype.itemsize
        if isinstance(values, _Payload):
            if not values.latin1 and values.num_bytes != needed:
                raise ValueError(f'{self.path}: an array of shape {shape} of {dtype} needs {needed} bytes, but it has '
                                 f'{values.num_bytes}.')
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
    """The dtype with the byte order and item size of its pickled state."""
    order, item_size = _text(state[1]), state[5]
    if dtype.kind in 'SU' and item_size > 0:
        dtype = np.dtype(f'{dtype.kind}{item_size // (4 if dtype.kind == "U" else 1)}')
    return dtype.newbyteorder(order) if order in '<>' else dtype


def _value(item: Any) -> Any:
    """Arrays in place of what they were under construction, all the way down."""
    if isinstance(item, _ArrayUnderConstruction):
        return _value(item.value)
    if isinstance(item, _Payload):
        raise ValueError(f'a string of {item.num_bytes} bytes is too long for a name')
    if isinstance(item, (list, tuple)):
        return type(item)(_value(part) for part in item)
    if not isinstance(item, (np.ndarray, StoredArray, str, bytes, int, float, bool, type(None))):
        raise UnsafePickleError(f'a {type(item).__name__} where a value is expected')
    return item


def _push(read: Callable[[_Interpreter], Any]) -> Callable[[_Interpreter], None]:
    return lambda machine: machine.stack.append(read(machine))


def _tuple(number: int) -> Callable[[_Interpreter], None]:
    return _push(lambda machine: tuple(machine.pop(number)))


def _put(form: str) -> Callable[[_Interpreter], None]:
    return lambda machine: machine.memo.__setitem__(machine.number(form), machine.stack[-1])


def _get(form: str) -> Callable[[_Interpreter], None]:
    return _push(lambda machine: machine.memo[machine.number(form)])


def _append(machine: _Interpreter) -> None:
    item = machine.pop(1)
    machine.stack[-1].extend(item)


def _appends(machine: _Interpreter) -> None:
    items = machine.since_mark()
    machine.stack[-1].extend(items)


def _long(machine: _Interpreter) -> int:
    return int.from_bytes(machine._read(machine.number('<B')), 'little', signed=True)


_INSTRUCTIONS: dict[bytes, Callable[[_Interpreter], None]] = {
    b'\x80': lambda machine: machine.number('<B'),  # protocol
    b'\x95': lambda machine: machine.number('<Q'),  # frame
    b'c': lambda machine: machine.push_global(machine.line(), machine.line()),
    b'\x93': lambda machine: machine.push_global(*machine.pop(2)),
    b'R': _Interpreter.reduce,
    b'b': _Interpreter.build,
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
    b'\x8e': lambda machine: machine.payload('<Q'),
    b'U': lambda machine: machine.payload('<B'), b'T': lambda machine: machine.payload('<i'),
    b'\x8c': lambda machine: machine.payload('<B', text=True), b'X': lambda machine: machine.payload('<I', text=True),
    b'\x8d': lambda machine: machine.payload('<Q', text=True),
    b'q': _put('<B'), b'r': _put('<I'), b'\x94': lambda machine: machine.memo.__setitem__(len(machine.memo),
                                                                                        machine.stack[-1]),
    b'h': _get('<B'), b'j': _get('<I'),
}  # yapf: disable
