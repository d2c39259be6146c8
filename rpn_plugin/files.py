"""Reading JSON, and writing files and folders that appear whole or not at all."""
from __future__ import annotations

import codecs
import errno
import glob
import os
import re
import shutil
import socket
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from rpn_plugin.json_text import parse_json
from rpn_plugin.locks import FileLock, NoFileLocksError

LONGEST_NAME = 200
"""Bytes of a name, which leave room for a suffix below the 255 of common file systems."""
MOST_TEXT_BYTES = 2**30
"""Of a text file, JSON included, which takes up to twenty times as much memory."""

ROOM = f'.part-{re.sub("[^A-Za-z0-9]", "", socket.gethostname())[:40]}-'
"""How the folders begin in which processes of this machine write what is not yet whole."""
LOCK, REPLACED = '.part-lock', '.part-replaced'
FULL_BELOW_BYTES = 2**16
"""A disk with fewer free bytes is full, whatever a library says about why it could not write."""


class FullDiskError(OSError):
    """The disk has no space left for a file; names the file and says how much is free."""


def require_regular_file(path: str | Path) -> None:
    """Refuse what is not a regular file: reading a pipe or a device would wait, or never end.

    Raises:
        OSError: If there is nothing, or a folder.
        ValueError: If it is a pipe or a device.
    """
    mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise ValueError(f'{path}: expected a file, but it is a pipe or a device.')


def read_text(path: str | Path) -> str:
    """Read a text file as people save them: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Raises:
        ValueError: If it is in another encoding, no text, larger than :data:`MOST_TEXT_BYTES`, or no regular file;
            names it, the line, and what to do.
        OSError: If it cannot be opened.
    """
    require_regular_file(path)
    size = Path(path).stat().st_size
    if size > MOST_TEXT_BYTES:
        raise ValueError(f'{path}: has {size} bytes; {MOST_TEXT_BYTES} are the most of a text file.')
    content = Path(path).read_bytes()
    encoding = 'utf-16' if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else 'utf-8-sig'
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b'\n', 0, error.start) + 1
        raise ValueError(f'{path}: line {line} is no text in UTF-8 (byte {content[error.start]:#04x}). If the file is '
                         f'in Latin-1 or Windows-1252, save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8.') from None


def shown(value: Any) -> str:
    """A value of a file in a message: short, however long or deep it is.

    >>> shown(['Diving', 7])
    "['Diving', 7]"
    """
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # too deep, or a number of too many digits
        return f'a {type(value).__name__} that cannot be shown'
    return text if len(text) <= LONGEST_NAME else f'{text[:LONGEST_NAME]}...'


def unsafe_text(value: Any) -> str | None:
    """Why a value that a file gives is not a name of a class or subset; None if it is.

    >>> unsafe_text('Frisbee Catch'), unsafe_text(7), unsafe_text(' ')
    (None, 'it is a int', 'it is empty')
    """
    if not isinstance(value, str):
        return f'it is a {type(value).__name__}'
    if not value.strip():
        return 'it is empty'
    wrong = next((character for character in value if unicodedata.category(character) in ('Cc', 'Cs')), None)
    if wrong is not None:
        return f'it has a {wrong!r}'
    return None if len(value) <= LONGEST_NAME else f'it has {len(value)} characters, and {LONGEST_NAME} are the most'


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    NaN, Infinity and -Infinity are read as numbers, as Python writes them.

    Raises:
        ValueError: If the file is no text (see :func:`read_text`) or no JSON, is nested too deeply, or holds anything
            but an object; names it.
        DuplicateKeyError: If an object in it, at any depth, has a key twice; names file and keys.
        OSError: If it cannot be opened.
    """
    return json_object(path, read_text(path))


def json_object(path: str | Path, text: str) -> dict[str, Any]:
    """Parse the text of a file that holds an object, as :func:`read_json` does.

    Raises:
        ValueError: If it holds anything else, or an object in it has a key twice; names it.
    """
    content = parse_json(path, text)
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a JSON object, but got a {type(content).__name__}.')
    return content


def unsafe_name(name: Any) -> str | None:
    """Why a name that a file gives cannot be the name of a file in a folder of ours; None if it can.

    >>> unsafe_name('video_test_0000004'), unsafe_name('../up'), unsafe_name('')
    (None, "it has a '/'", 'it is empty')
    """
    if not isinstance(name, str):
        return f'it is a {type(name).__name__}'
    if not name or name in ('.', '..'):
        return 'it is empty' if not name else 'it is a folder'
    if not name.isprintable() or '/' in name or '\\' in name:
        wrong = next(character for character in name if character in '/\\' or not character.isprintable())
        return f'it has a {wrong!r}'
    length = len(name.encode())  # printable characters can be encoded
    return None if length <= LONGEST_NAME else f'it has {length} bytes, and {LONGEST_NAME} are the most'


def path_inside(folder: str | Path, name: str, suffix: str = '') -> Path:
    """The path of a file in a folder, whose name comes from a file of somebody else.

    Args:
        folder: Ours.
        name: Of a video, as an annotation or result file gives it.
        suffix: Behind it.

    Raises:
        ValueError: If the path would lie anywhere else, or a file cannot be called so.
    """
    reason = unsafe_name(name)
    if reason:
        raise ValueError(f'the name {name!r:.200} cannot name a file in {folder}: {reason}. Rename the video.')
    return Path(folder) / f'{name}{suffix}'


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path on the disk of ``path`` to write to; it takes the place of ``path`` if nothing went wrong.

    The folder is made, the name is kept, and a failed attempt leaves neither a partial file nor a changed old one. Any
    number of processes may write the same file: the last one's is there in the end. What a killed process leaves is in
    a hidden folder, which the next process that writes there removes.

    Raises:
        OSError: If the disk is full, among others; names path and sizes.
    """
    path = Path(path)
    with _room_beside(path) as temporary:
        yield temporary
        temporary.replace(path)


