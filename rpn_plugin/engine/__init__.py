"""What the host's runner calls."""
from rpn_plugin.engine.hooks import AtomicCheckpointHook, CooccurrenceHook, StepSeedHook

__all__ = ['AtomicCheckpointHook', 'CooccurrenceHook', 'StepSeedHook']
