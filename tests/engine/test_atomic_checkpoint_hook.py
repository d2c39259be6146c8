"""Which files there are, and when; tests/test_resume.py kills real processes in between."""
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import get_file_backend
from mmengine.runner import Runner

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic
from rpn_plugin.engine import AtomicCheckpointHook

CONFIG = Path(__file__).resolve().parents[2] / 'configs' / 'rpn_synthetic.py'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    write_synthetic(tmp_path / 'data', SyntheticSettings(num_train=4, num_test=2, median_snippets=40))
    monkeypatch.setenv('RPN_SYNTHETIC_ROOT', str(tmp_path / 'data'))
    config = Config.fromfile(CONFIG)
    config.update(work_dir=str(tmp_path / 'work'), experiment_name=tmp_path.name, log_level='ERROR')
    config.train_cfg.update(max_epochs=4, val_interval=1)
    return config


def train(config: Config, **checkpoint: object) -> set[str]:
    """Train with these options of the hook; the files that are left."""
    config.default_hooks.checkpoint.update(checkpoint)
    Runner.from_cfg(config).train()
    assert not list(Path(config.work_dir).glob('.*')), 'a temporary file is left'
    return {path.name for path in Path(config.work_dir).glob('*.pth')}


def test_only_the_newest_are_kept_also_after_resuming_with_fewer(config) -> None:
    assert train(config, interval=1, max_keep_ckpts=3) == {'epoch_2.pth', 'epoch_3.pth', 'epoch_4.pth'}
    last = Path(config.work_dir) / 'last_checkpoint'
    assert last.read_text() == str(Path(config.work_dir) / 'epoch_4.pth')
    config.update(resume=True, experiment_name=config.experiment_name + '_resumed')
    config.train_cfg.max_epochs = 5
    assert train(config, max_keep_ckpts=2) == {'epoch_4.pth', 'epoch_5.pth'}


def test_all_are_kept_by_default_and_the_best_one_is_named(config) -> None:
    files = train(config, interval=1, max_keep_ckpts=-1, save_best='wtal/mAP_avg')
    best, = (name for name in files if name.startswith('best_wtal_mAP_avg_epoch_'))
    assert files - {best} == {f'epoch_{epoch}.pth' for epoch in range(1, 5)}
    hub = torch.load(Path(config.work_dir) / 'epoch_4.pth')['message_hub']
    assert Path(hub['runtime_info']['best_ckpt']).name == best


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    backend = get_file_backend(str(tmp_path), backend_args=dict(backend='atomic'))
    backend.put(b'old', tmp_path / 'epoch_1.pth')

    def full(descriptor: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        backend.put(b'new and longer', tmp_path / 'epoch_1.pth')
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b'old']


def test_another_storage_is_refused() -> None:
    with pytest.raises(TypeError, match='backend_args'):
        AtomicCheckpointHook(interval=1, backend_args=dict(backend='petrel'))


def test_a_training_that_is_stopped_early_leaves_its_last_state(config) -> None:
    config.custom_hooks = [dict(type='EarlyStoppingHook', monitor='wtal/mAP_avg', rule='greater',
                                stopping_threshold=-1.0)]
    assert train(config, interval=50) == {'epoch_1.pth'}
    saved = torch.load((Path(config.work_dir) / 'last_checkpoint').read_text())
    assert saved['meta']['epoch'] == 1 and saved['meta']['iter'] == 1


def test_a_last_state_that_is_saved_already_or_is_not_wanted_is_not_saved_again(config, monkeypatch) -> None:
    config.custom_hooks = [dict(type='EarlyStoppingHook', monitor='wtal/mAP_avg', rule='greater',
                                stopping_threshold=-1.0)]
    saved = []
    monkeypatch.setattr(Runner, 'save_checkpoint', lambda *arguments, **options: saved.append(arguments))
    train(config, interval=1)
    assert len(saved) == 1
    config.experiment_name += '_unwanted'
    train(config, interval=50, save_last=False)
    assert len(saved) == 1