@contextmanager
def folder_written_whole(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder on the disk of ``path`` to fill; it takes the place of ``path`` if nothing went wrong.

    Args:
        path: The folder; those above it are made.
        overwrite: Whether one that is there may be replaced.

    Raises:
        FileExistsError: If there is one and it may not.
        OSError: If the disk is full, among others; names path and sizes.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f'{path} is there already. Name another folder, or allow it to be replaced (overwrite).')
    with _room_beside(path) as temporary:
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.replace(temporary.with_name(REPLACED))
        temporary.replace(path)


@contextmanager
def _room_beside(path: Path) -> Iterator[Path]:
    """Yield a path with the name of ``path`` in a folder that only this process has; in the end it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _full_disk_named(path):
        _clear_rooms(path.parent)
        room, lock = _make_room(path.parent)
        try:
            with _full_disk_named(path, room):
                yield room / path.name
        finally:
            _remove_room(room, lock)


def _make_room(folder: Path) -> tuple[Path, FileLock]:
    """Make a hidden folder, locked for as long as this process lives; not locked where there are no locks."""
    while True:
        room = Path(tempfile.mkdtemp(prefix=ROOM, dir=folder))
        lock = FileLock(room / LOCK)
        try:
            if lock.acquire():
                return room, lock
        except FileNotFoundError:
            pass  # another process took it for one that a killed process left, and removed it
        except NoFileLocksError:
            return room, lock


def _remove_room(room: Path, lock: FileLock) -> None:
    """Remove the lock last: what is left if this is not finished can still be removed later."""
    for entry in room.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry != lock.path:
            entry.unlink(missing_ok=True)
    lock.release()
    shutil.rmtree(room, ignore_errors=True)


@cache
def _clear_rooms(folder: Path) -> None:
    """Remove what killed processes of this machine have left in a folder; once per process, since it is listed."""
    for room in folder.glob(f'{glob.escape(ROOM)}*'):
        lock = FileLock(room / LOCK)
        with suppress(OSError):
            if not lock.path.exists():
                room.rmdir()  # killed before the lock was made; fails where there is anything in it
            elif lock.acquire():
                _finish_replacing(room)
                _remove_room(room, lock)


def _finish_replacing(room: Path) -> None:
    """Put the new folder in its place where a process was killed after it had moved the old one away."""
    if (room / REPLACED).exists():
        for entry in room.iterdir():
            target = room.parent / entry.name
            if entry.name not in (LOCK, REPLACED) and not target.exists():
                entry.replace(target)


@contextmanager
def _full_disk_named(path: Path, room: Path | None = None) -> Iterator[None]:
    """Say which file a full disk or an exhausted quota left no space for, how much was written and how much is free."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch raises the latter
        if isinstance(error, FullDiskError):
            raise
        free = shutil.disk_usage(path.parent).free if path.parent.is_dir() else FULL_BELOW_BYTES
        if getattr(error, 'errno', None) not in (errno.ENOSPC, errno.EDQUOT) and free >= FULL_BELOW_BYTES:
            raise
        written = sum(file.stat().st_size for file in room.rglob('*') if file.is_file()) if room else 0
        raise FullDiskError(getattr(error, 'errno', None) or errno.ENOSPC,
                            f'No space left on the disk: {written} bytes were written and {free} are free. Make room '
                            f'and start again. What was there before is untouched', str(path)) from error
