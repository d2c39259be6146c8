"""Feature embedding modules."""
from rpn_plugin.models.embeddings.dropout import Dropout
from rpn_plugin.models.embeddings.temporal_conv import TemporalConv, TemporalConvEmbedding

__all__ = ['Dropout', 'TemporalConv', 'TemporalConvEmbedding']
