"""Every config is complete: it trains, validates, checkpoints and tests on made data of its own shape."""
from __future__ import annotations

from pathlib import Path

import config_data
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

REPOSITORY = Path(__file__).resolve().parents[1]
CONFIGS = sorted(str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / 'configs').rglob('*.py')
                 if '_base_' not in path.parts)
ABLATIONS = [path for path in CONFIGS if 'ablations' in path]


def read(path: str) -> Config:
    return Config.fromfile(REPOSITORY / path)




def run_one_epoch(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Runner, dict]:
    config_data.point_to(tmp_path / 'data', monkeypatch.setenv)
    config = config_data.shorten(read(path), tmp_path / 'work')
    config_data.make_data(config)
    config.experiment_name = f'{tmp_path.name}_{Path(path).stem}'
    runner = Runner.from_cfg(config)
    before = {name: value.clone() for name, value in runner.model.named_parameters()}
    runner.train()
    wrong = [name for name, value in runner.model.named_parameters()
             if bool((value == before[name]).all()) == value.requires_grad]
    return runner, dict(wrong=wrong, metrics=runner.test())


@pytest.mark.parametrize('path', CONFIGS)
def test_trains_checkpoints_and_tests(path, tmp_path, monkeypatch) -> None:
    runner, outcome = run_one_epoch(path, tmp_path, monkeypatch)
    assert not outcome['wrong'], 'parameters that did not learn, or frozen ones that did'
    assert np.isfinite(list(outcome['metrics'].values())).all()
    assert (tmp_path / 'work' / 'epoch_1.pth').is_file()


def test_the_four_experiments_have_the_papers_published_settings() -> None:
    for path in ('rpn_i3d_thumos', 'rpn_unt_thumos', 'rpn_i3d_anet12', 'rpn_unt_anet12'):
        config = read(f'configs/{path}.py')
        localizer, thumos = config.model.localizer, 'thumos' in path
        assert config.optim_wrapper.optimizer == dict(type='Adam', lr=1e-4)
        assert config.train_cfg.max_epochs == 1000
        assert localizer.proposals.min_class_score == 0.1
        weighting = localizer.weighting
        assert (weighting.num_updates, weighting.top_ratio, weighting.moving_rate) == (2, 0.1, 0.1)
        assert config.test_evaluator.protocol == ('activitynet-thumos14' if thumos else 'activitynet')
        assert config.default_hooks.checkpoint.save_best is None
        assert localizer.neck.num_classes == (20 if thumos else 100)
        assert set(config.model.streams) == set(config.train_dataloader.dataset.data_prefix) == {'rgb', 'flow'}


def test_ablations_differ_from_the_full_model_in_their_one_thing(monkeypatch) -> None:
    full = read('configs/rpn_i3d_thumos.py').model.localizer
    expected = {
        'table3_random': ('neck', ), 'table3_fc': ('neck', ), 'table4_cls': ('head', 'weighting'),
        'table4_cls_clu': ('weighting', ), 'table4_cls_weighting': ('head', 'weighting'),
        'table4_cls_clu_weighting': ('weighting', )
    }
    assert {Path(path).stem for path in ABLATIONS} == set(expected)
    for path in ABLATIONS:
        localizer = read(path).model.localizer
        assert tuple(sorted(key for key in full if localizer[key] != full[key])) == expected[Path(path).stem]
        assert localizer.weighting is None or localizer.weighting.gamma_t == full.weighting.gamma_t


def test_ablations_apply_to_any_experiment(monkeypatch) -> None:
    monkeypatch.setenv('RPN_ABLATION_OF', 'rpn_vgg16_ucf101')
    config = read('configs/ablations/table4_cls.py')
    assert config.model.localizer.neck.num_classes == 10 and config.model.localizer.weighting is None
