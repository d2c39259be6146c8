"""What the host's runner calls."""
from rpn_plugin.engine.hooks import CooccurrenceHook, LocalizationVisualizationHook

__all__ = ['CooccurrenceHook', 'LocalizationVisualizationHook']
