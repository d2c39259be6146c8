"""Finds configs, those that come with the package by their names."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

import mmengine.config
from mmengine.config import Config

from rpn_plugin.command_line import did_you_mean, nearest

PACKAGE = Path(__file__).resolve().parent
READER = Path(mmengine.config.__file__).resolve().parent


def config_folder() -> Path:
    """Return the folder of the configs that come with the package, installed or as a checkout."""
    installed = PACKAGE / '.mim' / 'configs'
    return installed if installed.is_dir() else PACKAGE.parent / 'configs'


def named_configs() -> dict[str, Path]:
    """Return the configs that come with the package by their paths without ending, as ``cola/cola_custom``."""
    root = config_folder()
    return {path.relative_to(root).with_suffix('').as_posix(): path for path in sorted(root.rglob('*.py'))}


def find_config(name: str | Path) -> Path:
    """Return the file of a config.

    Args:
        name: A path; or, where there is no such file, a config of the package: ``rpn_i3d_thumos``,
            ``cola/cola_custom`` or ``cola_custom``, also with ``configs/`` before and ``.py`` behind.

    Raises:
        FileNotFoundError: If there is neither; names the nearest.
        ValueError: If several configs of the package have the name.
    """
    path = Path(name)
    if path.is_file():
        return path
    known = named_configs()
    wanted = path.as_posix().removeprefix('configs/').removesuffix('.py')
    if wanted in known:
        return known[wanted]
    leaves = [leaf for leaf in known if not leaf.startswith('_base_/')]
    found = [leaf for leaf in leaves if Path(leaf).name == wanted]
    if len(found) > 1:
        raise ValueError(f'{name}: several configs have this name, {", ".join(found)}; name one of them.')
    if not found:
        words = dict.fromkeys([*leaves, *(Path(leaf).name for leaf in leaves)])
        raise FileNotFoundError(f'No config {name}: there is no such file, and none of this name in {config_folder()}'
                                f'{did_you_mean(nearest(wanted, words))}')
    return known[found[0]]


def read_config(name: str | Path) -> Config:
    """Find a config, see :func:`find_config`, and read it.

    Raises:
        FileNotFoundError: If there is none, or a file is missing that it names.
        ValueError: If it cannot be read; names the file and the line. Errors of modules that a config imports are
            raised as they are.
    """
    path = find_config(name)
    try:
        return Config.fromfile(path)
    except ImportError as error:
        if error.__cause__ is None:
            raise
        cause = error.__cause__.__context__ or error.__cause__  # the host's own text has all of sys.path
        raise ValueError(f'{path}: custom_imports: {cause}. Is the folder of the module in PYTHONPATH?') from error
    except FileNotFoundError as error:
        if not str(error.filename or '').endswith('.py'):
            raise
        raise FileNotFoundError(f'{path}: it, or a config that it is based on, names {error.filename} as _base_, which '
                                f'is not there.') from error
    except Exception as error:
        trace = list(_steps(error.__traceback__))
        file = next((frame.f_locals['filename'] for frame, _ in reversed(trace)
                     if Path(frame.f_code.co_filename).is_relative_to(READER) and 'filename' in frame.f_locals), path)
        last, line = trace[-1]
        unparsed = isinstance(error, SyntaxError) and error.filename in ('<unknown>', file)
        if not unparsed and last.f_code.co_filename != file and \
                not Path(last.f_code.co_filename).is_relative_to(READER):
            raise
        place = f'line {error.lineno}' if isinstance(error, SyntaxError) else f'line {line}'
        own = unparsed or last.f_code.co_filename == file
        raise ValueError(f'{file}{f", {place}" if own else ""}: {type(error).__name__}: '
                         f'{getattr(error, "msg", None) or error}') from error


def _steps(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of a traceback with their lines."""
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
