"""Several processes compute what one computes."""
from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import ranks
from mmengine.config import Config
from processes import run_ranks, start

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic

REPOSITORY = Path(__file__).resolve().parents[1]
CONFIGS = sorted(str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / 'configs').rglob('*.py')
                 if '_base_' not in path.parts)
OF_RPN = [path for path in CONFIGS
          if path.count('/') == 1 or any(folder in path for folder in ('ablations', 'paper_settings', 'mixing'))]
"""The other methods train on two ranks in tests/test_contract.py."""


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Iterator[None]:
    """The root of ``rpn_synthetic`` is a small made set: 20 training videos, 5 to test."""
    root = tmp_path_factory.mktemp('data')
    write_synthetic(root / 'data', SyntheticSettings(num_train=20, num_test=5, median_snippets=40))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv('RPN_SYNTHETIC_ROOT', str(root / 'data'))
        yield


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory) -> Path:
    """Work directory of one epoch by ``tools/train.py`` on two ranks."""
    work_dir = tmp_path_factory.mktemp('trained')
    run_ranks(2, ranks.run_tool, 'train.py', ranks.SYNTHETIC, '--work-dir', str(work_dir), '--launcher', 'pytorch',
              '--auto-scale-lr', '--no-validate', '--cfg-options', 'train_cfg.max_epochs=1',
              'default_hooks.logger.interval=1')
    return work_dir


@pytest.mark.parametrize('shares', [
    pytest.param([[[0], [1, 2]], [[3], [4]]], id='equal'),
    pytest.param([[[0], [1, 2], [5]], [[3]]], id='uneven'),
    pytest.param([[[0], [3], [4]], [[1, 2], [6, 7]]], id='no single-label video on a rank'),
    pytest.param([[[0, 1]], [[1, 2], [6, 7]]], id='no single-label video at all'),
])
def test_the_gradient_of_a_global_batch_is_that_of_the_papers_loop_in_one_process(shares) -> None:
    videos = [video for share in shares for video in share]
    expected: dict[str, np.ndarray] = {}
    for video in videos:  # one by one, accumulating the gradient
        for name, value in ranks.gradients([[video]])[0].items():
            expected[name] = expected.get(name, 0) + value / len(videos)
    answers = run_ranks(2, ranks.gradients, shares)
    for gradients, _ in answers:
        assert gradients.keys() == expected.keys()
        for name, value in gradients.items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)
    whole = ranks.gradients([videos])[1]
    for name, value in whole.items():
        assert np.mean([losses[name] for _, losses in answers]) == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_every_config_of_rpn_trains_on_two_ranks_and_they_stay_equal(tmp_path) -> None:
    first, second = run_ranks(2, ranks.two_steps_of_every_config, str(tmp_path), OF_RPN)
    assert first == second and {steps for steps, _ in first.values()} == {2}


def test_two_ranks_train_and_score_like_one(data, tmp_path) -> None:
    one = ranks.train(str(tmp_path / 'one'), global_batch=4)
    two = run_ranks(2, ranks.train, str(tmp_path / 'two'), 4)
    assert len(one['losses']) == 10
    for outcome in two:
        np.testing.assert_allclose(outcome['losses'], one['losses'], rtol=1e-5)
        for name, value in one['state'].items():
            np.testing.assert_allclose(outcome['state'][name], value, rtol=1e-5, atol=1e-6, err_msg=name)
        assert outcome['metrics'] == pytest.approx(one['metrics'], abs=1e-6)
    assert two[0]['digest'] == two[1]['digest'] and len(one['metrics']) == 9
    assert [outcome['counted'] for outcome in (one, *two)] == [2, 2, 0], \
        'the main process reads the labels: to look whether they differ, and to count co-occurrence'


@pytest.mark.parametrize('as_on_devices', [False, True])
def test_a_signal_to_one_rank_ends_all_after_the_same_step_with_a_checkpoint(data, tmp_path, as_on_devices) -> None:
    ends = run_ranks(2, ranks.train_until_signal, str(tmp_path), signal.SIGTERM, 2, as_on_devices)
    assert ends == [(143, 4 if as_on_devices else 3)] * 2


def test_a_rank_that_dies_ends_the_others_within_a_minute(data, tmp_path) -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeError, match='Connection (reset|closed) by peer'):
        run_ranks(2, ranks.train_until_signal, str(tmp_path), signal.SIGKILL, 2)
    assert time.monotonic() - began < 60


def test_auto_scale_lr_scales_with_the_number_of_processes(trained) -> None:
    scalars, = trained.glob('*/vis_data/scalars.json')
    rates = {json.loads(line)['lr'] for line in scalars.read_text().splitlines()}
    assert rates == {2 * Config.fromfile(ranks.SYNTHETIC).optim_wrapper.optimizer.lr}


def test_two_ranks_score_a_checkpoint_exactly_like_one(trained, tmp_path) -> None:
    arguments = ['test.py', ranks.SYNTHETIC, str(trained / 'epoch_1.pth'), '--work-dir']
    one = start(ranks.run_tool, *arguments, str(tmp_path / 'one'))
    run_ranks(2, ranks.run_tool, *arguments, str(tmp_path / 'two'), '--launcher', 'pytorch')
    one.join()
    results = []
    for name in ('one', 'two'):
        file, = (tmp_path / name).glob('*/*.json')
        results.append({key: value for key, value in json.loads(file.read_text()).items() if key.startswith('wtal')})
    assert results[0] == results[1] and len(results[0]) == 9


def test_every_config_states_the_batch_size_that_its_learning_rate_is_for() -> None:
    for path in CONFIGS:
        config = Config.fromfile(REPOSITORY / path)
        assert config.auto_scale_lr.base_batch_size == config.train_dataloader.batch_size, path
        assert not config.auto_scale_lr.enable
