"""Data sets of untrimmed videos, with their readers, checks, samplers and pipeline steps."""
from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.data_folder import DataFolder, read_data_folder
from rpn_plugin.datasets.samplers import PairedClassSampler, SeededIndex, SeededSampler
from rpn_plugin.datasets.transforms import (
                                             DecodeSnippets,
                                             HideSnippets,
                                             LoadSnippets,
                                             PackUntrimmedInputs,
                                             RescaleSnippets,
                                             SampleSnippets,
)
from rpn_plugin.datasets.untrimmed_feature_dataset import UntrimmedFeatureDataset
from rpn_plugin.datasets.untrimmed_video_dataset import UntrimmedVideoDataset

__all__ = ['AnnotationFile', 'DataFolder', 'DecodeSnippets', 'HideSnippets', 'LoadSnippets', 'PackUntrimmedInputs',
           'PairedClassSampler', 'RescaleSnippets', 'SampleSnippets', 'SeededIndex', 'SeededSampler',
           'UntrimmedFeatureDataset', 'UntrimmedVideoDataset', 'read_data_folder']
