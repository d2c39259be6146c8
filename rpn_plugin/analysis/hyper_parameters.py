"""A hyper-parameter with the choices that a search may make, and what a choice changes in a config."""
from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mmengine.config import Config

Changes = Mapping[str, Any]
"""Dotted keys of a config and their values, as ``Config.merge_from_dict`` takes them."""

KINDS = ('training', 'scale', 'testing')
"""What another choice costs. ``training``: a training. ``scale`` and ``testing``: a test, since only testing reads it;
``scale`` must be chosen anew for every training, because it multiplies distances whose scale the training decides."""

KEEP = 'as is'
"""Choice of every hyper-parameter that changes nothing."""


@dataclass(frozen=True)
class HyperParameter:
    """One hyper-parameter with its choices.

    Args:
        name: What logs and pictures call it.
        choices: Name of each choice, in order of size where there is one, to the changes that it makes.
        kind: One of :data:`KINDS`.
        further: Choices of numbers beyond the ends of ``choices``, to be tried where an end did best.
    """

    name: str
    choices: Mapping[str, Changes]
    kind: str
    further: Mapping[str, Changes] = field(default_factory=dict)

    @property
    def every_choice(self) -> Mapping[str, Changes]:
        """All choices, the further ones among them, in order of size where there are any."""
        every = {**self.choices, **self.further}
        return {choice: every[choice] for choice in sorted(every, key=float)} if self.further else every

    def beyond(self, choice: str | None) -> list[str]:
        """Return the further choices on the side of a choice that is an end; none for any other."""
        if not self.further or choice is None or choice not in self.choices:
            return []
        values, own = sorted(map(float, self.choices)), float(choice)
        return [further for further in self.further
                if float(further) < values[0] == own or float(further) > values[-1] == own]


Setting = Mapping[str, str]
"""Choice of each hyper-parameter by its name; one that is not there keeps the config's own."""

def apply(config: Config, changes: Iterable[Changes]) -> Config:
    """Return a copy of the config with changes."""
    config = copy.deepcopy(config)
    for change in changes:
        config.merge_from_dict(copy.deepcopy(dict(change)))
    return config


def changes_of(hyper_parameters: Mapping[str, HyperParameter], setting: Setting) -> list[Changes]:
    """Return what a setting changes, in the order of the hyper-parameters.

    Raises:
        KeyError: If it names an unknown hyper-parameter or choice.
    """
    unknown = set(setting) - set(hyper_parameters)
    if unknown:
        raise KeyError(f'Unknown hyper-parameters {sorted(unknown)}; known are {sorted(hyper_parameters)}.')
    return [hyper_parameter.every_choice[setting[name]] for name, hyper_parameter in hyper_parameters.items()
            if setting.get(name, KEEP) != KEEP]


def other_choices(config: Config, hyper_parameter: HyperParameter) -> list[str]:
    """Return the choices that are not the config's own already."""
    own = config.to_dict()
    return [choice for choice, changes in hyper_parameter.choices.items()
            if apply(config, [changes]).to_dict() != own]


def value_of(config: Config, hyper_parameter: HyperParameter) -> Any:
    """Return the value that the config gives to a hyper-parameter.

    Raises:
        KeyError: If the config leaves it to a default.
    """
    value: Any = config
    for part in next(iter(next(iter(hyper_parameter.choices.values())))).split('.'):
        value = value[part]
    return value


def numbers(name: str, values: Iterable[float], keys: Sequence[str], kind: str,
            further: Iterable[float] = ()) -> HyperParameter:
    """Return a hyper-parameter whose choices are numbers, put at every key.

    >>> numbers('rate', (0.1, ), ['optimizer.lr'], kind='training').choices
    {'0.1': {'optimizer.lr': 0.1}}
    """
    choices, beyond = ({f'{value:g}': dict.fromkeys(keys, value) for value in some} for some in (values, further))
    return HyperParameter(name, choices, kind, beyond)
