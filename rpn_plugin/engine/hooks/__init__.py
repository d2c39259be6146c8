"""Hooks."""
from rpn_plugin.engine.hooks.atomic_checkpoint_hook import AtomicCheckpointHook
from rpn_plugin.engine.hooks.cooccurrence_hook import CooccurrenceHook
from rpn_plugin.engine.hooks.step_seed_hook import StepSeedHook

__all__ = ['AtomicCheckpointHook', 'CooccurrenceHook', 'StepSeedHook']
