"""Precision of computations that half precision would spoil."""
from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half precision to float32; leave float32 and float64 alone."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
