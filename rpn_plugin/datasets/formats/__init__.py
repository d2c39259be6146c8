"""Readers of the public layouts of annotations, one for each; all give the same records."""
from __future__ import annotations

from rpn_plugin.datasets.formats.actionformer import ACTIONFORMER
from rpn_plugin.datasets.formats.activitynet import ACTIVITYNET
from rpn_plugin.datasets.formats.basnet import BASNET
from rpn_plugin.datasets.formats.label_table import LABEL_TABLE
from rpn_plugin.datasets.formats.layout import Annotations, DataLayout, require_instances, require_labels
from rpn_plugin.datasets.formats.mmaction2 import MMACTION2
from rpn_plugin.datasets.formats.plugin_json import PLUGIN
from rpn_plugin.datasets.formats.thumos14 import THUMOS14
from rpn_plugin.datasets.formats.wtalc import WTALC

LAYOUTS: dict[str, DataLayout] = {layout.name: layout for layout in (
    PLUGIN, WTALC, BASNET, ACTIONFORMER, ACTIVITYNET, THUMOS14, MMACTION2, LABEL_TABLE)}
"""Layouts by the name that configs and tools have for them; :func:`register_layout` adds others."""

__all__ = ['LAYOUTS', 'Annotations', 'DataLayout', 'get_layout', 'register_layout', 'require_instances',
           'require_labels']


def get_layout(name: str) -> DataLayout:
    """Look a layout up by its name.

    Raises:
        ValueError: If there is none; the message lists those that are known.
    """
    if name not in LAYOUTS:
        raise ValueError(f'Unknown layout {name!r}; known are {sorted(LAYOUTS)}. Your own is known as soon as the '
                         f'module that registers it is imported (custom_imports of a config, --import of a tool).')
    return LAYOUTS[name]


def register_layout(layout: DataLayout) -> None:
    """Make a layout from outside this package known by its name to data sets, conversion and checks.

    Raises:
        ValueError: If another layout has the name.
    """
    if layout.name in LAYOUTS:
        raise ValueError(f'There is a layout {layout.name!r} already ({LAYOUTS[layout.name].description}). Give yours '
                         f'another name.')
    LAYOUTS[layout.name] = layout
