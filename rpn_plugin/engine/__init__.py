"""What the host's runner calls."""
from rpn_plugin.engine.hooks import CooccurrenceHook

__all__ = ['CooccurrenceHook']
