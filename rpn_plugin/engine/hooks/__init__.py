"""Hooks."""
from rpn_plugin.engine.hooks.atomic_checkpoint_hook import AtomicCheckpointHook
from rpn_plugin.engine.hooks.config_check_hook import ConfigCheckHook
from rpn_plugin.engine.hooks.cooccurrence_hook import CooccurrenceHook
from rpn_plugin.engine.hooks.diagnosis_hook import DiagnosisHook
from rpn_plugin.engine.hooks.interruption_hook import InterruptionHook
from rpn_plugin.engine.hooks.localization_visualization_hook import LocalizationVisualizationHook
from rpn_plugin.engine.hooks.loss_record_hook import LossRecordHook
from rpn_plugin.engine.hooks.memory_hook import MemoryHook
from rpn_plugin.engine.hooks.nothing_detected_hook import NothingDetectedHook
from rpn_plugin.engine.hooks.progress_hook import ProgressHook
from rpn_plugin.engine.hooks.results_hook import ResultsHook
from rpn_plugin.engine.hooks.short_history_hook import ShortHistoryHook
from rpn_plugin.engine.hooks.standardization_hook import StandardizationHook
from rpn_plugin.engine.hooks.step_seed_hook import StepSeedHook
from rpn_plugin.engine.hooks.training_cost_hook import TrainingCostHook
from rpn_plugin.engine.hooks.training_logger_hook import TrainingLoggerHook
from rpn_plugin.engine.hooks.work_dir_lock_hook import WorkDirLockHook

__all__ = ['AtomicCheckpointHook', 'ConfigCheckHook', 'CooccurrenceHook', 'DiagnosisHook', 'InterruptionHook',
           'LocalizationVisualizationHook', 'LossRecordHook', 'MemoryHook', 'NothingDetectedHook', 'ProgressHook',
           'ResultsHook', 'ShortHistoryHook', 'StandardizationHook', 'StepSeedHook', 'TrainingCostHook',
           'TrainingLoggerHook', 'WorkDirLockHook']
