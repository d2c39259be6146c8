"""Metrics for the runner."""
from rpn_plugin.evaluation.metrics.wtal_metric import WTALMetric

__all__ = ['WTALMetric']
