"""Numpy arrays and torch tensors for the same functions."""
from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Array = TypeVar('Array', np.ndarray, Tensor)
"""A numpy array or a torch tensor; a function that names it gives back the kind that it was given."""


def to_numpy(values: np.ndarray | Tensor) -> np.ndarray:
    """View as numpy; a tensor is detached and, from an accelerator, copied to the CPU. bfloat16 becomes float32."""
    if not isinstance(values, Tensor):
        return np.asarray(values)
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()


def same_kind(values: np.ndarray, like: Array) -> Array:
    """``values`` as a tensor on the device of ``like`` if that is a tensor, as they are otherwise."""
    return torch.as_tensor(values, device=like.device) if isinstance(like, Tensor) else values
