"""The Relational Prototypical Network (RPN; not a region proposal network) for MMAction2: importing it registers all.

It is weakly-supervised temporal action localization: the times of actions in untrimmed videos, learned from labels of
whole videos.
"""
from rpn_plugin import compat  # isort: skip  (mends the host before anything of it is imported)
from rpn_plugin import datasets, engine, evaluation, models, visualization

__version__ = '0.2.0'
__all__ = ['compat', 'datasets', 'engine', 'evaluation', 'models', 'visualization']
