"""Host faults are mended where they are, and nowhere is the checkpoint guard loosened."""
from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from rpn_plugin import compat


def test_the_host_imports_in_a_fresh_interpreter(python: str) -> None:
    code = 'import rpn_plugin, mmaction.models, mmaction.apis; print("imported")'
    run = subprocess.run([python, '-W', 'ignore', '-c', code], capture_output=True, text=True)
    assert run.stdout.strip() == 'imported', run.stderr


def test_the_placeholder_of_drn_says_what_to_do() -> None:
    from mmaction.models.localizers import DRN
    if DRN.__module__ != compat.__name__:
        pytest.skip('this installation has DRN')
    with pytest.raises(ImportError, match='mmaction2#2714.*source repository'):
        DRN()


def test_an_installation_that_has_drn_is_left_alone(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'mmaction' / 'models' / 'localizers' / 'drn').mkdir(parents=True)
    (tmp_path / 'mmaction' / '__init__.py').touch()
    for name in [name for name in sys.modules if name.split('.')[0] == 'mmaction']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    compat._place_missing_drn()
    assert not any(name.startswith('mmaction.models') for name in sys.modules)


def test_a_checkpoint_of_the_host_loads_with_the_guard_on(tmp_path) -> None:
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    torch.save(dict(history=history, scalar=np.float64(0.5), count=np.int64(3), flag=np.bool_(True)),
               tmp_path / 'host.pth')
    loaded = torch.load(tmp_path / 'host.pth', weights_only=True)
    assert loaded['history'].mean() == 1.5 and loaded['history'].statistics('max') == 2.0
    assert (loaded['scalar'], loaded['count'], loaded['flag']) == (0.5, 3, True)


@pytest.mark.parametrize('core', ['core', '_core'])
def test_a_checkpoint_of_another_numpy_loads_with_the_guard_on(core: str, tmp_path) -> None:
    torch.save(dict(scalar=np.float64(0.5), array=np.arange(3)), tmp_path / 'ours.pth')
    with zipfile.ZipFile(tmp_path / 'ours.pth') as ours, zipfile.ZipFile(tmp_path / 'other.pth', 'w') as other:
        for name in ours.namelist():
            content = ours.read(name)
            renamed = re.sub(rb'numpy\._?core\.multiarray', f'numpy.{core}.multiarray'.encode(), content)
            assert not name.endswith('data.pkl') or f'numpy.{core}.multiarray'.encode() in renamed
            other.writestr(name, renamed)
    loaded = torch.load(tmp_path / 'other.pth', weights_only=True)
    assert loaded['scalar'] == 0.5 and loaded['array'].tolist() == [0, 1, 2]


class _RunsCode:

    def __reduce__(self):
        return os.mkdir, ('was_run', )


class _ReachesThroughGetattr:

    def __reduce__(self):
        return getattr, (HistoryBuffer, '__init__')


class _NamesAnotherOwner:

    def __reduce__(self):
        return getattr, (np.ndarray, 'min')


@pytest.mark.parametrize('payload', [_RunsCode(), _ReachesThroughGetattr(), _NamesAnotherOwner()])
def test_a_crafted_checkpoint_is_refused(payload, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(dict(payload=payload), 'crafted.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load('crafted.pth')
    assert not os.path.exists('was_run')


def test_nccl_without_cuda_says_what_to_add() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA, the launcher is the host's own")
    from mmengine.dist import utils
    with pytest.raises(RuntimeError, match='env_cfg.dist_cfg.backend=gloo'):
        utils._init_dist_pytorch('nccl')


def test_a_config_is_formatted_once_for_all_its_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def format_code(text: str, style_config: dict) -> tuple[str, bool]:
        calls.append(text)
        return f'{style_config["indent"]} {text}', True

    monkeypatch.setattr('mmengine.config.config.FormatCode', format_code)
    compat.apply()
    compat.apply()
    from mmengine.config import config as host
    for _ in range(3):
        assert host.FormatCode('a = 1', style_config=dict(indent=2)) == ('2 a = 1', True)
    assert host.FormatCode('a = 1', style_config=dict(indent=4)) == ('4 a = 1', True)
    assert calls == ['a = 1', 'a = 1']
    for number in range(20):
        host.FormatCode(f'b = {number}', style_config=dict(indent=2))
    assert len(host.FormatCode.formatted) == 4
