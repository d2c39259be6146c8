"""Whole models: streams of untrimmed videos to detections."""
from rpn_plugin.models.localizers.base_localizer import BaseLocalizer
from rpn_plugin.models.localizers.boundary_localizer import BoundaryLocalizer
from rpn_plugin.models.localizers.host_localizer import HostLocalizer
from rpn_plugin.models.localizers.long_video import LongVideoScorer, reason_to_run_whole
from rpn_plugin.models.localizers.multi_stream_localizer import MultiStreamLocalizer
from rpn_plugin.models.localizers.proposal_localizer import ProposalLocalizer, proposal_features
from rpn_plugin.models.localizers.two_stage_localizer import TwoStageLocalizer
from rpn_plugin.models.localizers.weakly_supervised_localizer import WeaklySupervisedLocalizer

__all__ = ['BaseLocalizer', 'BoundaryLocalizer', 'HostLocalizer', 'LongVideoScorer', 'MultiStreamLocalizer',
           'ProposalLocalizer', 'TwoStageLocalizer', 'WeaklySupervisedLocalizer', 'proposal_features',
           'reason_to_run_whole']
