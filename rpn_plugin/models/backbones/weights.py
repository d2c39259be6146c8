"""Weights of frozen backbones: read strictly, named by their hash."""
from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from rpn_plugin.foreign_files import load_tensors

NOT_OF_THE_BACKBONE = ('cls_head.', 'neck.', 'data_preprocessor.')


def load_backbone_weights(backbone: nn.Module, path: str | Path) -> None:
    """Load a file's weights into a backbone; every parameter must find its place.

    Args:
        backbone: The network.
        path: Checkpoint of an MMAction2 recognizer, whose head and neck are left out, or a plain state dict of the
            backbone itself. Read with ``weights_only``, so that no file can run code.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no weights, or others than the backbone's; names them.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"No checkpoint {path}. Download the recognizer's weights and give the file.")
    try:
        content = load_tensors(path)
    except ValueError as error:
        raise ValueError(f'{path}: not a checkpoint of tensors that can be read safely: {error}') from error
    state = content.get('state_dict', content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f'{path}: expected a state dict, or a checkpoint with a "state_dict", but got '
                         f'{type(content).__name__}.')
    if any(name.startswith('backbone.') for name in state):
        state = {name.removeprefix('backbone.'): value for name, value in state.items()
                 if not name.startswith(NOT_OF_THE_BACKBONE)}
    try:
        backbone.load_state_dict(state)
    except RuntimeError as error:  # torch's message lists missing and unexpected keys, and shapes
        raise ValueError(f'{path}: these are not the weights of {type(backbone).__name__}. {error}') from error


def weights_hash(module: nn.Module) -> str:
    """SHA-256 of a module's parameters and buffers with their names, whatever file they came from."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(f'{name} {tuple(value.shape)} {value.dtype}'.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
