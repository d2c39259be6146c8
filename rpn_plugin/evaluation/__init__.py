"""Evaluation: segments in seconds to average precision."""
from rpn_plugin.evaluation.metrics import WTALMetric
from rpn_plugin.evaluation.protocols import PROTOCOLS, Protocol, get_protocol

__all__ = ['PROTOCOLS', 'Protocol', 'WTALMetric', 'get_protocol']
