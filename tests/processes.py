"""Functions in processes of their own, alone or as ranks of a group, forked from one that has imported everything."""
from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import mmengine.config.config
import torch

import rpn_plugin  # noqa: F401  (registers every part)

CONTEXT = multiprocessing.get_context('forkserver')
CONTEXT.set_forkserver_preload(['rpn_plugin', 'mmaction.datasets', 'mmaction.engine', 'mmaction.evaluation',
                                'mmaction.models', 'mmaction.visualization', 'torch._dynamo', 'matplotlib.figure',
                                'matplotlib.backends.backend_agg'])
TIMEOUT_SEC = 120


def start(function: Callable[..., Any], *arguments: Any) -> multiprocessing.Process:
    """Begin ``function(*arguments)`` in a process of its own."""
    process = CONTEXT.Process(target=_alone, args=(dict(os.environ), function, arguments))
    process.start()
    return process


def run_ranks(number: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Run ``function(*arguments)`` on ``number`` ranks of a gloo group; their results by rank.

    Raises:
        RuntimeError: If a rank fails; holds its traceback.
    """
    with tempfile.TemporaryDirectory() as folder:
        pipes = [CONTEXT.Pipe(duplex=False) for _ in range(number)]
        processes = [CONTEXT.Process(target=_rank, args=(dict(os.environ), rank, number, folder, sender, function,
                                                         arguments)) for rank, (_, sender) in enumerate(pipes)]
        for process in processes:
            process.start()
        try:
            return [_receive(receiver) for receiver, _ in pipes]
        finally:
            for process in processes:
                process.kill()
                process.join()


def _receive(receiver: Connection) -> Any:
    if not receiver.poll(TIMEOUT_SEC):
        raise RuntimeError(f'a rank gave no answer in {TIMEOUT_SEC} s')
    error, result = pickle.loads(receiver.recv_bytes())
    if error:
        raise RuntimeError(error)
    return result


def _prepare(environment: dict[str, str]) -> None:
    os.environ.update(environment)  # the process that it forked from has an older one
    gc.freeze()  # MMEngine collects garbage for every dataset; what was imported stays out of it
    torch.set_num_threads(1)
    mmengine.config.config.FormatCode = lambda text, **_: (text, True)  # as in conftest.py


def _alone(environment: dict[str, str], function: Callable[..., Any], arguments: tuple) -> None:
    _prepare(environment)
    function(*arguments)


def _rank(environment: dict[str, str], rank: int, number: int, folder: str, sender: Connection,
          function: Callable[..., Any], arguments: tuple) -> None:
    _prepare({**environment, 'LOCAL_RANK': str(rank)})
    try:
        torch.distributed.init_process_group('gloo', init_method=f'file://{Path(folder) / "meeting"}', rank=rank,
                                             world_size=number)
        answer = (None, function(*arguments))
        torch.distributed.barrier()
    except BaseException:
        answer = (traceback.format_exc(), None)
    sender.send_bytes(pickle.dumps(answer))
