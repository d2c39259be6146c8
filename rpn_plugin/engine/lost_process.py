"""The end of a process whose group has lost another one."""
from __future__ import annotations

import re

import torch
from mmengine.dist import get_rank, get_world_size

OF_A_GROUP = re.compile(r'gloo|NCCL|ProcessGroup|TCPStore|Connection (reset|closed)|Broken pipe', re.IGNORECASE)


def describe_lost_process(error: RuntimeError) -> str | None:
    """Say in one line what happened and what to do; None where an error does not come from talking to other processes.

    Args:
        error: That stopped a training or test.
    """
    if get_world_size() < 2:
        return None
    of_torch = isinstance(error, (torch.distributed.DistError, torch.distributed.DistBackendError))
    if not of_torch and not OF_A_GROUP.search(str(error)):
        return None
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    reason = re.sub(r'^\[[^\]]*\]\s*', '', reason)[:200]
    return (f'process {get_rank()} of {get_world_size()} no longer reaches another one, which has ended, or whose '
            f'machine has ({reason}). The log of that process says why. Start all of them again with --resume.')
