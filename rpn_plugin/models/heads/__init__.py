"""Heads: embedded snippets to scores."""
from rpn_plugin.models.heads.action_selection_head import ActionSelectionHead
from rpn_plugin.models.heads.actionness_head import ActionnessHead
from rpn_plugin.models.heads.background_suppression_head import BackgroundSuppressionHead
from rpn_plugin.models.heads.boundary_head import BoundaryHead
from rpn_plugin.models.heads.cross_modal_head import CrossModalHead
from rpn_plugin.models.heads.fac_head import FACHead
from rpn_plugin.models.heads.hybrid_attention_head import HybridAttentionHead
from rpn_plugin.models.heads.multi_branch_head import MultiBranchHead
from rpn_plugin.models.heads.proposal_head import ProposalHead
from rpn_plugin.models.heads.representative_snippet_head import RepresentativeSnippetHead
from rpn_plugin.models.heads.rpn_head import RPNHead, TemporalAttention, prototype_similarity
from rpn_plugin.models.heads.sparse_pooling_head import SparsePoolingHead
from rpn_plugin.models.heads.three_way_attention_head import ThreeWayAttentionHead
from rpn_plugin.models.heads.top_k_mil_head import TopKMILHead
from rpn_plugin.models.heads.uncertainty_head import UncertaintyHead
from rpn_plugin.models.heads.untrimmed_net_head import UntrimmedNetHead
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead

__all__ = ['ActionSelectionHead', 'ActionnessHead', 'BackgroundSuppressionHead', 'BoundaryHead', 'CrossModalHead',
           'FACHead', 'HybridAttentionHead', 'MultiBranchHead', 'ProposalHead', 'RPNHead', 'RepresentativeSnippetHead',
           'SparsePoolingHead', 'TemporalAttention', 'ThreeWayAttentionHead', 'TopKMILHead', 'UncertaintyHead',
           'UntrimmedNetHead', 'WeaklySupervisedHead', 'prototype_similarity']
