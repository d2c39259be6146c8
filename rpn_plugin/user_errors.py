"""Tells what a user of the host's runner got wrong, which one line answers, from what is wrong in a program."""
from __future__ import annotations

import dis
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import mmengine
import torch
from mmaction import registry
from mmengine.registry import Registry

from rpn_plugin.command_line import did_you_mean, nearest

PLUGIN, HOST = Path(__file__).resolve().parent, Path(mmengine.__file__).resolve().parent
INSTALLED = 'site-packages'
MEANT = (ValueError, TypeError, RuntimeError, ImportError, AssertionError)
"""Kinds of errors by which code says what it expected, where it raises them itself."""
STEPS = {'run_epoch', 'run_iter', 'train_step', 'val_step', 'test_step'}
"""Functions of the host below which a model computes, no longer what a config sets up."""
OF_WORKER = re.compile(r'Caught (\w+) in DataLoader worker process \d+\.\nOriginal Traceback')


def line_for_user(error: Exception, config: Mapping[str, Any]) -> str | None:
    """Return what a user can do about an error of the host's runner; None if a program is wrong.

    A user's are errors of the system, such as a missing file; what this project refuses; and what a library refuses
    while the parts of a config are built. To refuse is to run a ``raise`` statement: an error that comes out of a
    computation is nobody's message. In a training step only this project is taken at its word.

    Args:
        error: With its traceback.
        config: By which the part is named that a class of the host was built of.
    """
    if isinstance(error, OSError):
        return str(error)
    if isinstance(error, torch.OutOfMemoryError):
        return f'{str(error).split(". ")[0]}. Lower the batch_size of the dataloader, or sample fewer snippets.'
    unknown = re.match(r'(\S+) is not in the \S+?::(.+?) registry', str(error.args[0]) if error.args else '')
    if isinstance(error, KeyError) and unknown:
        return _unknown_type(unknown[1], unknown[2], config)
    frames = list(_frames(error))
    last, instruction = frames[-1] if frames else (None, 0)
    if last is None:
        return None
    if last.f_code.co_name == 'build_from_cfg' and isinstance(error, TypeError):
        return _wrong_argument(str(error), last.f_locals, config)
    if OF_WORKER.match(str(error)):
        return _refusal_of_worker(str(error))
    refused = dis.opname[last.f_code.co_code[instruction]] == 'RAISE_VARARGS'
    file = Path(last.f_code.co_filename)
    if file.is_relative_to(PLUGIN):
        meant = refused and isinstance(error, MEANT) and not isinstance(error, AssertionError)
        return str(error) if meant else None
    if any(frame.f_code.co_name in STEPS for frame, _ in frames):
        return None
    if refused and isinstance(error, AttributeError) and file.is_relative_to(HOST / 'config'):
        return f'the config is not complete: {error}.'
    built = [(place, frame) for place, (frame, _) in enumerate(frames) if frame.f_code.co_name == 'build_from_cfg']
    if not built:
        return str(error) if refused and isinstance(error, MEANT) else None
    place, builder = built[-1]
    inside = place == len(frames) - 2 and INSTALLED in file.parts  # a constructor of a library, on a config's values
    if (refused or inside) and isinstance(error, MEANT):
        return f'{_part(builder.f_locals, config)}: {error}'
    return None


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Yield every frame of a traceback with the place of its instruction."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame, trace.tb_lasti
        trace = trace.tb_next


def _unknown_type(name: str, kind: str, config: Mapping[str, Any]) -> str:
    known: set[str] = set()
    for held in vars(registry).values():
        while isinstance(held, Registry):
            known.update(held.module_dict if held.name == kind else ())
            held = held.parent
    places = ', '.join(f'{key}.type' for key, part in _parts(config) if part['type'] == name) or 'type'
    return (f'{places}: there is no {kind} {name!r}{did_you_mean(nearest(name, known))} A part of your own is known '
            f'once custom_imports names its module.')


def _wrong_argument(message: str, names: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    message = re.sub(r'^\S+\(\) ', '', message)
    unknown = re.match(r"got an unexpected keyword argument '(\w+)'", message)
    if unknown:
        code = getattr(getattr(names.get('obj_cls'), '__init__', None), '__code__', None)
        near = nearest(unknown[1], code.co_varnames[:code.co_argcount + code.co_kwonlyargcount] if code else ())
        message = f'nothing takes the key {unknown[1]!r}{did_you_mean(near)}'
    return f'{_part(names, config)}: {message}'


def _part(names: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """The key of the mapping that ``build_from_cfg`` builds a class of, and the class."""
    kind, arguments = names.get('obj_type'), names.get('cfg', {})
    of_kind = [(key, part) for key, part in _parts(config) if part['type'] == kind]
    same = [key for key, part in of_kind if all(arguments.get(name) == value for name, value in part.items())]
    places = same or [key for key, _ in of_kind]
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))
    return f'{places[0]} ({name})' if places else name


def _parts(value: Any, key: str = '') -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every mapping that states a type, by its dotted key."""
    if isinstance(value, Mapping):
        if 'type' in value:
            yield key, value
        for name, part in value.items():
            yield from _parts(part, f'{key}.{name}'.lstrip('.'))
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            yield from _parts(part, f'{key}.{place}')


def _refusal_of_worker(message: str) -> str | None:
    """What this project refused in a worker of a data loader, whose traceback comes as text."""
    lines = message.splitlines()
    place = max(index for index, line in enumerate(lines) if line.startswith('  File "'))
    file = lines[place].split('"')[1]
    if not Path(file).is_relative_to(PLUGIN) or not lines[place + 1].strip().startswith('raise '):
        return None
    after = '\n'.join(lines[place + 2:])
    said = re.search(r'^[A-Za-z_][\w.]*: ([\s\S]*)', after, re.MULTILINE)
    return said[1] if said else None
