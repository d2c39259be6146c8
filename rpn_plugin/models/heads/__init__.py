"""Heads: embedded snippets to scores."""
from rpn_plugin.models.heads.rpn_head import RPNHead, TemporalAttention, prototype_similarity
from rpn_plugin.models.heads.top_k_mil_head import TopKMILHead
from rpn_plugin.models.heads.weakly_supervised_head import WeaklySupervisedHead

__all__ = ['RPNHead', 'TemporalAttention', 'TopKMILHead', 'WeaklySupervisedHead', 'prototype_similarity']
