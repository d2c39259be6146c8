"""Registers every part with the host, at once or as soon as the host is there.

Importing the host takes seconds, and who only evaluates does not need it, so ``import rpn_plugin`` does not import it.
Where the host is imported already, as by every config that names ``rpn_plugin`` among its ``custom_imports``, every
part is registered at once. Elsewhere the host's faults are mended right after its import, whoever imports it, and its
registries learn where to find our parts, which they import when they are first asked for one.
"""
from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ROOMS = ('datasets', 'engine', 'evaluation.metrics', 'models', 'visualization')
"""Where parts register themselves."""


def register_all() -> None:
    """Mend the host and import every part."""
    for name in ('compat', *ROOMS):  # the first mends it before anything of it is imported
        importlib.import_module(f'rpn_plugin.{name}')


def register_with_host() -> None:
    """Register every part if the host is imported already, else when it is."""
    if 'mmengine' in sys.modules:
        register_all()
    elif not any(isinstance(finder, _HostWatcher) for finder in sys.meta_path):
        sys.meta_path.insert(0, _HostWatcher())


def _mend_host() -> None:
    importlib.import_module('rpn_plugin.compat')


def _tell_registries() -> None:
    """Name this module as the first place where a registry of the host looks for its parts."""
    from mmengine.registry import Registry
    for registry in vars(sys.modules['mmaction.registry']).values():
        if isinstance(registry, Registry) and registry.scope == 'mmaction':
            registry._locations.insert(0, 'rpn_plugin.all_parts')


class _HostWatcher(MetaPathFinder):
    """Finds the host's modules as Python does, and has something done right after they are executed."""

    then = {'mmengine': _mend_host, 'mmaction.registry': _tell_registries}

    def __init__(self) -> None:
        self.is_searching = False

    def find_spec(self, fullname: str, path: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec that the other finders give, with another loader; None for any other module."""
        if fullname not in self.then or self.is_searching:
            return None
        self.is_searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self.is_searching = False
        if spec is not None and spec.loader is not None:
            spec.loader = _LoaderThen(spec.loader, self.then[fullname])
        return spec


class _LoaderThen(Loader):
    """Loads as another loader does, which it leaves to the module, and calls a function in the end."""

    def __init__(self, loader: Loader, call: Callable[[], None]) -> None:
        self.loader, self.call = loader, call

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the other loader makes."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, and make the call."""
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.call()
