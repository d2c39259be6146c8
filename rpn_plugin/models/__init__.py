"""The model: snippets to segments."""
from rpn_plugin.models.backbones import InceptionI3D
from rpn_plugin.models.data_preprocessor import SnippetDataPreprocessor
from rpn_plugin.models.embeddings import TemporalConvEmbedding
from rpn_plugin.models.heads import (
                                          ActionnessHead,
                                          ActionSelectionHead,
                                          BackgroundSuppressionHead,
                                          CrossModalHead,
                                          FACHead,
                                          HybridAttentionHead,
                                          MultiBranchHead,
                                          ProposalHead,
                                          RepresentativeSnippetHead,
                                          RPNHead,
                                          SparsePoolingHead,
                                          ThreeWayAttentionHead,
                                          TopKMILHead,
                                          UncertaintyHead,
                                          UntrimmedNetHead,
                                          WeaklySupervisedHead,
)
from rpn_plugin.models.localizers import (
                                          BaseLocalizer,
                                          HostLocalizer,
                                          MultiStreamLocalizer,
                                          ProposalLocalizer,
                                          TwoStageLocalizer,
                                          WeaklySupervisedLocalizer,
)
from rpn_plugin.models.losses import (
                                          AttentionContrastLoss,
                                          AttentionGuideLoss,
                                          AttentionNormLoss,
                                          AttentionSelectionLoss,
                                          BranchDiversityLoss,
                                          BranchNormLoss,
                                          ClusteringLoss,
                                          CoActivityLoss,
                                          ComplementaryLoss,
                                          CompletenessLoss,
                                          DistillationLoss,
                                          EvidenceLoss,
                                          FeatureConsistencyLoss,
                                          FeatureMagnitudeLoss,
                                          MagnitudeOrderLoss,
                                          MutualAttentionLoss,
                                          ProposalConsistencyLoss,
                                          SigmoidBCELoss,
                                          SnippetContrastLoss,
                                          SoftmaxBCELoss,
                                          UncertaintyGuideLoss,
                                          VideoClassificationLoss,
                                          global_batch_mean,
                                          global_mean,
)
from rpn_plugin.models.necks import (
                                          AttentionGCN,
                                          CooccurrenceGCN,
                                          FullyConnectedPrototypes,
                                          LearnableLabels,
                                          OneHotLabels,
                                          RandomPrototypes,
                                          WordVectorLabels,
)
from rpn_plugin.models.postprocessors import (
                                          ClusterFusion,
                                          MultiCutProposals,
                                          SimilarityWeighting,
                                          TakeSequences,
                                          TemporalNMS,
                                          ThresholdProposals,
)
from rpn_plugin.models.snippet_encoder import FrozenSnippetEncoder, VideoDataPreprocessor

__all__ = ['ActionSelectionHead', 'ActionnessHead', 'AttentionContrastLoss', 'AttentionGCN', 'AttentionGuideLoss',
           'AttentionNormLoss', 'AttentionSelectionLoss', 'BackgroundSuppressionHead', 'BaseLocalizer',
           'BranchDiversityLoss', 'BranchNormLoss', 'ClusterFusion', 'ClusteringLoss', 'CoActivityLoss',
           'ComplementaryLoss', 'CompletenessLoss', 'CooccurrenceGCN', 'CrossModalHead', 'DistillationLoss',
           'EvidenceLoss', 'FACHead', 'FeatureConsistencyLoss', 'FeatureMagnitudeLoss', 'FrozenSnippetEncoder',
           'FullyConnectedPrototypes', 'HostLocalizer', 'HybridAttentionHead', 'InceptionI3D', 'LearnableLabels',
           'MagnitudeOrderLoss', 'MultiBranchHead', 'MultiCutProposals', 'MultiStreamLocalizer', 'MutualAttentionLoss',
           'OneHotLabels', 'ProposalConsistencyLoss', 'ProposalHead', 'ProposalLocalizer', 'RPNHead',
           'RandomPrototypes', 'RepresentativeSnippetHead', 'SigmoidBCELoss', 'SimilarityWeighting',
           'SnippetContrastLoss', 'SnippetDataPreprocessor', 'SoftmaxBCELoss', 'SparsePoolingHead', 'TakeSequences',
           'TemporalConvEmbedding', 'TemporalNMS', 'ThreeWayAttentionHead', 'ThresholdProposals', 'TopKMILHead',
           'TwoStageLocalizer', 'UncertaintyGuideLoss', 'UncertaintyHead', 'UntrimmedNetHead',
           'VideoClassificationLoss', 'VideoDataPreprocessor', 'WeaklySupervisedHead', 'WeaklySupervisedLocalizer',
           'WordVectorLabels', 'global_batch_mean', 'global_mean']
