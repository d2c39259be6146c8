"""Finds the methods that can be trained, and which of them measure which row of the paper's Table 1."""
from __future__ import annotations

import re
from pathlib import Path

import mmengine

from rpn_plugin.command_line import did_you_mean, nearest

OWN = 'rpn'
"""The method that the others are compared with."""

CUSTOM = 'rpn_custom'
"""Its config for one's own videos; that of another method is ``<method>/<method>_custom``."""


def found_methods(configs: Path) -> dict[str, str]:
    """Return the methods with a config for one's own videos, :data:`OWN` first, each with the name of its paper.

    Args:
        configs: Folder with ``<method>/<method>_custom.py``, and ``metafile_methods.yml``, whose collections hold the
            papers' names; a method that it does not list is called by its folder.
    """
    listed = mmengine.load(configs / 'metafile_methods.yml')['Models']
    titles = {Path(model['Config']).parent.name: model['In Collection'] for model in listed}
    names = sorted(path.parent.name for path in configs.glob('*/*_custom.py')
                   if path.name == f'{path.parent.name}_custom.py')
    return {OWN: 'RPN', **{name: titles.get(name, name) for name in names}}


def chosen_methods(found: dict[str, str], names: list[str] | None) -> dict[str, str]:
    """Return a part of the methods, :data:`OWN` always among them; None takes all.

    Raises:
        ValueError: If there is no method of a name.
    """
    for name in names or ():
        if name not in found:
            raise ValueError(f'No method {name!r}{did_you_mean(nearest(name, found))} There are: {", ".join(found)}.')
    return {name: title for name, title in found.items() if names is None or name in (OWN, *names)}


def config_of(configs: Path, method: str, own: str) -> str | None:
    """Return the config of a method for the data of one of RPN's configs, e.g. ``cola/cola_custom``; None without one.

    Args:
        configs: Folder of the configs.
        method: As :func:`found_methods` has it.
        own: Name of RPN's config, e.g. :data:`CUSTOM`.
    """
    name = own if method == OWN else f'{method}/{own.replace(OWN, method, 1)}'
    return name if (configs / f'{name}.py').is_file() else None


def method_of_row(cell: str, methods: dict[str, str]) -> str | None:
    """Return the method that a row of the paper's Table 1 names; None if it is not there.

    >>> method_of_row('W-TALC (I3D) (Paul, Roy, and Roy-Chowdhury 2018)', dict(rpn='RPN', wtalc='W-TALC'))
    'wtalc'
    """
    letters = re.sub('[^a-z0-9]', '', cell.partition(' (')[0].lower())
    return next((method for method in methods if method.replace('_', '') == letters), None)
