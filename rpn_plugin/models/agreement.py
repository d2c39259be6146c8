"""Compares what a model states with the data that it is to read, and data with data, before anything is computed.

``ConfigCheckHook`` asks before training and testing, and whoever checks a config may ask as well: a model is compared
with a :class:`DataSummary`, however that was obtained. A part that states nothing is not compared.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from rpn_plugin.models.data_preprocessor import SnippetDataPreprocessor, Standardization
from rpn_plugin.models.interfaces import HasClasses, HasWidth, Network
from rpn_plugin.models.localizers import BaseLocalizer
from rpn_plugin.structures import describe_recipe, same_recipe


@dataclass(frozen=True)
class DataSummary:
    """What a model and other data must agree with; what is not known is None or empty.

    Args:
        name: Of the data in a sentence, such as ``the training data``.
        classes: C names in order.
        widths: Stream to D; None where it is not known, as of videos that are still to be encoded.
        recipe: When each feature was seen, see ``SnippetClock.from_recipe``.
    """

    name: str
    classes: tuple[str, ...] | None = None
    widths: Mapping[str, int | None] = field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None


def stated_classes(model: nn.Module) -> dict[str, int]:
    """Number of classes of the data that a network's neck or head states, by its name.

    Modules inside them are not asked: a head may classify background, too.
    """
    networks = model.networks if isinstance(model, BaseLocalizer) else {}
    return {f'the {part} of network {name}': getattr(network, part).num_classes for name, network in networks.items()
            for part in ('neck', 'head') if isinstance(getattr(network, part, None), HasClasses)}


def disagreements_with_data(model: nn.Module, data: DataSummary) -> list[str]:
    """Sentences about what of the data does not fit a model: classes, streams and widths, with what to do.

    Args:
        model: Any; only a :class:`BaseLocalizer` states something.
        data: What it is to read.
    """
    found = []
    if data.classes is not None:
        parts: dict[int, list[str]] = {}
        for part, number in stated_classes(model).items():
            parts.setdefault(number, []).append(part)
        found += [f'{names[0][0].upper()}{" and ".join(names)[1:]} {"are" if names[1:] else "is"} for {number} '
                  f'classes, but {data.name} have {len(data.classes)} ({_listed(data.classes)}): set '
                  f'num_classes={len(data.classes)}.'
                  for number, names in parts.items() if number != len(data.classes)]
    if isinstance(model, BaseLocalizer) and data.widths:
        for name, network in model.networks.items():
            found += _of_streams(name, network, data)
        found += _of_statistics(model, data)
    return found


def _of_streams(name: str, network: Network, data: DataSummary) -> list[str]:
    there = list(data.widths)
    streams = network.streams or tuple(there)
    missing = [stream for stream in streams if stream not in data.widths]
    if missing:
        return [f'Network {name} reads {_listed(streams)}, but {data.name} have the streams {there}: name them alike '
                f"in the model's streams and in data_prefix."]
    if network.streams is None and len(there) > 1:
        return [f"{data.name[0].upper()}{data.name[1:]} have the streams {there}: name those to use in the localizer's "
                f'streams.']
    embedding = getattr(network, 'embedding', None)
    first = getattr(network, 'head', None) if embedding is None else embedding  # which reads the features
    widths = [width for stream in streams if (width := data.widths[stream]) is not None]
    if not isinstance(first, HasWidth) or len(widths) < len(streams) or sum(widths) == first.in_channels:
        return []
    return [f'Network {name} expects features of width D={first.in_channels}, but in {data.name} {_listed(streams)} '
            f'{"have" if len(streams) > 1 else "has"} D={" + ".join(map(str, widths))}: set in_channels={sum(widths)}, '
            f'or read the features that it was made for.']


def _of_statistics(model: BaseLocalizer, data: DataSummary) -> list[str]:
    """Compare with the widths of the features that a trained model standardizes by."""
    preprocessor = model.data_preprocessor
    if not isinstance(preprocessor, SnippetDataPreprocessor):
        return []
    widths = {stream: len(standardization.mean) for stream, standardization in preprocessor.standardizations.items()
              if isinstance(standardization, Standardization)}
    return [f'The model was trained on features {stream} of width D={width}, but {data.name} have '
            f'D={data.widths[stream]}: extract them as for its training.'
            for stream, width in widths.items() if data.widths.get(stream) not in (None, width)]


def disagreements_between(first: DataSummary, second: DataSummary) -> list[str]:
    """Sentences about classes, streams, widths and recipe of data that one model is to read and that differ.

    Args:
        first: What the model is trained on.
        second: What it is tested on.
    """
    found = []
    if first.classes is not None and second.classes is not None and first.classes != second.classes:
        found.append(_of_classes(first, second))
    for stream in first.widths.keys() & second.widths.keys():
        widths = first.widths[stream], second.widths[stream]
        if None not in widths and widths[0] != widths[1]:
            found.append(f'The features {stream} of {first.name} are of width D={widths[0]}, but those of '
                         f'{second.name} of D={widths[1]}: take both from one extraction.')
    if first.widths and second.widths and first.widths.keys() != second.widths.keys():
        found.append(f'{first.name[0].upper()}{first.name[1:]} have the streams {sorted(first.widths)}, but '
                     f'{second.name} have {sorted(second.widths)}: name the same ones in both.')
    if first.recipe is not None and second.recipe is not None and not same_recipe(first.recipe, second.recipe):
        found.append(f'The features of {first.name} are {describe_recipe(first.recipe)}, but those of {second.name} '
                     f'are {describe_recipe(second.recipe)}: extract both alike, or correct what is stated.')
    return found


def _of_classes(first: DataSummary, second: DataSummary) -> str:
    one, two = first.classes or (), second.classes or ()
    if sorted(one) == sorted(two):
        place = next(index for index, names in enumerate(zip(one, two)) if names[0] != names[1])
        differ = f'the same {len(one)} classes in another order (class {place} is {one[place]!r} and {two[place]!r})'
    else:
        differ = (f'{len(one)} and {len(two)} classes, of which {_listed(sorted(set(one) ^ set(two)))} are in one of '
                  f'them only')
    return (f'{first.name[0].upper()}{first.name[1:]} and {second.name} have {differ}: their order is what the numbers '
            f'of the classes mean, so make both the same.')


def _listed(names: Any, most: int = 4) -> str:
    listed = ', '.join(map(repr, list(names)[:most]))
    return listed + (', ...' if len(names) > most else '')
