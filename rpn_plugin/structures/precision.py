"""Precision of computations that half precision would spoil."""
from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half precision to float32; leave float32 and float64 alone.

    >>> [at_least_float32(torch.ones(1, dtype=kind)).dtype for kind in (torch.float16, torch.float64)]
    [torch.float32, torch.float64]
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))
