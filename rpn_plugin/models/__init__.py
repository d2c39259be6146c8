"""The model: snippets to segments."""
from rpn_plugin.models.data_preprocessor import SnippetDataPreprocessor
from rpn_plugin.models.embeddings import TemporalConvEmbedding
from rpn_plugin.models.heads import RPNHead, TopKMILHead
from rpn_plugin.models.localizers import HostLocalizer, MultiStreamLocalizer, WeaklySupervisedLocalizer
from rpn_plugin.models.losses import ClusteringLoss, VideoClassificationLoss
from rpn_plugin.models.necks import (AttentionGCN, CooccurrenceGCN, FullyConnectedPrototypes, LearnableLabels,
                                     OneHotLabels, RandomPrototypes, WordVectorLabels)
from rpn_plugin.models.postprocessors import SimilarityWeighting, TemporalNMS, ThresholdProposals

__all__ = ['AttentionGCN', 'ClusteringLoss', 'CooccurrenceGCN', 'FullyConnectedPrototypes', 'HostLocalizer',
           'LearnableLabels', 'MultiStreamLocalizer', 'OneHotLabels', 'RPNHead', 'RandomPrototypes',
           'SimilarityWeighting', 'SnippetDataPreprocessor', 'TemporalConvEmbedding', 'TemporalNMS',
           'ThresholdProposals', 'TopKMILHead', 'VideoClassificationLoss', 'WeaklySupervisedLocalizer',
           'WordVectorLabels']
