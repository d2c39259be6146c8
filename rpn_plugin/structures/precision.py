"""Precision of computations that half precision would spoil, and the scale of vectors."""
from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half precision to float32; leave float32 and float64 alone.

    >>> [at_least_float32(torch.ones(1, dtype=kind)).dtype for kind in (torch.float16, torch.float64)]
    [torch.float32, torch.float64]
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def scale_to_length(vectors: Tensor, length: float) -> Tensor:
    """Scale rows (N, D) to a Euclidean length, in float32 at least; a row of zeros stays.

    >>> scale_to_length(torch.tensor([[3.0, 4.0], [0.0, 0.0]]), 10.0)
    tensor([[6., 8.],
            [0., 0.]])
    """
    vectors = at_least_float32(vectors)
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)  # (N, 1)
    return vectors * (length / lengths.clamp(min=1e-6))
