"""Prototype embedding modules."""
from rpn_plugin.models.necks.attention_gcn import AttentionGCN
from rpn_plugin.models.necks.cooccurrence_gcn import (
                                                      CooccurrenceGCN,
                                                      FullyConnectedPrototypes,
                                                      RandomPrototypes,
                                                      cooccurrence_matrix,
                                                      read_cooccurrence,
                                                      read_cooccurrence_table,
                                                      write_cooccurrence,
)
from rpn_plugin.models.necks.label_features import LearnableLabels, OneHotLabels, WordVectorLabels

__all__ = ['AttentionGCN', 'CooccurrenceGCN', 'FullyConnectedPrototypes', 'LearnableLabels', 'OneHotLabels',
           'RandomPrototypes', 'WordVectorLabels', 'cooccurrence_matrix', 'read_cooccurrence',
           'read_cooccurrence_table', 'write_cooccurrence']
