"""Pipeline steps of the data sets."""
from rpn_plugin.datasets.transforms.host_features import RescaleSnippets
from rpn_plugin.datasets.transforms.snippets import HideSnippets, LoadSnippets, PackUntrimmedInputs, SampleSnippets
from rpn_plugin.datasets.transforms.videos import DecodeSnippets

__all__ = ['DecodeSnippets', 'HideSnippets', 'LoadSnippets', 'PackUntrimmedInputs', 'RescaleSnippets',
           'SampleSnippets']
