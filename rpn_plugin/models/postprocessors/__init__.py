"""Post-processing of scores into segments."""
from rpn_plugin.models.postprocessors.cluster_fusion import ClusterFusion
from rpn_plugin.models.postprocessors.multi_cut_proposals import MultiCutProposals
from rpn_plugin.models.postprocessors.nms import TemporalNMS, hard_nms, once_decayed_nms, own_length_nms, soft_nms
from rpn_plugin.models.postprocessors.proposals import CONFIDENCES, ThresholdProposals, group_runs
from rpn_plugin.models.postprocessors.similarity_weighting import SimilarityWeighting
from rpn_plugin.models.postprocessors.take_sequences import TakeSequences

__all__ = ['CONFIDENCES', 'ClusterFusion', 'MultiCutProposals', 'SimilarityWeighting', 'TakeSequences', 'TemporalNMS',
           'ThresholdProposals', 'group_runs', 'hard_nms', 'once_decayed_nms', 'own_length_nms', 'soft_nms']
