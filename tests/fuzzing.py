"""Mutates files and opens each in a process of its own, within limits of memory and time."""
from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_MEMORY = 2**30
"""Bytes that an input may take beside what the process has already."""
MOST_SECONDS = 20
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, -1e308, float('nan'), float('inf'), 10**400, 10**9, '', '../../x', '/abs/x', '\ud800',
    'a\0b', '$\\frac{$', '=1+1', 'a|b', 'x' * 5000, [], {}, [[]], [None], {'': None}, ['Diving'], [0, 1e300], 'Diving',
    '12', b'\xff')
ODD_NUMBERS = (b'0', b'-1', b'1e308', b'nan', b'99999999999', b'18446744073709551616', b'9' * 400)


@dataclass(frozen=True)
class Target:
    """Something that reads files.

    Args:
        name: Of the kind of file.
        seed: A good file, or a folder of which one file at a time is mutated.
        read: Reads all of it; what it raises beside ``ValueError`` and ``OSError`` is a crash.
    """

    name: str
    seed: Path
    read: Callable[[Path], object]


def mutate(target: Target, rng: random.Random, folder: Path) -> Path:
    """Copy the seed into a folder and mutate one file of it."""
    path = folder / target.seed.name
    if target.seed.is_file():
        shutil.copyfile(target.seed, path)
        chosen = path
    else:
        shutil.copytree(target.seed, path)
        chosen = rng.choice(sorted(file for file in path.rglob('*') if file.is_file()))
    content = chosen.read_bytes()
    chosen.write_bytes(_mutated(content, rng, chosen.suffix))
    return path


def _mutated(content: bytes, rng: random.Random, suffix: str) -> bytes:
    if suffix == '.json' and rng.random() < 0.7:
        return _mutated_json(content, rng)
    if zipfile.is_zipfile(io.BytesIO(content)) and rng.random() < 0.7:
        return _mutated_zip(content, rng)
    return _mutated_bytes(content, rng)


def _mutated_bytes(content: bytes, rng: random.Random) -> bytes:
    mutated = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        start = rng.randrange(min(len(mutated), rng.choice((128, 10**9))) or 1)  # often the header
        length = min(rng.choice((1, 1, 2, 4, 16, 200)), len(mutated) - start)
        kind = rng.randrange(6)
        if kind == 0:
            mutated[start:start + length] = rng.randbytes(length)
        elif kind == 1:
            mutated[start:start + length] = rng.choice((b'\0', b'\xff', b'[', b'\n')) * length
        elif kind == 2:
            del mutated[start:]
        elif kind == 3:
            del mutated[start:start + length]
        elif kind == 4:
            mutated[start:start] = mutated[start:start + length] * rng.choice((1, 50))
        else:
            numbers = list(re.finditer(rb'\d+', mutated))
            if numbers:
                place = rng.choice(numbers)
                mutated[place.start():place.end()] = rng.choice(ODD_NUMBERS)
    return bytes(mutated)


def _mutated_json(content: bytes, rng: random.Random) -> bytes:
    root = {'': json.loads(content)}
    replace_a_value(root, rng)
    text = json.dumps(root[''], default=lambda value: value.decode('latin-1'))
    if rng.random() < 0.1:
        text = text.replace('null', rng.choice(('[' * 900 + ']' * 900, '[' * 10**5)))
    return text.encode(rng.choice(('utf-8', 'utf-8', 'utf-8', 'utf-16', 'latin-1', 'utf-8-sig')), 'replace')


def replace_a_value(root: dict, rng: random.Random) -> None:
    """Replace, remove, rename or repeat one value below a root of nested objects and lists."""
    places = list(_places(root))
    holder, key = rng.choice(places)
    kind = rng.randrange(8)
    if kind == 0 and holder is not root:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict) and holder is not root:
        holder[str(rng.choice(ODD_VALUES))] = holder.pop(key)
    elif kind == 2:
        other_holder, other_key = rng.choice(places)
        holder[key] = json.loads(json.dumps(other_holder[other_key], default=str))
    else:
        holder[key] = rng.choice(ODD_VALUES)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in (node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


def _mutated_zip(content: bytes, rng: random.Random) -> bytes:
    """Mutate an entry and write the archive anew, so that its check sums are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(entries))
    entries[name] = _mutated_bytes(entries[name], rng)
    written = io.BytesIO()
    with zipfile.ZipFile(written, 'w', rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)
    return written.getvalue()


def crash_of(read: Callable[[Path], object], path: Path) -> str:
    """Open a file in a process of its own; return what went wrong, empty for a result or a named fault."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _limit()
        message = _tried(read, path)
        os.write(writer, message.encode('utf-8', 'replace')[-4000:])
        os._exit(0)
    os.close(writer)
    with open(reader, encoding='utf-8', errors='replace') as pipe:
        message = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        return f'the process ended with {signal.Signals(-status).name if status < 0 else status}'
    return message


def _limit() -> None:
    pages = int(Path('/proc/self/statm').read_text().split()[0])
    limit = pages * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_MEMORY, MOST_MEMORY))
    signal.alarm(MOST_SECONDS)


def _tried(read: Callable[[Path], object], path: Path) -> str:
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            read(path)
        except (ValueError, OSError) as fault:
            named = str(path) in str(fault) or path.name in str(fault)
            return '' if named else f'a fault that names no file: {type(fault).__name__}: {fault}'
        except BaseException:
            return traceback.format_exc()
    return ''
