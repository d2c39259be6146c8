"""The networks of a model as an ONNX graph."""
from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import torch

from rpn_plugin.deployment.model_file import ModelFile
from rpn_plugin.deployment.padded_network import OF_PROTOTYPES, OF_VIDEOS, PaddedNetwork
from rpn_plugin.files import written_whole

SHAPES = ((1, 1), (1, 7), (3, 40), (2, 333))
"""(B, T) that are compared; the videos of a batch have different lengths."""


@torch.no_grad()
def export_onnx(source: ModelFile, path: str | Path, tolerance: float = 1e-4) -> tuple[PaddedNetwork, float]:
    """Write the networks of a checkpoint as an ONNX file that onnxruntime agrees on with PyTorch.

    Inputs: ``lengths`` (B,) int64, and (B, T, D) float32 features of each stream; B and T are free. Outputs of each
    network as :class:`PaddedNetwork` names them. Class names and clock are in the file's metadata.

    Args:
        source: The checkpoint.
        path: File to write; it appears whole or not at all.
        tolerance: Largest difference from PyTorch.

    Returns:
        What was exported, and the largest difference over :data:`SHAPES` and all outputs.

    Raises:
        ImportError: If onnx, onnxruntime or onnxscript are missing.
        ValueError: If the model cannot be exported (before anything is traced where that can be known), or the graph
            gives other values.
    """
    network = PaddedNetwork(source.build()).eval()
    metadata = dict(classes=json.dumps(source.classes), recipe=json.dumps(source.recipe))
    with written_whole(path) as temporary:
        _trace(network, metadata, temporary)
        difference = _largest_difference(network, temporary)
        if not difference <= tolerance:
            raise ValueError(f'{path}: not written. onnxruntime differs from PyTorch by {difference:.2g}, more than '
                             f'{tolerance:g}.')
    return network, difference


def _trace(network: PaddedNetwork, metadata: dict[str, str], path: Path) -> None:
    """Write the graph with ``metadata`` in it."""
    import onnx
    free = {0: torch.export.Dim('B', min=1), 1: torch.export.Dim('T', min=1)}
    shapes = ({0: free[0]}, *[free] * len(network.streams))
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # the exporter reports on its progress
        warnings.simplefilter('ignore')
        logging.getLogger('torch.onnx').setLevel(logging.ERROR)
        try:
            program = torch.onnx.export(
                network, network.example(2, 16), dynamo=True, input_names=['lengths', *network.streams],
                output_names=list(network.output_names), dynamic_shapes={'lengths': shapes[0], 'features': shapes[1:]})
        except Exception as error:  # of whatever kind the exporter or a part raises
            raise ValueError(f'The model cannot be exported: torch could not trace it into a graph ('
                             f'{(str(error.__cause__ or error).strip().splitlines() or [type(error).__name__])[0]}).'
                             ) from error
    assert program is not None  # dynamo=True
    graph = program.model_proto
    onnx.helper.set_model_props(graph, metadata)
    onnx.save(graph, str(path))


def _largest_difference(network: PaddedNetwork, path: Path) -> float:
    """Largest difference of the file under onnxruntime from PyTorch, over :data:`SHAPES` and all outputs."""
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    largest = 0.0
    for videos, snippets in SHAPES:
        inputs = network.example(videos, snippets)
        names = [value.name for value in session.get_inputs()]
        found = session.run(None, dict(zip(names, (value.numpy() for value in inputs))))
        real = np.arange(snippets) < inputs[0].numpy()[:, None]  # (B, T)
        for name, ours, theirs in zip(network.output_names, network(*inputs), found):
            difference = np.abs(ours.numpy() - theirs)
            largest = max(largest, float((difference if name.endswith((OF_VIDEOS, OF_PROTOTYPES)) else
                                          difference[real]).max()))
    return largest
