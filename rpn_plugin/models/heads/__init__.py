"""Heads: embedded snippets to scores."""
from rpn_plugin.models.heads.rpn_head import RPNHead, TemporalAttention, prototype_similarity

__all__ = ['RPNHead', 'TemporalAttention', 'prototype_similarity']
