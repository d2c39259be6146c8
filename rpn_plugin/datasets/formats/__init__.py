"""One reader per public layout of annotations, one common result."""
from __future__ import annotations

from rpn_plugin.datasets.formats.actionformer import ACTIONFORMER
from rpn_plugin.datasets.formats.activitynet import ACTIVITYNET
from rpn_plugin.datasets.formats.basnet import BASNET
from rpn_plugin.datasets.formats.label_table import LABEL_TABLE
from rpn_plugin.datasets.formats.layout import Annotations, Layout
from rpn_plugin.datasets.formats.mmaction2 import MMACTION2
from rpn_plugin.datasets.formats.plugin_json import PLUGIN
from rpn_plugin.datasets.formats.thumos14 import THUMOS14
from rpn_plugin.datasets.formats.wtalc import WTALC

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (
    PLUGIN, WTALC, BASNET, ACTIONFORMER, ACTIVITYNET, THUMOS14, MMACTION2, LABEL_TABLE)}

__all__ = ['LAYOUTS', 'Annotations', 'Layout', 'get_layout']


def get_layout(name: str) -> Layout:
    """The layout of that name.

    Raises:
        ValueError: If there is none; the message lists the known.
    """
    if name not in LAYOUTS:
        raise ValueError(f'Unknown layout {name!r}; known are {sorted(LAYOUTS)}.')
    return LAYOUTS[name]
