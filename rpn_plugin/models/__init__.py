"""The model: snippets to segments."""
from rpn_plugin.models.backbones import InceptionI3D
from rpn_plugin.models.data_preprocessor import SnippetDataPreprocessor
from rpn_plugin.models.embeddings import TemporalConvEmbedding
from rpn_plugin.models.heads import RPNHead, TopKMILHead, WeaklySupervisedHead
from rpn_plugin.models.localizers import BaseLocalizer, HostLocalizer, MultiStreamLocalizer, WeaklySupervisedLocalizer
from rpn_plugin.models.losses import ClusteringLoss, VideoClassificationLoss, global_batch_mean, global_mean
from rpn_plugin.models.necks import (
                                          AttentionGCN,
                                          CooccurrenceGCN,
                                          FullyConnectedPrototypes,
                                          LearnableLabels,
                                          OneHotLabels,
                                          RandomPrototypes,
                                          WordVectorLabels,
)
from rpn_plugin.models.postprocessors import SimilarityWeighting, TemporalNMS, ThresholdProposals
from rpn_plugin.models.snippet_encoder import FrozenSnippetEncoder, VideoDataPreprocessor

__all__ = ['AttentionGCN', 'BaseLocalizer', 'ClusteringLoss', 'CooccurrenceGCN', 'FrozenSnippetEncoder',
           'FullyConnectedPrototypes', 'HostLocalizer', 'InceptionI3D', 'LearnableLabels', 'MultiStreamLocalizer',
           'OneHotLabels', 'RPNHead', 'RandomPrototypes', 'SimilarityWeighting', 'SnippetDataPreprocessor',
           'TemporalConvEmbedding', 'TemporalNMS', 'ThresholdProposals', 'TopKMILHead', 'VideoClassificationLoss',
           'VideoDataPreprocessor', 'WeaklySupervisedHead', 'WeaklySupervisedLocalizer', 'WordVectorLabels',
           'global_batch_mean', 'global_mean']
