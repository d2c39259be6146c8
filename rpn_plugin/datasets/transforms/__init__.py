"""Pipeline steps."""
from rpn_plugin.datasets.transforms.snippets import LoadSnippets, PackUntrimmedInputs, SampleSnippets

__all__ = ['LoadSnippets', 'PackUntrimmedInputs', 'SampleSnippets']
