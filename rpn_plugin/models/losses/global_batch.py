"""Means over the batch of all processes."""
from __future__ import annotations

from mmengine.dist import all_reduce
from torch import Tensor


def global_batch_mean(per_video: Tensor) -> Tensor:
    """Mean over the videos of the global batch, as far as this process has a part in it.

    The sum over this process's videos is divided by the mean number of videos per process. MMEngine averages the
    gradients of the processes, which so becomes the gradient of the mean over the global batch, however many videos
    each process holds. The count stays on the device; with one process this is the plain mean.

    Args:
        per_video: (B,), one value for each of this process's videos.

    Returns:
        Scalar.
    """
    videos_per_process = per_video.new_full((), len(per_video))
    all_reduce(videos_per_process, op='mean')
    return per_video.sum() / videos_per_process
