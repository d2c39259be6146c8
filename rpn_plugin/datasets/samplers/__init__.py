"""Samplers decide in which order videos are read."""
from rpn_plugin.datasets.samplers.paired_class_sampler import PairedClassSampler
from rpn_plugin.datasets.samplers.seeded_sampler import SeededIndex, SeededSampler

__all__ = ['PairedClassSampler', 'SeededIndex', 'SeededSampler']
