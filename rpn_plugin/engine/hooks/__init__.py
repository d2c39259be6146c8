"""Hooks."""
from rpn_plugin.engine.hooks.cooccurrence_hook import CooccurrenceHook

__all__ = ['CooccurrenceHook']
