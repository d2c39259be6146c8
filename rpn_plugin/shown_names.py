"""How names that come from files are shown in a terminal, a picture, a Markdown table and a CSV file."""
from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_DRAWN = 80
"""Characters of a name in a picture."""
LONGEST_TITLE = 160
"""Characters of each line of its title."""
JOINERS = '\u200c\u200d'
"""Invisible, but part of how some scripts are written."""


def let_every_name_be_printed() -> None:
    """Let stdout and stderr write what their encoding lacks as an escape; otherwise it would end the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, 'reconfigure', None)
        if reconfigure is not None:
            reconfigure(errors='backslashreplace')


def printable(text: object) -> str:
    """Write control characters and halves of characters as escapes; line breaks stay."""
    return ''.join(character if character.isprintable() or character == '\n' or character in JOINERS else
                   character.encode('unicode_escape').decode() for character in str(text))


def one_line(text: object) -> str:
    """Printable, with every run of blanks as one space."""
    return printable(' '.join(str(text).split()))


def drawn(text: object, longest: int = LONGEST_DRAWN) -> str:
    """A name as matplotlib draws it: no formula between two ``$``, on one line, not too long.

    Matplotlib leaves labels that begin with an underscore out of a legend, so they get a space before.
    """
    line = one_line(text)
    line = line if len(line) <= longest else line[:longest - 1] + '…'
    return ('' if line[:1] != '_' else ' ') + line.replace('$', r'\$')


def drawn_title(text: object) -> str:
    """The lines of a title as matplotlib draws them, names in them as by :func:`drawn`."""
    return '\n'.join(drawn(line, LONGEST_TITLE) for line in str(text).split('\n')[:5])


@contextmanager
def glyphs_may_be_missing() -> Iterator[None]:
    """Draw characters that the font lacks as boxes without a warning for each, and names that leave no room."""
    with warnings.catch_warnings():
        for message in ('Glyph .* missing from', r'constrained_layout not applied', 'Matplotlib currently does not '
                        'support .* natively'):
            warnings.filterwarnings('ignore', message=message, category=UserWarning)
        yield


def markdown_cell(text: object) -> str:
    """A cell of a Markdown table: on one line, with what would end the cell or start markup escaped."""
    return re.sub(r'([\\|<>&*`\[\]])', r'\\\1', one_line(text))


def markdown_row(*cells: object) -> str:
    """A row of a Markdown table."""
    return f'| {" | ".join(map(markdown_cell, cells))} |'


def csv_cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula: one gets an apostrophe before.

    What begins with ``-`` and consists of letters, digits, ``-`` and ``_``, as names of videos do, stays as it is.

    >>> csv_cell('=1+1'), csv_cell('-0r0HEwAYiQ'), csv_cell('Diving')
    ("'=1+1", '-0r0HEwAYiQ', 'Diving')
    """
    shown = printable(text)
    is_name = re.fullmatch(r'-[\w-]*', shown) is not None
    return f"'{shown}" if shown[:1] in ('=', '+', '-', '@') and not is_name else shown
