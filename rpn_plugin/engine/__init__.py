"""What the host's runner calls."""
from rpn_plugin.engine.hooks import CooccurrenceHook, KeepFreedMemoryHook, TrainingLoggerHook

__all__ = ['CooccurrenceHook', 'KeepFreedMemoryHook', 'TrainingLoggerHook']
