"""The end of a tool whose user got something wrong: one line, no traceback."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_line_errors(*more: type[Exception]) -> Iterator[None]:
    """End the command with exit status 1 and one line on stderr, not a traceback; also a decorator of ``main``.

    Args:
        more: Exceptions beside ``OSError`` and ``ValueError`` that say what the user can do.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, (OSError, ValueError, *more)):
            raise
        raise SystemExit(f'error: {error}') from None
