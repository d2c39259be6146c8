"""Writes a config that states what differs from another, laid out as a person would."""
from __future__ import annotations

import keyword
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from rpn_plugin.analysis.hyper_parameters import Changes
from rpn_plugin.files import written_whole

WIDTH = 120
REPLACED = '_delete_'
"""Key of a dict that replaces the base's instead of changing it."""


def write_config(path: Path, base: Path, changes: Sequence[Changes], comments: Sequence[str]) -> None:
    """Write a config that inherits from ``base`` and states the changes, below the reasons for them."""
    text = format_config(os.path.relpath(base, path.parent), changes_in_order(base, changes), comments)
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding='utf-8')


def changes_in_order(base: Path, changes: Sequence[Changes]) -> dict[str, Any]:
    """Return the changes as nested dicts whose keys have the order of the base; what is new follows.

    A dict that replaces the base's keeps its own order, which a model with several streams depends on.
    """
    merged = Config()
    for change in changes:
        merged.merge_from_dict(dict(change))
    return _in_order(merged.to_dict(), Config.fromfile(base).to_dict())


def format_config(base: str | Sequence[str], content: Mapping[str, Any], comments: Sequence[str]) -> str:
    """Return the text of a config: comments, the paths of the base or bases, then a statement for each key."""
    lines = [*(f'# {comment}' for comment in comments),
             *(f'{key} = {_format(value, len(key) + 3, 0)}' for key, value in {'_base_': base, **content}.items())]
    return '\n'.join(lines) + '\n'


def _in_order(changed: Any, base: Any) -> Any:
    if not isinstance(changed, dict) or not isinstance(base, dict):
        return changed
    if REPLACED in changed:
        return {REPLACED: changed[REPLACED], **changed}
    keys = sorted(changed, key=lambda key: list(base).index(key) if key in base else len(base))
    return {key: _in_order(changed[key], base.get(key)) for key in keys}


def _format(value: Any, column: int, indent: int, after: int = 0) -> str:
    """Format a value that starts at a column, with ``after`` characters behind it, on as few lines as fit.

    Args:
        value: Of a config.
        column: Where its first character stands.
        indent: Of the line on which it starts.
        after: Closing brackets and commas that follow it on its last line.
    """
    whole = _on_one_line(value)
    if column + len(whole) + after <= WIDTH or not isinstance(value, (dict, list, tuple)) or not value:
        return whole
    opening, closing, items = _parts(value)
    if isinstance(value, tuple) and len(items) == 1:
        closing = ',' + closing  # without it the brackets would be no tuple
    indent += 4
    flat = ', '.join(f'{name}{_on_one_line(item)}' for name, item in items)
    after += len(closing)
    if indent + len(flat) + after > WIDTH:
        last = len(items) - 1
        flat = f',\n{" " * indent}'.join(
            name + _format(item, indent + len(name), indent, after if place == last else 1)
            for place, (name, item) in enumerate(items))
    return f'{opening}\n{" " * indent}{flat}{closing}'


def _on_one_line(value: Any) -> str:
    if not isinstance(value, (dict, list, tuple)):
        return repr(value).replace('e-0', 'e-') if isinstance(value, float) else repr(value)
    opening, closing, items = _parts(value)
    comma = ', ' if isinstance(value, tuple) and len(items) == 1 else ''
    return opening + ', '.join(name + _on_one_line(item) for name, item in items) + comma + closing


def _parts(value: Any) -> tuple[str, str, list[tuple[str, Any]]]:
    """Brackets of a dict, list or tuple, and its items with what stands before each."""
    if not isinstance(value, dict):
        return ('[', ']', [('', item) for item in value]) if isinstance(value, list) else (
            '(', ')', [('', item) for item in value])
    if all(isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key) for key in value):
        return 'dict(', ')', [(f'{key}=', item) for key, item in value.items()]
    return '{', '}', [(f'{key!r}: ', item) for key, item in value.items()]
