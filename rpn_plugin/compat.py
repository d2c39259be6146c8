"""Host faults that stop a fresh installation, each mended here and nowhere else.

Every entry names its upstream reference, does nothing where the fault is absent, and can be deleted once the
oldest supported host release has it fixed. None of them loosens a security check.
"""
from __future__ import annotations

import functools
import importlib.util
import os
import pickle
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch


def _place_missing_drn() -> None:
    """The mmaction2 1.2.0 wheel lacks ``mmaction/models/localizers/drn``, so ``import mmaction.models`` fails.

    Reference: open-mmlab/mmaction2#2714. Goes when the wheel holds the package.
    """
    spec = importlib.util.find_spec('mmaction')
    if spec is None or not spec.submodule_search_locations:
        return
    localizers = Path(list(spec.submodule_search_locations)[0]) / 'models' / 'localizers'
    package_name = 'mmaction.models.localizers.drn'
    if (localizers / 'drn').exists() or package_name in sys.modules:
        return

    class DRN(torch.nn.Module):
        """Stands in for the localizer that this mmaction2 installation does not contain."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            raise ImportError('DRN is not part of this mmaction2 installation (open-mmlab/mmaction2#2714). '
                              'Install mmaction2 from its source repository to use it.')

    package = types.ModuleType(package_name)
    package.__path__ = []
    module = types.ModuleType(f'{package_name}.drn')
    vars(module)['DRN'] = DRN
    vars(package)['drn'] = module
    sys.modules[package_name] = package
    sys.modules[module.__name__] = module


def _allow_checkpoint_types() -> None:
    """torch reads checkpoints with ``weights_only=True``; mmengine's hold a few harmless types more.

    Those types, and no others, are allowed, numpy's under the names of both numpy 1 and 2; the guard stays on.
    mmengine's ``HistoryBuffer`` also pickles its own four statistics as ``getattr(HistoryBuffer, name)``: what such a
    file gets under that name is a function that knows those four and refuses everything else. Reference:
    open-mmlab/mmengine#1655. Goes when mmengine registers its own types.
    """
    from mmengine.logging import HistoryBuffer

    def history_statistic(owner: object, name: str) -> object:
        """Stand in for ``getattr`` in a checkpoint: give one of HistoryBuffer's four statistics, or an error."""
        if owner is not HistoryBuffer or name not in ('min', 'max', 'current', 'mean'):
            raise pickle.UnpicklingError(f'A checkpoint may name the statistics of HistoryBuffer, not {name!r} of '
                                         f'{owner!r}.')
        return getattr(HistoryBuffer, name)

    makers: list[Any] = [np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]]  # _reconstruct and scalar
    renamed: list[Any] = [(maker, f'numpy.{core}.multiarray.{maker.__name__}') for maker in makers
                          for core in ('core', '_core')]
    dtypes = {type(np.dtype(kind)) for kind in ('float64', 'float32', 'int64', 'int32', 'bool')}
    torch.serialization.add_safe_globals([
        HistoryBuffer, (history_statistic, 'builtins.getattr'), np.ndarray, np.dtype, *renamed,
        *sorted(dtypes, key=lambda kind: kind.__name__)
    ])


def _start_processes_without_cuda() -> None:
    """mmengine's launchers call ``torch.cuda.set_device`` even where there is no CUDA.

    Without CUDA that call does nothing while they run, so that ``--launcher pytorch``, ``slurm`` and ``mpi`` with the
    gloo backend run on CPUs; with CUDA nothing changes. Reference: ``_init_dist_pytorch`` and its siblings in mmengine
    0.10.7, ``mmengine/dist/utils.py``. Goes when those functions ask for CUDA first.
    """
    if torch.cuda.is_available():
        return
    from mmengine.dist import utils

    def without_device(init_dist: Callable[..., None]) -> Callable[..., None]:

        @functools.wraps(init_dist)
        def init_dist_without_device(backend: str, **kwargs: object) -> None:
            if backend == 'nccl':
                raise RuntimeError('The nccl backend needs CUDA, which this machine lacks. Add '
                                   '--cfg-options env_cfg.dist_cfg.backend=gloo to train on CPUs.')
            set_device = torch.cuda.set_device
            torch.cuda.set_device = lambda device: None
            try:
                init_dist(backend, **kwargs)
            finally:
                torch.cuda.set_device = set_device

        return init_dist_without_device

    for name in ('_init_dist_pytorch', '_init_dist_slurm', '_init_dist_mpi'):
        setattr(utils, name, without_device(getattr(utils, name)))


def _autocast_without_cuda() -> None:
    """mmengine's ``AmpOptimWrapper`` refuses to start without an accelerator, though torch autocasts on CPUs, too.

    Without CUDA it is let start: it autocasts to bfloat16, the one type that mmengine's ``autocast`` admits there, and
    its gradient scaler, which only float16 needs, switches itself off. With CUDA nothing changes. Reference:
    ``AmpOptimWrapper.__init__`` in mmengine 0.10.7, open-mmlab/mmpretrain#1556. Goes when that assertion knows CPUs.
    """
    if torch.cuda.is_available():
        return
    from mmengine.optim.optimizer import amp_optimizer_wrapper
    amp_optimizer_wrapper.is_cuda_available = lambda: True  # asked by that assertion alone


def _let_cublas_repeat_itself() -> None:
    """torch refuses mmengine's ``--deterministic`` on GPUs unless cuBLAS has workspaces of a fixed size.

    They are stated before the first product makes cuBLAS choose; who states others keeps those. Reference:
    ``set_random_seed`` in mmengine 0.10.7, and torch's notes on reproducibility. Goes when mmengine states them.
    """
    os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')


def _silence_missing_ops() -> None:
    """mmcv-lite warns at every start that a compiled op of mmdet is missing; nothing here uses one."""
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')


def _format_each_config_once() -> None:
    """mmengine formats the whole config by yapf for every checkpoint and log file, a second or more each time.

    The same text in the same style gives the same result, so the last few are kept. Reference: ``Config.pretty_text``
    in mmengine 0.10.7. Goes when mmengine stops doing so.
    """
    from mmengine.config import config as host
    format_code = host.FormatCode
    if hasattr(format_code, 'formatted'):
        return
    formatted: dict[str, tuple[str, bool]] = {}

    @functools.wraps(format_code)
    def format_once(text: str, **style: object) -> tuple[str, bool]:
        key = f'{style}\n{text}'
        if key not in formatted:
            while len(formatted) >= 4:
                del formatted[next(iter(formatted))]
            formatted[key] = format_code(text, **style)
        return formatted[key]

    vars(format_once)['formatted'] = formatted
    host.FormatCode = format_once


def apply() -> None:
    """Mend what this installation needs. Safe to call more than once."""
    _silence_missing_ops()
    _place_missing_drn()
    _allow_checkpoint_types()
    _start_processes_without_cuda()
    _format_each_config_once()
    _autocast_without_cuda()
    _let_cublas_repeat_itself()


apply()
