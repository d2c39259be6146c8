"""Reading JSON, and writing files and folders that appear whole or not at all."""
from __future__ import annotations

import errno
import gc
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_NAME = 200
"""Bytes of a name, which leave room for a suffix below the 255 of common file systems."""


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


class DuplicateKeyError(ValueError):
    """An object of a JSON file has a key twice, of which only the last would count."""


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    NaN, Infinity and -Infinity are read as numbers, as Python writes them. A file that begins with a byte order mark is
    refused.

    Raises:
        ValueError: If the file is not JSON in UTF-8, is nested too deeply, or holds anything but an object; names it.
        DuplicateKeyError: If an object in it, at any depth, has a key twice; names file and keys.
        OSError: If it cannot be opened.
    """
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise DuplicateKeyError(f'{path}: an object has these keys twice: {twice}.')
        return content

    require_regular_file(path)
    try:
        with _no_garbage_collection():
            content = json.loads(Path(path).read_text(encoding='utf-8'), object_pairs_hook=distinct)
    except DuplicateKeyError:
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not a JSON file: {error}.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a JSON object, but got a {type(content).__name__}.')
    return content


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Let Python not search what is being read for circles, of which JSON has none: it would take half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def unsafe_name(name: Any) -> str | None:
    """Why a name that a file gives cannot be the name of a file in a folder of ours; None if it can.

    >>> unsafe_name('video_test_0000004'), unsafe_name('../up'), unsafe_name('')
    (None, "it has a '/'", 'it is empty')
    """
    if not isinstance(name, str):
        return f'it is a {type(name).__name__}'
    if not name or name in ('.', '..'):
        return 'it is empty' if not name else 'it is a folder'
    wrong = next((character for character in name if character in '/\\' or not character.isprintable()), None)
    if wrong is not None:
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
    """Yield a temporary path beside ``path`` to write to; it takes the place of ``path`` only if nothing went wrong.

    The folder is made, the suffix is kept, and a failed attempt leaves neither a partial file nor a changed old one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.stem}.part{path.suffix}')
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def folder_written_whole(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` to fill; it takes the place of ``path`` only if nothing went wrong.

    Args:
        path: The folder; those above it are made.
        overwrite: Whether one that is there may be replaced.

    Raises:
        FileExistsError: If there is one and it may not.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f'{path} is there already. Name another folder, or allow it to be replaced (overwrite).')
    temporary, replaced = path.with_name(f'.{path.name}.part'), path.with_name(f'.{path.name}.replaced')
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.exists():
            path.replace(replaced)
        temporary.replace(path)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
