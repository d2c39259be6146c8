"""Pure evaluation functions."""
from rpn_plugin.evaluation.functional.average_precision import (Detections, classification_average_precision,
                                                                interpolated_average_precision, match_detections)
from rpn_plugin.evaluation.functional.mean_ap import LocalizationResult, VideoSegments, evaluate_localization

__all__ = ['Detections', 'LocalizationResult', 'VideoSegments', 'classification_average_precision',
           'evaluate_localization', 'interpolated_average_precision', 'match_detections']
