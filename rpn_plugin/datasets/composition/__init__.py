"""Untrimmed recordings with exact borders, composed of trimmed clips' features."""
from __future__ import annotations

from rpn_plugin.datasets.composition.recipe import DTYPES, SUBSETS, CompositionRecipe
from rpn_plugin.datasets.composition.writer import Composition, compose

__all__ = ['DTYPES', 'SUBSETS', 'Composition', 'CompositionRecipe', 'compose']
