"""Finds the methods that can be trained, and which of them measure which row of the paper's Table 1."""
from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mmengine
from mmengine.config import Config

from rpn_plugin.analysis.data_root import data_root
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


def first_stages(configs: Path, methods: Iterable[str], own: str, root: Path | None) -> dict[str, str]:
    """Return the methods that are a second stage, each with the method whose model its config holds as the first.

    Args:
        configs: Folder of the configs.
        methods: All that there are.
        own: Name of RPN's config, see :func:`config_of`.
        root: Data folder to read configs for one's own videos with.

    Raises:
        ValueError: If a first stage is no method's model.
    """
    files = {method: configs / f'{name}.py' for method in methods if (name := config_of(configs, method, own))}
    seconds = [method for method, file in files.items() if 'first_stage' in file.read_text(encoding='utf-8')]
    if not seconds:
        return {}
    with data_root(root):
        models = {method: Config.fromfile(file).to_dict()['model'] for method, file in files.items()}
    found = {}
    for method in seconds:
        first = {key: value for key, value in models[method]['first_stage'].items() if key != 'init_cfg'}
        same: list[Any] = [other for other, model in models.items() if model == first]
        if not same:
            raise ValueError(f'{files[method]}: its first stage is the model of none of {", ".join(files)}.')
        found[method] = same[0]
    return found


def method_of_row(cell: str, methods: dict[str, str]) -> str | None:
    """Return the method that a row of the paper's Table 1 names; None if it is not there.

    >>> method_of_row('W-TALC (I3D) (Paul, Roy, and Roy-Chowdhury 2018)', dict(rpn='RPN', wtalc='W-TALC'))
    'wtalc'
    """
    letters = re.sub('[^a-z0-9]', '', cell.partition(' (')[0].lower())
    return next((method for method in methods if method.replace('_', '') == letters), None)
