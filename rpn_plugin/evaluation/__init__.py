"""Evaluation: segments in seconds to average precision."""
from rpn_plugin.evaluation.ground_truth import GroundTruth
from rpn_plugin.evaluation.metrics import WTALMetric
from rpn_plugin.evaluation.protocols import PROTOCOLS, Protocol, get_protocol
from rpn_plugin.evaluation.video_sets import VIDEO_SETS, VideoSet, get_video_set

__all__ = ['GroundTruth', 'PROTOCOLS', 'Protocol', 'VIDEO_SETS', 'VideoSet', 'WTALMetric', 'get_protocol',
           'get_video_set']
