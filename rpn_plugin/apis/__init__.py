"""Calls that take a user's files: features of videos, and detections from features or videos."""
from rpn_plugin.apis.feature_extractor import FeatureExtractor
from rpn_plugin.apis.result_folder import ResultFolder
from rpn_plugin.apis.untrimmed_inputs import SnippetSource, StoredFeatures, UntrimmedInput, find_inputs
from rpn_plugin.apis.wtal_inferencer import WTALInferencer

__all__ = ['FeatureExtractor', 'ResultFolder', 'SnippetSource', 'StoredFeatures', 'UntrimmedInput', 'WTALInferencer',
           'find_inputs']
