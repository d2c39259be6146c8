"""Host faults that stop a fresh installation, each mended here and nowhere else.

Every entry names its upstream reference, does nothing where the fault is absent, and can be deleted once the
oldest supported host release has it fixed. None of them loosens a security check.
"""
from __future__ import annotations

import importlib.util
import pickle
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import torch
from mmengine.utils import digit_version


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
    module.DRN = DRN
    package.drn = module
    sys.modules[package_name] = package
    sys.modules[module.__name__] = module


def _allow_checkpoint_types() -> None:
    """torch >= 2.6 reads checkpoints with ``weights_only=True``; mmengine's hold a few harmless types more.

    Those types, and no others, are allowed; the guard stays on. mmengine's ``HistoryBuffer`` also pickles its own four
    statistics as ``getattr(HistoryBuffer, name)``: what such a file gets under that name is a function that knows those
    four and refuses everything else. Reference: open-mmlab/mmengine#1655. Goes when mmengine registers its own types.
    """
    if digit_version(torch.__version__) < digit_version('2.6'):
        return
    from mmengine.logging import HistoryBuffer

    def history_statistic(owner: object, name: str) -> object:
        """What a checkpoint gets for ``getattr``: one of HistoryBuffer's four statistics, or an error."""
        if owner is not HistoryBuffer or name not in ('min', 'max', 'current', 'mean'):
            raise pickle.UnpicklingError(f'A checkpoint may name the statistics of HistoryBuffer, not {name!r} of '
                                         f'{owner!r}.')
        return getattr(HistoryBuffer, name)

    multiarray = getattr(np, '_core', None) or np.core
    dtypes = {type(np.dtype(kind)) for kind in ('float64', 'float32', 'int64', 'int32', 'bool')}
    torch.serialization.add_safe_globals([
        HistoryBuffer, (history_statistic, 'builtins.getattr'), np.ndarray, np.dtype,
        multiarray.multiarray._reconstruct, multiarray.multiarray.scalar,
        *sorted(dtypes, key=lambda kind: kind.__name__)
    ])


def _start_processes_without_cuda() -> None:
    """mmengine's ``pytorch`` launcher calls ``torch.cuda.set_device`` even where there is no CUDA.

    Without CUDA the process group is started directly, so that ``--launcher pytorch`` with the gloo backend runs on
    CPUs; with CUDA nothing changes. Reference: ``_init_dist_pytorch`` in mmengine 0.10.7, ``mmengine/dist/utils.py``.
    Goes when that function asks for CUDA first.
    """
    if torch.cuda.is_available():
        return
    from mmengine.dist import utils

    def init_dist_pytorch(backend: str, init_backend: str = 'torch', **kwargs: object) -> None:
        """The host's function without its choice of a CUDA device."""
        if backend == 'nccl':
            raise RuntimeError('The nccl backend needs CUDA, which this machine lacks. Add '
                               '--cfg-options env_cfg.dist_cfg.backend=gloo to train on CPUs.')
        torch.distributed.init_process_group(backend=backend, **kwargs)

    utils._init_dist_pytorch = init_dist_pytorch


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


def _silence_missing_ops() -> None:
    """mmcv-lite warns at every start that a compiled op of mmdet is missing; nothing here uses one."""
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')


def apply() -> None:
    """Mend what this installation needs. Safe to call more than once."""
    _silence_missing_ops()
    _place_missing_drn()
    _allow_checkpoint_types()
    _start_processes_without_cuda()
    _autocast_without_cuda()


apply()
