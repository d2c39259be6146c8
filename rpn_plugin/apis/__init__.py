"""What a user calls with files: features of videos, and detections from features or videos."""
from rpn_plugin.apis.feature_extractor import FeatureExtractor
from rpn_plugin.apis.model_file import ModelFile, read_checkpoint
from rpn_plugin.apis.padded_network import PaddedNetwork
from rpn_plugin.apis.trained_model import TrainedModel
from rpn_plugin.apis.untrimmed_inputs import SnippetSource, StoredFeatures, UntrimmedInput, find_inputs
from rpn_plugin.apis.wtal_inferencer import WTALInferencer

__all__ = ['FeatureExtractor', 'ModelFile', 'PaddedNetwork', 'SnippetSource', 'StoredFeatures', 'TrainedModel',
           'UntrimmedInput', 'WTALInferencer', 'find_inputs', 'read_checkpoint']
