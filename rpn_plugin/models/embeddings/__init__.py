"""Feature embedding modules."""
from rpn_plugin.models.embeddings.temporal_conv import TemporalConv, TemporalConvEmbedding

__all__ = ['TemporalConv', 'TemporalConvEmbedding']
