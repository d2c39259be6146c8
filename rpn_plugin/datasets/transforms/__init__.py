"""Pipeline steps."""
from rpn_plugin.datasets.transforms.host_features import RescaleSnippets
from rpn_plugin.datasets.transforms.snippets import LoadSnippets, PackUntrimmedInputs, SampleSnippets

__all__ = ['LoadSnippets', 'PackUntrimmedInputs', 'RescaleSnippets', 'SampleSnippets']
