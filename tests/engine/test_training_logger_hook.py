"""A thousand short epochs leave a readable log, few checkpoints and curves in TensorBoard."""
from __future__ import annotations

import json
import re
import sys
import types
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.hooks import LoggerHook
from mmengine.runner import Runner

from rpn_plugin.command_line import keep_console_short
from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic
from rpn_plugin.engine import TrainingLoggerHook

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
TENSORBOARD = {'visualizer.vis_backends.0.type': 'TensorboardVisBackend'}
EPOCHS, INTERVAL = 25, 20


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('logged') / 'data'
    write_synthetic(root, SyntheticSettings(num_train=24, num_test=1, median_snippets=40))
    return root


def config(data: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """EPOCHS epochs of 3 iterations, no validation."""
    monkeypatch.setenv('RPN_SYNTHETIC_ROOT', str(data))
    found = Config.fromfile(CONFIGS / 'rpn_synthetic.py')
    found.merge_from_dict(dict(work_dir=str(work_dir), experiment_name=work_dir.name, val_cfg=None,
                               val_dataloader=None, val_evaluator=None,
                               default_hooks=dict(logger=dict(interval=INTERVAL), checkpoint=dict(interval=10))))
    found.train_cfg.update(max_epochs=EPOCHS)
    return found


def test_lines_come_by_iterations_of_the_training_with_the_time_left(data, tmp_path, monkeypatch) -> None:
    Runner.from_cfg(config(data, tmp_path, monkeypatch)).train()
    log = next(tmp_path.glob('*/*.log')).read_text()
    lines = re.findall(r'Epoch\(train\) +\[(\d+)\]\[(\d)/3\].* eta: .* loss: ', log)
    expected = [1, *range(INTERVAL, 3 * EPOCHS, INTERVAL), 3 * EPOCHS]
    assert [3 * (int(epoch) - 1) + int(iteration) for epoch, iteration in lines] == expected
    assert 'Exp name' not in log
    scalars = next(tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()
    assert [json.loads(line)['step'] for line in scalars] == expected
    assert {path.name for path in tmp_path.glob('*.pth')} == {'epoch_10.pth', 'epoch_20.pth', f'epoch_{EPOCHS}.pth'}


def test_the_console_has_a_summary_and_the_file_the_rest(data, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(Runner, 'build_logger', Runner.build_logger)
    keep_console_short()
    found = config(data, tmp_path, monkeypatch)
    found.train_cfg.update(max_epochs=1)
    Runner.from_cfg(found).train()
    console, file = capsys.readouterr().out, next(tmp_path.glob('*/*.log')).read_text()
    summary = (r'Training\n  data: 24 training videos of 10 classes, .*annotations.json\n  model: .*\n'
               r'  schedule: 1 epochs of 3 iterations with 10 videos each; Adam, learning rate .*\n'
               r'  device: cpu; seed \d+\n  results: ')
    before, loss, _ = console.partition('Epoch(train)')
    assert loss and re.search(summary, before) and before.count('\n') < 15
    assert re.search(summary, file) and 'Hooks will be executed' in file and 'System environment' in file


def test_a_thousand_epochs_of_twenty_iterations_stay_readable() -> None:
    for path in CONFIGS.glob('rpn_*.py'):
        found = Config.fromfile(path)
        iterations = 20 * found.train_cfg.max_epochs
        assert iterations / found.default_hooks.logger.interval <= 100, path
        assert found.train_cfg.max_epochs / found.default_hooks.checkpoint.interval <= 20, path
        assert found.default_hooks.checkpoint.max_keep_ckpts <= 3, path
        assert found.val_cfg is None or found.train_cfg.max_epochs / found.train_cfg.val_interval <= 10, path


def test_curves_go_to_tensorboard_by_one_option(data, tmp_path, monkeypatch) -> None:
    written = []

    class SummaryWriter:

        def __init__(self, log_dir: str) -> None:
            assert str(tmp_path) in log_dir

        def add_scalar(self, name: str, value: float, step: int) -> None:
            written.append((name, step))

        def add_text(self, *args: object) -> None:
            pass

        def close(self) -> None:
            pass

    package = types.ModuleType('torch.utils.tensorboard')
    package.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, package.__name__, package)
    chosen = config(data, tmp_path, monkeypatch)
    chosen.merge_from_dict(TENSORBOARD)
    chosen.train_cfg.update(max_epochs=7)
    Runner.from_cfg(chosen).train()
    assert {('rgb.loss_cls', 20), ('flow.loss_clu', 21), ('loss', 21), ('lr', 20)} <= set(written)
    scalars = next(tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()
    assert [json.loads(line)['step'] for line in scalars] == [1, 20, 21], 'which rpn compare reads'


def test_a_line_comes_by_time_too_and_right_after_resuming(monkeypatch) -> None:
    said, kept, clock = [], [], iter([*range(0, 30, 3), 99])
    monkeypatch.setattr('time.monotonic', lambda: next(clock))
    runner = SimpleNamespace(
        iter=100, max_iters=1000, train_loop=None, logger=SimpleNamespace(info=said.append), val_dataloader=[0] * 9,
        log_processor=SimpleNamespace(get_log_after_iter=lambda runner, index, mode: ({}, f'{mode} {index}')),
        visualizer=SimpleNamespace(add_scalars=lambda *_, step, **__: kept.append(step)))
    hook = TrainingLoggerHook(interval=1000)
    for index in range(8):  # three seconds each
        hook.after_train_iter(runner, index)
        runner.iter += 1
    assert said == ['train 0', 'train 4'] and not kept, 'what scalars.json holds does not depend on time'
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0)
    hook.after_val_iter(runner, 7)
    assert said[2:] == ['val 7']


def test_without_tensorboard_the_message_says_what_to_install(data, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', None)
    chosen = config(data, tmp_path, monkeypatch)
    chosen.merge_from_dict(TENSORBOARD)
    with pytest.raises(ImportError, match='pip install future tensorboard'):
        Runner.from_cfg(chosen).train()


def test_the_option_is_the_one_that_the_config_states() -> None:
    text = (CONFIGS / '_base_' / 'default_runtime.py').read_text()
    assert '--cfg-options {}={}'.format(*TENSORBOARD.popitem()) in text


def test_one_process_alone_writes_the_metrics_of_a_test(monkeypatch) -> None:
    written = []
    monkeypatch.setattr(LoggerHook, 'after_test_epoch', lambda hook, runner, metrics: written.append(metrics))
    for main in (True, False):
        monkeypatch.setattr('rpn_plugin.engine.hooks.training_logger_hook.is_main_process', lambda: main)
        TrainingLoggerHook().after_test_epoch(None, dict(of_main=main))
    assert written == [dict(of_main=True)]
