"""Untrimmed videos on disk."""
from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.seeded_sampler import SeededIndex, SeededSampler
from rpn_plugin.datasets.transforms import LoadSnippets, PackUntrimmedInputs, SampleSnippets
from rpn_plugin.datasets.untrimmed_feature_dataset import UntrimmedFeatureDataset

__all__ = ['AnnotationFile', 'LoadSnippets', 'PackUntrimmedInputs', 'SampleSnippets', 'SeededIndex', 'SeededSampler',
           'UntrimmedFeatureDataset']
