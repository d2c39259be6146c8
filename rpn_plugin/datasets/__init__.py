"""Untrimmed videos on disk."""
from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.transforms import LoadSnippets, PackUntrimmedInputs, RescaleSnippets, SampleSnippets
from rpn_plugin.datasets.untrimmed_feature_dataset import UntrimmedFeatureDataset

__all__ = ['AnnotationFile', 'LoadSnippets', 'PackUntrimmedInputs', 'RescaleSnippets', 'SampleSnippets',
           'UntrimmedFeatureDataset']
