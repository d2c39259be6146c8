"""A trained model as a file to give away, and as a graph for other runtimes."""
from rpn_plugin.deployment.model_file import ModelFile, read_checkpoint
from rpn_plugin.deployment.onnx_export import export_onnx
from rpn_plugin.deployment.padded_network import PaddedNetwork

__all__ = ['ModelFile', 'PaddedNetwork', 'export_onnx', 'read_checkpoint']
