"""Parts that the host's runner calls during training and testing."""
from rpn_plugin.engine.hooks import (
                                     AtomicCheckpointHook,
                                     CooccurrenceHook,
                                     LocalizationVisualizationHook,
                                     ShortHistoryHook,
                                     StepSeedHook,
                                     TrainingLoggerHook,
)

__all__ = ['AtomicCheckpointHook', 'CooccurrenceHook', 'LocalizationVisualizationHook', 'ShortHistoryHook',
           'StepSeedHook', 'TrainingLoggerHook']
