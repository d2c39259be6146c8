"""Compares the config of a resumed run with that of its checkpoint."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

OF_CHECKPOINT = ('optim_wrapper.optimizer.', 'optim_wrapper.paramwise_cfg.', 'param_scheduler', 'auto_scale_lr.',
                 'randomness.seed')
"""Settings that are part of the state that a checkpoint restores."""
TYPE = 'optim_wrapper.optimizer.type'
"""This is none of them: another optimizer takes the state over, or fails at it."""
OF_CONFIG = ('model.', 'train_dataloader.', 'optim_wrapper.', 'train_cfg.')
"""Settings that count from the moment of resuming on."""
WITHOUT_EFFECT = {'num_workers', 'persistent_workers', 'prefetch_factor', 'pin_memory', 'cache_gib', 'cache_device',
                  'val_interval', 'val_begin', 'dynamic_intervals'}
"""Last parts of the names of settings that change no number."""

NOTHING = 'nothing'


@dataclass
class ChangedSettings:
    """Settings that are not those of the checkpoint, one line each.

    Args:
        ignored: Those that are not used, since the state of the checkpoint goes on.
        counting: Those that count from here on.
    """

    ignored: list[str] = field(default_factory=list)
    counting: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = []
        if self.ignored:
            lines += ['These settings are NOT used, since optimizer, schedule and seed go on as in the checkpoint:',
                      *(f'  {line}' for line in self.ignored),
                      'To train with them, start from the weights alone: load_from=<checkpoint> without --resume.']
        if self.counting:
            lines += ['These settings are not those of the checkpoint and are used from here on, so that the outcome '
                      'is not that of one unbroken run:', *(f'  {line}' for line in self.counting)]
        return '\n'.join(lines)


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> ChangedSettings:
    """Find the settings of training that differ; what only logs, tests or names folders is not looked at.

    Args:
        before: Config of the checkpoint.
        now: Config of the resumed run.
    """
    old, new = dict(flat_settings(before)), dict(flat_settings(now))
    changed = ChangedSettings()
    for name in dict.fromkeys([*old, *new]):
        values = old.get(name, NOTHING), new.get(name, NOTHING)
        if values[0] == values[1] or name.rsplit('.', 1)[-1] in WITHOUT_EFFECT:
            continue
        if name.startswith(OF_CHECKPOINT) and name != TYPE:
            changed.ignored.append(f'{name}: {values[1]} in the config, {values[0]} in the checkpoint')
        elif name.startswith(OF_CONFIG):
            changed.counting.append(f'{name}: {values[1]}, and {values[0]} in the checkpoint')
    return changed


def flat_settings(value: Any, name: str = '') -> Iterator[tuple[str, Any]]:
    """Yield every setting by its dotted name; a list has numbers as keys, and a tuple is one."""
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value)) if any(isinstance(item, (Mapping, list, tuple)) for item in value) else value
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from flat_settings(part, f'{name}.{key}' if name else str(key))
    else:
        yield name, list(value) if isinstance(value, tuple) else value
