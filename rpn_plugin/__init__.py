"""Weakly-supervised temporal action localization for MMAction2. Importing it registers every part."""
from rpn_plugin import compat  # isort: skip  (mends the host before anything of it is imported)
from rpn_plugin import datasets, engine, evaluation, models, visualization

__version__ = '0.1.0'
__all__ = ['compat', 'datasets', 'engine', 'evaluation', 'models', 'visualization']
