"""Compares the weights of a checkpoint with the model that is to take them."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from rpn_plugin.files import shown, unsafe_text
from rpn_plugin.models.interfaces import MakesRoom

FIRST = 3
"""Of the weights that differ, so many are named."""


def differing_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Return what each weight that differs is in the model and in the checkpoint, by its key.

    Args:
        model: Its modules that keep ``interfaces.MakesRoom`` are given room for what the checkpoint has.
        weights: Of the checkpoint.
    """
    for prefix, module in model.named_modules():
        if isinstance(module, MakesRoom):
            module.make_room(weights, f'{prefix}.')
    expected, given = _shapes(model.state_dict()), _shapes(weights)
    return {name: f'expected {expected.get(name, "nothing")}, got {given.get(name, "nothing")}'
            for name in sorted(expected.keys() | given.keys()) if expected.get(name) != given.get(name)}


def require_fitting(path: str, differing: Mapping[str, str], checkpoint: str, model: str) -> None:
    """Refuse a checkpoint whose weights are not those of the model.

    Args:
        path: Of the checkpoint.
        differing: From :func:`differing_weights`.
        checkpoint: What the checkpoint is of, from :func:`described_model`.
        model: What the model is.

    Raises:
        ValueError: Names both and the first weights that differ.
    """
    if differing:
        raise ValueError(f'{path}: its weights are those of another model. The checkpoint is of {checkpoint}; the '
                         f'model is {model}. {first_of(differing)}. Use the config '
                         f'that it was trained with, or --allow-partial to load what fits and leave the rest as it is.')


def first_of(differing: Mapping[str, str]) -> str:
    """Return how many weights differ, and the first of them, as text."""
    number = f'{len(differing)} weight{" differs" if len(differing) == 1 else "s differ"}'
    more = f' and {len(differing) - FIRST} more' if len(differing) > FIRST else ''
    return f'{number}: ' + '; '.join(f'{name}: {what}' for name, what in list(differing.items())[:FIRST]) + more


def described_model(config: Mapping[str, Any] | None, num_classes: int | None = None) -> str:
    """Return heads, number of classes and widths of features of a model's config in a few words.

    Args:
        config: Of the model; None where it is not known.
        num_classes: Of the data that it was trained on; None takes what neck and head state.

    >>> described_model(dict(embedding=dict(in_channels=8), head=dict(type='RPNHead'), neck=dict(num_classes=3)))
    'RPNHead for 3 classes and features of D=8'
    """
    parts = list(_parts(config or {}))
    heads = _stated(parts, ('head', ), 'type')
    widths = _stated(parts, ('embedding', ), 'in_channels') or _stated(parts, ('head', ), 'in_channels')
    classes = [str(num_classes)] if num_classes is not None else _stated(parts, ('neck', 'head', 'cls_head'),
                                                                         'num_classes')
    name = ' and '.join(heads) or _in_words((config or {}).get('type', 'an unknown model'))
    counted = f' for {" and ".join(classes)} classes' if classes else ''
    return name + counted + (f' and features of D={", ".join(widths)}' if widths else '')


def _stated(parts: Sequence[tuple[str, Mapping[str, Any]]], places: Collection[str], key: str) -> list[str]:
    """Return what the parts in these places state under a key, each value once."""
    return list(dict.fromkeys(_in_words(part[key]) for place, part in parts if place in places and key in part))


def _in_words(value: Any) -> str:
    return value if isinstance(value, str) and not unsafe_text(value) else shown(value)


def _parts(config: Any, key: str = '') -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every mapping with the key that holds it."""
    if isinstance(config, Mapping):
        yield key, config
        for name, part in config.items():
            yield from _parts(part, str(name))


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights.items()}
