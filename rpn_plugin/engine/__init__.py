"""Parts that the host's runner calls during training and testing."""
from rpn_plugin.engine.hooks import (
                                     AtomicCheckpointHook,
                                     ConfigCheckHook,
                                     CooccurrenceHook,
                                     DiagnosisHook,
                                     InterruptionHook,
                                     LocalizationVisualizationHook,
                                     LossRecordHook,
                                     MemoryHook,
                                     NothingDetectedHook,
                                     ProgressHook,
                                     ResultsHook,
                                     ShortHistoryHook,
                                     StandardizationHook,
                                     StepSeedHook,
                                     TrainingCostHook,
                                     TrainingLoggerHook,
                                     WorkDirLockHook,
)
from rpn_plugin.engine.loops import MinItersTrainLoop

__all__ = ['AtomicCheckpointHook', 'ConfigCheckHook', 'CooccurrenceHook', 'DiagnosisHook', 'InterruptionHook',
           'LocalizationVisualizationHook', 'LossRecordHook', 'MemoryHook', 'MinItersTrainLoop', 'NothingDetectedHook',
           'ProgressHook', 'ResultsHook', 'ShortHistoryHook', 'StandardizationHook', 'StepSeedHook', 'TrainingCostHook',
           'TrainingLoggerHook', 'WorkDirLockHook']
