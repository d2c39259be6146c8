"""What a user got wrong in a run of the host's tools is one line; an error of a program keeps its traceback."""
from __future__ import annotations

import errno
import sys
import warnings
from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from tiny_model import build_model, model_config
from tool_runner import load_tool
from torch.utils.data import DataLoader

from rpn_plugin.command_line import keep_console_short
from rpn_plugin.config_files import read_config
from rpn_plugin.engine.starting_points import check_starting_point
from rpn_plugin.user_errors import line_for_user

CONFIG = dict(model=model_config(), optim_wrapper=dict(optimizer=dict(type='Adam', lr='fast')),
              param_scheduler=[dict(type='LinearLR')])


def line_of(action, config=CONFIG, kinds=Exception) -> str | None:
    with pytest.raises(kinds) as raised:
        action()
    return line_for_user(raised.value, config)


def build_part(**changes: object) -> None:
    MODELS.build(Config(dict(model=model_config(**changes))).model)


def test_a_part_that_is_not_registered_is_named_by_its_key_and_the_nearest() -> None:
    config = dict(model=model_config(nms=dict(type='TemporalNSM')))
    line = line_of(lambda: MODELS.build(Config(config).model), config)
    assert line.startswith("model.nms.type: there is no model 'TemporalNSM'; did you mean TemporalNMS? A part of your")


def test_a_key_that_no_argument_takes_is_named_with_its_part() -> None:
    config = dict(model=model_config(nms=dict(type='TemporalNMS', metod='gaussian')))
    line = line_of(lambda: MODELS.build(Config(config).model), config)
    assert line == "model.nms (TemporalNMS): nothing takes the key 'metod'; did you mean method?"


def test_a_value_that_a_library_refuses_is_named_with_its_part() -> None:
    line = line_of(lambda: build_optim_wrapper(build_model(model_config()), Config(CONFIG).optim_wrapper), CONFIG)
    assert line.startswith('optim_wrapper.optimizer (Adam): ') and "'float' and 'str'" in line


def test_what_this_project_refuses_is_for_the_user(tiny) -> None:
    line = line_of(lambda: DATASETS.build(tiny.config(subset='training')))
    assert "no video in subset 'training'; the file has ['test', 'train']" in line


def test_an_error_of_the_system_is_for_the_user() -> None:
    assert 'No space left' in line_for_user(OSError(errno.ENOSPC, 'No space left on device'), {})


def test_an_error_out_of_a_computation_is_nobodys_message(tiny) -> None:
    model = build_model(model_config())
    assert line_of(lambda: model(dict(rgb=torch.zeros(2)), mode='tensor')) is None
    assert line_of(lambda: int('a'), kinds=ValueError) is None
    assert line_of(lambda: {}['a'], kinds=KeyError) is None


def test_what_somebody_elses_part_raises_in_a_training_step_keeps_its_traceback() -> None:
    def train_step() -> None:
        raise ValueError('x must be 3')

    def setup() -> None:
        raise ValueError('x must be 3')

    assert line_of(train_step) is None and line_of(setup) == 'x must be 3'


class Broken(torch.utils.data.Dataset):

    def __init__(self, dataset: object) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> object:
        return self.dataset[index] if self.dataset else [][index]


def test_a_file_that_a_worker_refuses_is_named_as_without_workers(tiny) -> None:
    tiny.write_features('rgb', 'train_0', np.full((5, 4), np.nan, np.float16))
    dataset = DATASETS.build(tiny.config())
    line = line_of(lambda: list(DataLoader(Broken(dataset), num_workers=1)))
    assert 'train_0.npy: 20 values are not finite' in line and 'Traceback' not in line
    assert line_of(lambda: list(DataLoader(Broken(None), num_workers=1))) is None


@pytest.mark.parametrize('text, message', [
    ('model = dict(', r"config.py, line 1: SyntaxError: '\(' was never closed"),
    ('a = 1\nb = a + missing', "config.py, line 2: NameError: name 'missing' is not defined"),
    ("_base_ = 'gone.py'", 'config.py: it, or a config that it is based on, names .*gone.py as _base_'),
    ("custom_imports = dict(imports=['no_such_module'])", "config.py: custom_imports: No module named 'no_such_mod")])
def test_a_config_that_cannot_be_read_is_named_with_the_line(tmp_path, text, message) -> None:
    (tmp_path / 'config.py').write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as raised:
        read_config(tmp_path / 'config.py')
    assert len(str(raised.value).splitlines()) == 1


