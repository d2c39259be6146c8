"""What a user calls with files."""
from rpn_plugin.apis.feature_extractor import FeatureExtractor

__all__ = ['FeatureExtractor']
