"""One reader per public layout of annotations, one common result."""
from __future__ import annotations

from rpn_plugin.datasets.formats.layout import Annotations, Layout
from rpn_plugin.datasets.formats.plugin_json import PLUGIN

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (PLUGIN, )}

__all__ = ['LAYOUTS', 'Annotations', 'Layout', 'get_layout']


def get_layout(name: str) -> Layout:
    """The layout of that name.

    Raises:
        ValueError: If there is none; the message lists the known.
    """
    if name not in LAYOUTS:
        raise ValueError(f'Unknown layout {name!r}; known are {sorted(LAYOUTS)}.')
    return LAYOUTS[name]
