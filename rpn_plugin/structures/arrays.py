"""Conversion of tensors to numpy arrays."""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor


def to_numpy(values: npt.ArrayLike | Tensor) -> npt.NDArray[Any]:
    """View as numpy; a tensor is detached and, from an accelerator, copied to the CPU. bfloat16 becomes float32.

    >>> import torch
    >>> to_numpy(torch.ones(2, dtype=torch.bfloat16, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    torch, given = sys.modules.get('torch'), cast(Any, values)
    if torch is None or not isinstance(given, torch.Tensor):  # there is no tensor where torch is not imported
        return np.asarray(given)
    given = given.detach().cpu()
    return cast(np.ndarray, (given.float() if given.dtype == torch.bfloat16 else given).numpy())
