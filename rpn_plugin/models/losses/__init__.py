"""Losses on video-level labels."""
from rpn_plugin.models.losses.attention_losses import (
    AttentionContrastLoss,
    AttentionGuideLoss,
    AttentionNormLoss,
    AttentionSelectionLoss,
    MutualAttentionLoss,
)
from rpn_plugin.models.losses.branch_losses import BranchDiversityLoss, BranchNormLoss
from rpn_plugin.models.losses.clustering_loss import ClusteringLoss
from rpn_plugin.models.losses.co_activity_loss import CoActivityLoss
from rpn_plugin.models.losses.distillation_loss import DistillationLoss
from rpn_plugin.models.losses.evidence_losses import EvidenceLoss, UncertaintyGuideLoss
from rpn_plugin.models.losses.feature_magnitude_loss import FeatureMagnitudeLoss, MagnitudeOrderLoss
from rpn_plugin.models.losses.global_batch import global_batch_mean, global_mean
from rpn_plugin.models.losses.graph_losses import ComplementaryLoss, FeatureConsistencyLoss
from rpn_plugin.models.losses.outer_inner_loss import OuterInnerLoss
from rpn_plugin.models.losses.proposal_losses import CompletenessLoss, ProposalConsistencyLoss
from rpn_plugin.models.losses.sigmoid_bce_loss import SigmoidBCELoss
from rpn_plugin.models.losses.snippet_contrast_loss import SnippetContrastLoss
from rpn_plugin.models.losses.softmax_bce_loss import SoftmaxBCELoss
from rpn_plugin.models.losses.video_classification_loss import VideoClassificationLoss

__all__ = ['AttentionContrastLoss', 'AttentionGuideLoss', 'AttentionNormLoss', 'AttentionSelectionLoss',
           'BranchDiversityLoss', 'BranchNormLoss', 'ClusteringLoss', 'CoActivityLoss', 'ComplementaryLoss',
           'CompletenessLoss', 'DistillationLoss', 'EvidenceLoss', 'FeatureConsistencyLoss', 'FeatureMagnitudeLoss',
           'MagnitudeOrderLoss', 'MutualAttentionLoss', 'OuterInnerLoss', 'ProposalConsistencyLoss', 'SigmoidBCELoss',
           'SnippetContrastLoss', 'SoftmaxBCELoss', 'UncertaintyGuideLoss', 'VideoClassificationLoss',
           'global_batch_mean', 'global_mean']
