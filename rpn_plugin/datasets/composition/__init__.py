"""Composition of trimmed clips' features into untrimmed videos with exact borders."""
from __future__ import annotations

from rpn_plugin.datasets.composition.settings import DTYPES, SUBSETS, CompositionSettings
from rpn_plugin.datasets.composition.writer import Composition, compose

__all__ = ['DTYPES', 'SUBSETS', 'Composition', 'CompositionSettings', 'compose']
