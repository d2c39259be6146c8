"""Parts that the host's runner calls during training and testing."""
from rpn_plugin.engine.hooks import (
                                     AtomicCheckpointHook,
                                     CooccurrenceHook,
                                     DiagnosisHook,
                                     LocalizationVisualizationHook,
                                     ShortHistoryHook,
                                     StandardizationHook,
                                     StepSeedHook,
                                     TrainingLoggerHook,
)
from rpn_plugin.engine.loops import MinItersTrainLoop

__all__ = ['AtomicCheckpointHook', 'CooccurrenceHook', 'DiagnosisHook', 'LocalizationVisualizationHook',
           'MinItersTrainLoop', 'ShortHistoryHook', 'StandardizationHook', 'StepSeedHook', 'TrainingLoggerHook']
