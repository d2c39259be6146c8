"""Hooks."""
from rpn_plugin.engine.hooks.cooccurrence_hook import CooccurrenceHook
from rpn_plugin.engine.hooks.keep_freed_memory_hook import KeepFreedMemoryHook, keep_freed_memory
from rpn_plugin.engine.hooks.training_logger_hook import TrainingLoggerHook

__all__ = ['CooccurrenceHook', 'KeepFreedMemoryHook', 'TrainingLoggerHook', 'keep_freed_memory']
