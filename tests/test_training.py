"""Training through the host's runner and tools, from feature files to metrics."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import mmaction
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic
from rpn_plugin.deployment import ModelFile

REPOSITORY = Path(__file__).resolve().parents[1]
CONFIG = str(REPOSITORY / 'configs' / 'rpn_synthetic.py')


@pytest.fixture
def data(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / 'data'
    write_synthetic(root, SyntheticSettings(num_train=24, num_test=9, median_snippets=60))
    monkeypatch.setenv('RPN_SYNTHETIC_ROOT', str(root))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    return root


def build(work_dir: Path, **changes: object) -> Runner:
    config = Config.fromfile(CONFIG)
    ours = dict(work_dir=str(work_dir), experiment_name=work_dir.name, randomness=dict(seed=3))
    config.merge_from_dict(ours | changes)
    config.train_cfg.update(max_epochs=3, val_interval=3)
    return Runner.from_cfg(config)


def test_training_is_identical_without_segments_in_the_file(data, tmp_path) -> None:
    states = []
    for name in ('with', 'without'):
        if name == 'without':
            content = json.loads((data / 'annotations.json').read_text())
            for entry in content['database'].values():
                entry['labels'] = sorted({annotation['label'] for annotation in entry.pop('annotations')})
            (data / 'annotations.json').write_text(json.dumps(content))
        runner = build(tmp_path / name, val_cfg=None, val_dataloader=None, val_evaluator=None)
        runner.train()
        states.append(runner.model.state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@pytest.mark.smoke
def test_a_checkpoint_gives_the_training_time_numbers_exactly(data, tmp_path) -> None:
    runner = build(tmp_path / 'train')
    runner.train()
    last = {key: buffer.current() for key, buffer in runner.message_hub.log_scalars.items() if '/wtal/' in key}
    checkpoint = str(tmp_path / 'train' / 'epoch_3.pth')
    said = ModelFile.read(checkpoint)  # it needs no config beside it
    assert said.classes == runner.train_dataloader.dataset.metainfo['classes']
    assert said.recipe == dict(fps=25, snippet_stride=16, window=16)
    assert said.build().localizers.keys() == {'rgb', 'flow'}
    (data / 'features' / 'rgb' / 'train_0000.npy').unlink()  # testing needs no training data
    again = build(tmp_path / 'test', load_from=checkpoint).test()
    assert {key.split('/', 1)[1]: value for key, value in last.items()} == again
    assert len(again) == 9


def tool(name: str, *arguments: str, cwd: Path, **options: object) -> subprocess.CompletedProcess:
    run = subprocess.run([*name.split(), *arguments], cwd=cwd, capture_output=True, text=True, **options)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return run


def test_the_hosts_own_tool_needs_nothing_but_the_installed_plugin(data, tmp_path, python) -> None:
    host = Path(mmaction.__file__).parent / '.mim' / 'tools' / 'train.py'
    if not host.is_file():
        pytest.skip('mmaction2 is installed without its tools')
    environment = {**os.environ, 'PYTHONPATH': str(REPOSITORY)}
    run = tool(f'{python} {host} {CONFIG} --work-dir work', '--cfg-options', 'train_cfg.max_epochs=1',
               'train_cfg.val_interval=1', cwd=tmp_path, env=environment)
    assert 'wtal/mAP_avg' in run.stdout + run.stderr
