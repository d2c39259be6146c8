"""The end of a tool whose user got something wrong: one line, no traceback; and names that any terminal shows."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rpn_plugin.shown_names import let_every_name_be_printed, printable


@contextmanager
def one_line_errors(*more: type[Exception]) -> Iterator[None]:
    """End the command with exit status 1 and one line on stderr, not a traceback; also a decorator of ``main``.

    What the terminal cannot show is printed as an escape.

    Args:
        more: Exceptions beside ``OSError`` and ``ValueError`` that say what the user can do.
    """
    let_every_name_be_printed()
    try:
        yield
    except Exception as error:
        if not isinstance(error, (OSError, ValueError, *more)):
            raise
        raise SystemExit(f'error: {printable(error)}') from None


def reason(error: Exception) -> str:
    """What went wrong with one video of many, in one line; a fault that nobody foresaw comes with its type."""
    text = printable(error).strip() or type(error).__name__
    return text if isinstance(error, (OSError, ValueError)) else f'{type(error).__name__}: {text}'
