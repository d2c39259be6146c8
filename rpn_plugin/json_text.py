"""The text of JSON files: read fast, and as strictly as Python reads it."""
from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Form = TypeVar('Form')
_ANYTHING = msgspec.json.Decoder(Any)


class DuplicateKeyError(ValueError):
    """An object of a JSON file has a key twice, of which only the last would count."""


def parse_json(path: str | Path, text: str) -> Any:
    """Read what is JSON, with NaN, Infinity and -Infinity, as Python writes them, and integers of any size.

    Args:
        path: The file, for messages.
        text: All of it.

    Raises:
        ValueError: If it is no JSON or is nested too deeply; names the file.
        DuplicateKeyError: If an object in it, at any depth, has a key twice; names file and keys.
    """
    with _no_garbage_collection():
        content = _without_loss(text, _ANYTHING, _colons)
        return _parse_slowly(path, text) if content is None else content  # null is read twice


def parse_form(text: str, form: msgspec.json.Decoder[Form], count_keys: Callable[[Form], int]) -> Form | None:
    """Read JSON of a form that is declared to the last key, in half of the time of :func:`parse_json`.

    Args:
        text: All of it.
        form: Its form. It leaves nothing out: the structures in it forbid unknown fields.
        count_keys: Returns the number of keys of all objects in what is read.

    Returns:
        What is read; None if the text has another form, an object has a key twice, or a name has a colon, so that
        :func:`parse_json` should read it.
    """
    with _no_garbage_collection():
        return _without_loss(text, form, count_keys)


def _without_loss(text: str, form: msgspec.json.Decoder[Form], count_colons: Callable[[Form], int]) -> Form | None:
    r"""Read what Python would read likewise; None if it is anything else, as NaN or an object that has a key twice.

    msgspec takes the last of equal keys and loses the others, which the number of colons shows. One stands behind each
    key, the others in names. What is lost takes its own with it, and no name that is read has a colon that the text has
    not, if none is the escape ``\u003a``.
    """
    if '\\' in text and '\\u003' in text:
        return None
    try:
        content = form.decode(text)
        return content if count_colons(content) == text.count(':') else None
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return None


def _colons(content: Any) -> int:
    return msgspec.json.encode(content).count(b':')


def _parse_slowly(path: str | Path, text: str) -> Any:
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise DuplicateKeyError(f'{path}: an object has these keys twice: {twice}.')
        return content

    try:
        return json.loads(text, object_pairs_hook=distinct)
    except DuplicateKeyError:
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not a JSON file: {error}.') from error


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
