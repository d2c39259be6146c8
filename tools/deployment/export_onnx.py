"""Export the network part of a checkpoint to ONNX and compare it with PyTorch.

python tools/deployment/export_onnx.py CHECKPOINT --out network.onnx

Inputs: lengths (B,) int64, and (B, T, D) float32 features of each stream; B and T are free. Outputs of each network:
what its head gives of class activation sequence, video scores, attentions, embedded features and prototypes; see
rpn_plugin.deployment.
"""
from __future__ import annotations

import argparse


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Export to ONNX.')
    parser.add_argument('checkpoint', help='as training or publish_model.py writes it')
    parser.add_argument('--config', help='config of the training; by default what the checkpoint says')
    parser.add_argument('--trust', action='store_true', help='the checkpoint is your own: build whatever it describes, '
                        'other parts than those of this project among them')
    parser.add_argument('--allow-partial', action='store_true',
                        help='load the weights that fit and leave the others as they are')
    parser.add_argument('--out', required=True, help='file to write')
    parser.add_argument('--tolerance', type=float, default=1e-4, help='largest difference from PyTorch')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from mmengine.registry import init_default_scope

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.config_files import read_config
from rpn_plugin.deployment import ModelFile, export_onnx


@one_line_errors()
def main() -> None:
    options = parse()
    init_default_scope('mmaction')
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SystemExit(f'error: {error.name} is not installed: pip install onnx onnxruntime onnxscript') from None
    config = read_config(options.config) if options.config else None
    source = ModelFile.read(options.checkpoint, config, options.trust, options.allow_partial)
    network, difference = export_onnx(source, options.out, options.tolerance)
    print(f'{options.out}: {len(network.model.networks)} networks, streams {", ".join(network.streams)}; largest '
          f'difference from PyTorch {difference:.2g}')


if __name__ == '__main__':
    main()
