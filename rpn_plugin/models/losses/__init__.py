"""Losses on video-level labels."""
from rpn_plugin.models.losses.clustering_loss import ClusteringLoss
from rpn_plugin.models.losses.global_batch import global_batch_mean, global_mean
from rpn_plugin.models.losses.video_classification_loss import VideoClassificationLoss

__all__ = ['ClusteringLoss', 'VideoClassificationLoss', 'global_batch_mean', 'global_mean']