def test_an_error_of_a_module_that_a_config_imports_is_raised_as_it_is(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / 'my_wrong_part.py').write_text('value = 1 / 0')
    (tmp_path / 'config.py').write_text("custom_imports = dict(imports=['my_wrong_part'])")
    with pytest.raises(ZeroDivisionError):
        read_config(tmp_path / 'config.py')


def tool(monkeypatch, name: str, *arguments: object) -> object:
    """What the host's tool ends with."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        load_tool('_host_tool.py').run(name)
    return end.value.code


@pytest.mark.parametrize('options, message', [
    (dict(checkpoint='gone.pth'), r'No checkpoint gone.pth \(the checkpoint\)'),
    (dict(checkpoint='notes.pth'), 'notes.pth: not a checkpoint, or damaged'),
    (dict(checkpoint='good.pth'), None), (dict(checkpoint='https://somewhere/good.pth'), None),
    (dict(resume='gone.pth'), r'No checkpoint gone.pth \(--resume\)'), (dict(resume='good.pth'), None),
    (dict(resume=None), r'No checkpoint elsewhere.pth \(load_from\)'),
    (dict(resume='auto', work_dir='moved'), 'moved/last_checkpoint names /old/epoch_2.pth, which is not there. Was the '
                                            'folder moved.*epoch_2.pth: --resume moved/epoch_2.pth'),
    (dict(resume='auto', work_dir='new'), None)])
def test_what_a_run_is_to_load_is_looked_at_before_anything_is_built(tmp_path, monkeypatch, options, message) -> None:
    monkeypatch.chdir(tmp_path)
    Path('notes.pth').write_text('my notes')
    Path('moved').mkdir()
    Path('moved', 'last_checkpoint').write_text('/old/epoch_2.pth')
    torch.save({}, Path('moved', 'epoch_2.pth'))
    torch.save(dict(state_dict={}), 'good.pth')
    with pytest.raises((ValueError, OSError), match=message) if message else nullcontext():
        check_starting_point(Config(dict(load_from='elsewhere.pth', test_dataloader=dict(batch_size=1),
                                         test_cfg=dict(type='TestLoop'))), Namespace(**options))


def test_without_test_videos_there_is_nothing_to_score() -> None:
    with pytest.raises(ValueError, match='has no test videos with segments to score.*rpn localize'):
        check_starting_point(Config(dict(test_dataloader=None)), Namespace(checkpoint='any.pth'))


def test_a_checkpoint_that_is_not_there_ends_the_tool_with_one_line(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Runner, 'from_cfg', lambda config: pytest.fail('it was built'))
    end = tool(monkeypatch, 'test.py', 'rpn_synthetic', 'gone.pth')
    assert end.startswith('error: No checkpoint gone.pth') and len(end.splitlines()) == 1


def test_frames_are_not_asked_of_a_config_without_a_hook_for_them(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    end = tool(monkeypatch, 'test.py', 'rpn_synthetic', 'any.pth', '--show-dir', 'pictures')
    assert 'LocalizationVisualizationHook' in end


def test_ctrl_c_while_a_run_is_set_up_leaves_one_word(tmp_path, monkeypatch, capsys) -> None:
    def interrupt(config: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, 'from_cfg', interrupt)
    monkeypatch.chdir(tmp_path)
    assert tool(monkeypatch, 'train.py', 'rpn_synthetic') == 130
    assert capsys.readouterr().err.endswith('interrupted\n')


def test_warnings_of_the_host_that_nobody_can_act_on_are_not_shown(monkeypatch) -> None:
    monkeypatch.setattr(Runner, 'build_logger', Runner.build_logger)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter('always')
        keep_console_short()
        for message in ('`broadcast_buffers` is deprecated. Use', 'Setting OMP_NUM_THREADS environment', 'mine'):
            warnings.warn(message, FutureWarning, stacklevel=1)
    assert [str(warning.message) for warning in shown] == ['mine']


def test_data_that_are_not_there_end_the_command_with_one_line(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('RPN_SYNTHETIC_ROOT', str(tmp_path / 'nowhere'))
    end = tool(monkeypatch, 'train.py', 'rpn_synthetic', '--work-dir', tmp_path / 'work')
    assert end.startswith('error: No annotation file') and len(end.splitlines()) == 1


def test_an_error_of_a_program_keeps_its_traceback(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Runner, 'from_cfg', lambda config: [][1])
    monkeypatch.setattr(sys, 'argv', ['train.py', 'rpn_synthetic', '--work-dir', str(tmp_path)])
    with pytest.raises(IndexError):
        load_tool('_host_tool.py').run('train.py')
