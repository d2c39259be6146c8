"""Means over the batch of all processes."""
from __future__ import annotations

import torch
from mmengine.dist import all_reduce
from torch import Tensor


def global_batch_mean(per_video: Tensor) -> Tensor:
    """Mean over the videos of the global batch, as far as this process has a part in it.

    The count stays on the device; with one process this is the plain mean. See :func:`global_mean`.

    Args:
        per_video: (B,), one value for each of this process's videos.

    Returns:
        Scalar.
    """
    return global_mean(per_video.sum(), per_video.new_full((), len(per_video)))


def global_mean(total: Tensor, count: Tensor) -> Tensor:
    """Mean over things that differ in number between processes, as far as this process has a part in it.

    This process's total is divided by the mean number of things per process. MMEngine averages the gradients of the
    processes, which so becomes the gradient of the mean over the global batch, however many things each process holds.

    Args:
        total: Scalar, the sum of this process's values.
        count: Scalar, how many they are; may be 0.

    Returns:
        Scalar; 0 where no process has any.
    """
    count = count.clone()
    all_reduce(count, op='mean')
    return total / torch.where(count > 0, count, 1)
