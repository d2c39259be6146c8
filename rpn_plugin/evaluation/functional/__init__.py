"""Pure evaluation functions."""
from rpn_plugin.evaluation.functional.average_precision import average_precision, classification_average_precision
from rpn_plugin.evaluation.functional.matching import Matches
from rpn_plugin.evaluation.functional.mean_ap import (
                                                      LocalizationResult,
                                                      MatchedDetections,
                                                      evaluate_localization,
                                                      match_detections,
)

__all__ = ['LocalizationResult', 'MatchedDetections', 'Matches', 'average_precision',
           'classification_average_precision', 'evaluate_localization', 'match_detections']
