"""Names of a package whose modules are imported when the names are first used (PEP 562)."""
from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def names_on_demand(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package that offers names of its modules without importing these at once.

    Args:
        package: Its name.
        modules: The names that it offers by the module, inside the package, that has them.
    """
    module_of = {name: f'{package}.{module}' for module, names in modules.items() for name in names}

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        return getattr(importlib.import_module(module_of[name]), name)

    return get


def submodules_on_demand(package: str, names: Sequence[str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package that imports its modules when they are first used."""

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        return importlib.import_module(f'{package}.{name}')

    return get
