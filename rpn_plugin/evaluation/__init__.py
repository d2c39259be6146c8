"""Evaluation: segments in seconds to average precision. It needs neither the host nor torch, except for the metric."""
from typing import TYPE_CHECKING

from rpn_plugin.evaluation.evaluator import LocalizationEvaluator
from rpn_plugin.evaluation.functional import LocalizationResult, evaluate_localization
from rpn_plugin.evaluation.ground_truth import GroundTruth
from rpn_plugin.evaluation.protocols import PROTOCOLS, Protocol, get_protocol
from rpn_plugin.evaluation.video_sets import VIDEO_SETS, VideoSet, get_video_set
from rpn_plugin.on_demand import names_on_demand

if TYPE_CHECKING:
    from rpn_plugin.evaluation.metrics import WTALMetric

__all__ = ['GroundTruth', 'LocalizationEvaluator', 'LocalizationResult', 'PROTOCOLS', 'Protocol', 'VIDEO_SETS',
           'VideoSet', 'WTALMetric', 'evaluate_localization', 'get_protocol', 'get_video_set']
__getattr__ = names_on_demand(__name__, {'metrics': ['WTALMetric']})
