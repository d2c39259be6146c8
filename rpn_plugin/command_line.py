"""The end of a tool whose user got something wrong: one line, no traceback; and names that any terminal shows."""
from __future__ import annotations

import difflib
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rpn_plugin.shown_names import let_every_name_be_printed, one_line, printable

FOR_THE_FILE = ('Using env variable', 'System environment', 'Config:', 'Hooks will be executed',
                'Distributed training is not used', '"FileClient" will be', '"HardDiskBackend" is',
                'Auto resumed from the latest checkpoint None', '`save_param_scheduler` is True but',
                '`resume_param_scheduler` is True but',
                'Warnings about the data of')
"""How records of the host begin that its log file keeps and the console does not show."""
NOT_THE_USERS = ('Multi-processing start method', 'Setting (OMP|MKL)_NUM_THREADS', '`broadcast_buffers` is deprecated')
"""How warnings of the host's processes begin that nobody who trains can act on."""

PIPE_CLOSED = 141
"""Exit status of a command whose output nobody reads any more, as the shell has it for SIGPIPE."""


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
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads what is printed, as head does, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED) from None
    except Exception as error:
        if not isinstance(error, (OSError, ValueError, *more)):
            raise
        raise SystemExit(error_line(error)) from None


def error_line(said: object) -> str:
    r"""Return the line by which a command ends.

    >>> error_line(ValueError('do not fit:\\n  A.\\n  B.'))
    'error: do not fit: A. B.'
    """
    return f'error: {one_line(said)}'


def keep_console_short() -> None:
    """Leave to the log file what fills the screen before the first loss: environment, config, hooks, deprecations."""
    from mmengine.logging import MMLogger
    from mmengine.runner import Runner
    build = Runner.build_logger
    for message in NOT_THE_USERS:
        warnings.filterwarnings('ignore', message=message)
    for handler in MMLogger.get_current_instance().handlers:  # of what is said before there is a runner
        handler.addFilter(_is_for_people)

    def build_logger(runner: Runner, *arguments: Any, **options: Any) -> logging.Logger:
        logger = build(runner, *arguments, **options)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_for_people)
        return logger

    Runner.build_logger = build_logger


def _is_for_people(record: logging.LogRecord) -> bool:
    return not record.getMessage().lstrip('\n-').startswith(FOR_THE_FILE)


def reason(error: Exception) -> str:
    """What went wrong with one video of many, in one line; a fault that nobody foresaw comes with its type."""
    text = printable(error).strip() or type(error).__name__
    return text if isinstance(error, (OSError, ValueError)) else f'{type(error).__name__}: {text}'


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Return the known word that a mistyped one may stand for; nothing where none is near.

    >>> nearest('rpn_i3d_thumso', ['rpn_i3d_thumos', 'rpn_custom'])
    ['rpn_i3d_thumos']
    """
    return difflib.get_close_matches(word, list(known), n=1)


def did_you_mean(words: Sequence[str]) -> str:
    """Return the end of a sentence that refuses a word.

    >>> did_you_mean(['rpn_i3d_thumos']), did_you_mean([])
    ('; did you mean rpn_i3d_thumos?', '.')
    """
    return f'; did you mean {" or ".join(words)}?' if words else '.'
