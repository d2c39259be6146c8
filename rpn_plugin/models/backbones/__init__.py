"""Backbones that MMAction2 does not have."""
from rpn_plugin.models.backbones.inception_i3d import InceptionI3D

__all__ = ['InceptionI3D']
