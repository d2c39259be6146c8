"""Export the network part of a checkpoint to ONNX and compare it with PyTorch.

python tools/deployment/export_onnx.py CHECKPOINT --out network.onnx

Inputs: lengths (B,) int64, and (B, T, D) float32 features of each stream; B and T are free. Outputs of each network:
class activation sequence, video scores, attention, embedded features, prototypes; see rpn_plugin.apis.PaddedNetwork.
"""
from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.apis import ModelFile, PaddedNetwork
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.files import written_whole

SHAPES = ((1, 1), (1, 7), (3, 40), (2, 333))
"""(B, T) that are compared; the videos of a batch have different lengths."""


def example(network: PaddedNetwork, videos: int, snippets: int) -> tuple[torch.Tensor, ...]:
    """Random inputs of the network."""
    generator = torch.Generator().manual_seed(videos + 10 * snippets)
    lengths = torch.linspace(snippets, max(1, snippets // 2), videos).long()
    return (lengths, *(torch.rand(videos, snippets, width, generator=generator) for width in stream_widths(network)))


def stream_widths(network: PaddedNetwork) -> list[int]:
    """D of every stream; streams that one network concatenates are taken to be equally wide."""
    widths = {}
    for localizer in network.localizers.values():
        streams = localizer.streams or network.streams
        widths.update(dict.fromkeys(streams, localizer.embedding.in_channels // len(streams)))
    return [widths[stream] for stream in network.streams]


def export(network: PaddedNetwork, metadata: dict[str, str], path: Path) -> None:
    """Write the graph with ``metadata`` in it."""
    import onnx
    free = {0: torch.export.Dim('B', min=1), 1: torch.export.Dim('T', min=1)}
    shapes = ({0: free[0]}, *[free] * len(network.streams))
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # the exporter reports on its progress
        warnings.simplefilter('ignore')
        logging.getLogger('torch.onnx').setLevel(logging.ERROR)
        program = torch.onnx.export(
            network, example(network, 2, 16), dynamo=True, input_names=['lengths', *network.streams],
            output_names=network.output_names, dynamic_shapes={'lengths': shapes[0], 'features': shapes[1:]})
    graph = program.model_proto
    onnx.helper.set_model_props(graph, metadata)
    onnx.save(graph, str(path))


def largest_difference(network: PaddedNetwork, path: Path) -> float:
    """Between the file under onnxruntime and PyTorch, over :data:`SHAPES` and all outputs."""
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    largest = 0.0
    for videos, snippets in SHAPES:
        inputs = example(network, videos, snippets)
        names = [value.name for value in session.get_inputs()]
        found = session.run(None, dict(zip(names, (value.numpy() for value in inputs))))
        real = np.arange(snippets) < inputs[0].numpy()[:, None]  # (B, T)
        for name, ours, theirs in zip(network.output_names, network(*inputs), found):
            of_snippets = name.endswith(('_cas', '_embedded', '_attention'))
            ours = ours.numpy()
            difference = np.abs(ours - theirs)[real] if of_snippets else np.abs(ours - theirs)
            largest = max(largest, float(difference.max()))
    return largest


@torch.no_grad()
def run(options: argparse.Namespace) -> None:
    """Export, compare, and only then put the file in its place."""
    config = Config.fromfile(options.config) if options.config else None
    source = ModelFile.read(options.checkpoint, config)
    network = PaddedNetwork(source.build()).eval()
    metadata = dict(classes=json.dumps(source.classes), recipe=json.dumps(source.recipe))
    with written_whole(options.out) as temporary:
        export(network, metadata, temporary)
        difference = largest_difference(network, temporary)
        if not difference <= options.tolerance:
            raise ValueError(f'{options.out}: not written. onnxruntime differs from PyTorch by {difference:.2g}, more '
                             f'than {options.tolerance:g}.')
    print(f'{options.out}: {len(network.localizers)} networks, streams {", ".join(network.streams)}; largest '
          f'difference from PyTorch {difference:.2g}')


@one_line_errors()
def main() -> None:
    parser = argparse.ArgumentParser(description='Export to ONNX.')
    parser.add_argument('checkpoint', help='as training or publish_model.py writes it')
    parser.add_argument('--config', help='config of the training; by default what the checkpoint says')
    parser.add_argument('--out', required=True, help='file to write')
    parser.add_argument('--tolerance', type=float, default=1e-4, help='largest difference from PyTorch')
    options = parser.parse_args()
    init_default_scope('mmaction')
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SystemExit(f'error: {error.name} is not installed: pip install onnx onnxruntime onnxscript') from None
    run(options)


if __name__ == '__main__':
    main()
