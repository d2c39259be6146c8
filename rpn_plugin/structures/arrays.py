"""Conversion of tensors to numpy arrays."""
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def to_numpy(values: npt.ArrayLike | Tensor) -> npt.NDArray[Any]:
    """View as numpy; a tensor is detached and, from an accelerator, copied to the CPU. bfloat16 becomes float32.

    >>> to_numpy(torch.ones(2, dtype=torch.bfloat16, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    if not isinstance(values, Tensor):
        return np.asarray(values)
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
