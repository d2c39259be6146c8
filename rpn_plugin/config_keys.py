"""Checks the keys of ``--cfg-options``: the host takes any, and a mistyped one would change nothing, unnoticed."""
from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from mmaction import registry
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import Registry
from mmengine.runner import EpochBasedTrainLoop, Runner, TestLoop, ValLoop, set_random_seed
from torch.utils.data import DataLoader

from rpn_plugin.command_line import did_you_mean, nearest
from rpn_plugin.registration import register_all

NEW = '+'
"""Before a key that is meant to be new, whatever this check knows."""
TAKEN_BY_RUNNER = {
    'default_hooks': {'priority'}, 'custom_hooks': {'priority'}, 'optim_wrapper': {'constructor', 'paramwise_cfg'},
    'param_scheduler': {'convert_to_iter_based'}, 'train_cfg': {'by_epoch'},
    'train_dataloader': {'num_batch_per_epoch'}}
"""Keys that the host's runner takes off a mapping before its class gets the rest, by the part of the config."""
READ_BY_RUNNER = {'activation_checkpointing', 'compile', 'custom_imports', 'efficient_conv_bn_eval',
                  'find_unused_parameters', 'model_wrapper_cfg', 'runner_type', 'sync_bn'}
"""Keys at the top of a config that are no arguments of the host's Runner, but that it or its tools read."""
WITHOUT_TYPE: dict[str, Callable[..., Any]] = {
    'train_dataloader': DataLoader, 'val_dataloader': DataLoader, 'test_dataloader': DataLoader,
    'train_cfg': EpochBasedTrainLoop, 'val_cfg': ValLoop, 'test_cfg': TestLoop, 'optim_wrapper': OptimWrapper,
    'randomness': set_random_seed}
"""What takes the keys of mappings at the top of a config that state no type."""


def checked_options(config: Config, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as ``Config.merge_from_dict`` takes them, if something reads each.

    Known is a key that the config has; an argument of the class that its mapping states as ``type``; at the top, what
    the host's runner reads; and an entry that states its own ``type`` in a mapping without one, as a further hook in
    ``default_hooks``. A key with ``+`` before is taken as it is.

    Raises:
        ValueError: If a key is none of these; names the nearest.
    """
    plain = {key.removeprefix(NEW): value for key, value in options.items()}
    merged = copy.deepcopy(config)
    try:
        merged.merge_from_dict(copy.deepcopy(plain))
    except (KeyError, TypeError) as error:  # below a value, or an entry that a list does not have
        raise ValueError(f'--cfg-options {" ".join(options)}: {error.args[0]}') from None
    before, after = config.to_dict(), merged.to_dict()
    for key in options:
        if not key.startswith(NEW):
            _require_known(before, after, key)
    return plain


def _require_known(before: Any, after: Any, key: str) -> None:
    """Walk down a key in the config as it was and as it would be."""
    whole = before
    path: list[str] = []
    for part in key.split('.'):
        if part == '_delete_':
            return
        entry = _entry(after, part)  # None where another option takes its mapping away
        if isinstance(before, (list, tuple)) or (isinstance(before, Mapping) and part in before):
            before, after = _entry(before, part), entry
        elif before is None:  # nothing to compare with: a mapping takes the place of None
            return
        else:
            arguments = _arguments(path, after)
            own = set(before) if isinstance(before, Mapping) else set()
            if not _is_known(part, entry, after, arguments):
                raise ValueError(_refusal(whole, key, '.'.join(path), part, own | arguments.names))
            # Below a new mapping that no class is known for, nothing can be said.
            before = {} if isinstance(entry, Mapping) and _makers([*path, part], entry) else None
            after = entry
        path.append(part)


def _entry(holder: Any, part: str) -> Any:
    """Return what a mapping or a list holds under a part of a key; None where it holds nothing."""
    if isinstance(holder, (list, tuple)):
        return holder[int(part)] if part.isdigit() and int(part) < len(holder) else None
    return holder.get(part) if isinstance(holder, Mapping) else None


class _Arguments(NamedTuple):
    """Names that may be keys of a mapping; and whether others may, unless they look like a slip of one of these."""

    names: set[str]
    others: bool = False


def _is_known(part: str, entry: Any, mapping: Any, arguments: _Arguments) -> bool:
    """Tell whether something reads a new entry of a mapping."""
    states_type = isinstance(entry, Mapping) and 'type' in entry and 'type' not in mapping
    return part in arguments.names or states_type or (arguments.others and not nearest(part, arguments.names))


def _refusal(config: Mapping[str, Any], key: str, parent: str, part: str, known: set[str]) -> str:
    elsewhere = [other for other in _keys(config) if other.split('.')[-1] == part]
    meant = nearest(part, sorted(known)) or elsewhere[:3]
    place = f'{parent} has no key' if parent else 'the config has no key'
    return (f'--cfg-options {key}: {place} {part!r}, and nothing would read it{did_you_mean(meant)} '
            f'Write {NEW}{key}=... if it is meant to be new.')


def _keys(mapping: Mapping[str, Any], before: str = '') -> Iterator[str]:
    """Every dotted key of nested mappings."""
    for key, value in mapping.items():
        yield before + key
        if isinstance(value, Mapping):
            yield from _keys(value, f'{before}{key}.')


def _arguments(path: list[str], mapping: Any) -> _Arguments:
    """What may be a key of a mapping."""
    if not path:
        return _Arguments({*inspect.signature(Runner.__init__).parameters, *READ_BY_RUNNER} - {'self', 'cfg'})
    if not isinstance(mapping, Mapping):
        return _Arguments(set())
    of_each = [_parameters(maker) for maker in _makers(path, mapping)]
    unknown_type = 'type' in mapping and not of_each  # building it will say so
    taken = {'type', '_scope_', *TAKEN_BY_RUNNER.get(path[0], set())}
    return _Arguments(taken.union(*(one.names for one in of_each)), unknown_type or any(one.others for one in of_each))


def _makers(path: list[str], mapping: Mapping[str, Any]) -> list[Callable[..., Any]]:
    """What is called with the keys of a mapping: classes of the name that it states, from every registry."""
    kind = mapping.get('type')
    if kind is None:
        return [WITHOUT_TYPE[path[0]]] if len(path) == 1 and path[0] in WITHOUT_TYPE else []
    if not isinstance(kind, str):
        return [kind] if callable(kind) else []
    register_all()
    found = []
    for held in vars(registry).values():
        while isinstance(held, Registry):  # not held.get(), which imports whatever the host names
            found.append(held.module_dict.get(kind.rsplit('.')[-1]))
            held = held.parent
    return [maker for maker in found if maker is not None]


def _parameters(maker: Callable[..., Any]) -> _Arguments:
    """Names of a class's arguments, with those that it hands on to its bases."""
    names: set[str] = set()
    for one in [vars(kind).get('__init__') for kind in inspect.getmro(maker)[:-1]] if isinstance(maker, type) else \
            [maker]:
        if one is None:
            continue
        parameters = inspect.signature(one).parameters.values()
        names |= {parameter.name for parameter in parameters if parameter.kind not in (
            parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)} - {'self'}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return _Arguments(names)
    return _Arguments(names, others=bool(names))
