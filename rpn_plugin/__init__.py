"""The Relational Prototypical Network (RPN; not a region proposal network) for MMAction2: importing it registers all.

It is weakly-supervised temporal action localization: the times of actions in untrimmed videos, learned from labels of
whole videos. Where the host is not imported yet, the parts are registered when it is; see ``registration``.
"""
from rpn_plugin.on_demand import submodules_on_demand
from rpn_plugin.registration import register_with_host

__version__ = '0.2.0'
__all__ = ['compat', 'datasets', 'engine', 'evaluation', 'models', 'visualization']
__getattr__ = submodules_on_demand(__name__, __all__)

register_with_host()
