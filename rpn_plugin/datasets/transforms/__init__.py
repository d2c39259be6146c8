"""Pipeline steps of the data sets."""
from rpn_plugin.datasets.transforms.host_features import RescaleSnippets
from rpn_plugin.datasets.transforms.snippets import LoadSnippets, PackUntrimmedInputs, SampleSnippets
from rpn_plugin.datasets.transforms.videos import DecodeSnippets

__all__ = ['DecodeSnippets', 'LoadSnippets', 'PackUntrimmedInputs', 'RescaleSnippets', 'SampleSnippets']
