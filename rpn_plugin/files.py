"""Reading JSON, and writing files and folders that appear whole or not at all."""
from __future__ import annotations

import codecs
import errno
import gc
import json
import os
import shutil
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_NAME = 200
"""Bytes of a name, which leave room for a suffix below the 255 of common file systems."""
MOST_TEXT_BYTES = 2**30
"""Of a text file, JSON included, which takes up to twenty times as much memory."""


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


class DuplicateKeyError(ValueError):
    """An object of a JSON file has a key twice, of which only the last would count."""


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    NaN, Infinity and -Infinity are read as numbers, as Python writes them.

    Raises:
        ValueError: If the file is no text (see :func:`read_text`) or no JSON, is nested too deeply, or holds anything
            but an object; names it.
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

    text = read_text(path)
    try:
        with _no_garbage_collection():
            content = json.loads(text, object_pairs_hook=distinct)
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
