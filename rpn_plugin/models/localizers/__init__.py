"""Localizers: streams in, losses or segments out."""
from rpn_plugin.models.localizers.host_localizer import HostLocalizer
from rpn_plugin.models.localizers.long_video import LongVideoScorer, can_be_split
from rpn_plugin.models.localizers.multi_stream_localizer import MultiStreamLocalizer
from rpn_plugin.models.localizers.weakly_supervised_localizer import WeaklySupervisedLocalizer

__all__ = ['HostLocalizer', 'LongVideoScorer', 'MultiStreamLocalizer', 'WeaklySupervisedLocalizer', 'can_be_split']
