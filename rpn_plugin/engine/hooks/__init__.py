"""Hooks."""
from rpn_plugin.engine.hooks.cooccurrence_hook import CooccurrenceHook
from rpn_plugin.engine.hooks.localization_visualization_hook import LocalizationVisualizationHook

__all__ = ['CooccurrenceHook', 'LocalizationVisualizationHook']
