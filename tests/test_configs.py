"""Every config is complete: it trains, validates, checkpoints and tests on made data of its own shape, but narrower."""
from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path

import config_data
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from rpn_plugin.analysis.ablations import ABLATIONS, Ablation

REPOSITORY = Path(__file__).resolve().parents[1]
CONFIGS = sorted(str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / 'configs').rglob('*.py')
                 if '_base_' not in path.parts)
ABLATION_FILES = [path for path in CONFIGS if 'ablations' in path]


def read(path: str) -> Config:
    return Config.fromfile(REPOSITORY / path)


def run_one_epoch(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Runner, dict]:
    config_data.point_to(tmp_path / 'data', monkeypatch.setenv)
    config = config_data.shorten(read(path), tmp_path / 'work')
    if config.train_dataloader.dataset.type == 'UntrimmedFeatureDataset' and config.model.type != 'HostLocalizer':
        for part in (config.model, config.train_dataloader, config.val_dataloader, config.test_dataloader):
            config_data.narrow(part)
    config_data.make_data(config)
    torch.manual_seed(0)  # of a random first stage, which may propose nothing to learn from
    config.randomness = dict(seed=0)
    config_data.write_first_stage(config, tmp_path / 'first_stage.pth')
    config.experiment_name = f'{tmp_path.name}_{Path(path).stem}'
    runner = Runner.from_cfg(config)
    if 'first_stage' in config.model:
        runner.model.init_weights()  # reads it, as the training does: what it reads then, it has learned before
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


@pytest.mark.parametrize('path', ['delu/delu_i3d_thumos', 'delu/delu_custom', 'ddgnet/ddgnet_i3d_thumos'])
def test_delu_keeps_the_guide_of_co2_net_at_half_its_weight_beside_its_own(path, tmp_path, monkeypatch) -> None:
    config_data.point_to(tmp_path / 'data', monkeypatch.setenv)
    losses = {name: dict(loss) for name, loss in read(f'configs/{path}.py').model.head.losses.items()}
    plain = {loss.get('attention', 'attention'): loss['loss_weight'] for loss in losses.values()
             if loss['type'] == 'AttentionGuideLoss'}
    assert plain == pytest.approx({f'{of}attention': 0.4 / 3 for of in ('', 'first_', 'second_')})
    own = [loss for loss in losses.values() if loss['type'] in ('EvidenceLoss', 'UncertaintyGuideLoss')]
    assert [loss['loss_weight'] for loss in own] == [1.3, 0.4]


def test_asl_looks_a_fifth_of_a_proposals_length_around_it_and_adds_a_fifth_of_the_video_score() -> None:
    proposals = read('configs/asl/asl_i3d_thumos.py').model.proposals
    assert (proposals.inflation, proposals.video_weight) == (0.2, 0.2)


def test_ablations_differ_from_the_full_model_in_their_one_thing() -> None:
    full = read('configs/rpn_i3d_thumos.py').model.localizer
    expected = {
        'table3_random': ('neck', ), 'table3_fc': ('neck', ), 'table4_cls': ('head', 'weighting'),
        'table4_cls_clu': ('weighting', ), 'table4_cls_weighting': ('head', 'weighting'),
        'table4_cls_clu_weighting': ('weighting', )
    }
    assert {Path(path).stem for path in ABLATION_FILES} == set(expected)
    for path in ABLATION_FILES:
        localizer = read(path).model.localizer
        assert tuple(sorted(key for key in full if localizer[key] != full[key])) == expected[Path(path).stem]
        assert localizer.weighting is None or localizer.weighting.coverage == full.weighting.coverage


def as_cfg_options(ablation: Ablation) -> dict:
    """The overrides as the tools' option reads them from its text."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args(['--cfg-options', *ablation.cfg_options.split()]).cfg_options


@pytest.mark.parametrize('name', ABLATIONS)
def test_the_file_of_an_ablation_is_the_full_model_with_its_overrides(name) -> None:
    full = read('configs/rpn_i3d_thumos.py')
    full.merge_from_dict(as_cfg_options(ABLATIONS[name]))
    file = read(f'configs/ablations/{name}.py')
    assert file.to_dict() == full.to_dict()
    assert repr(file.to_dict()['model']) == repr(full.to_dict()['model']), 'a number of another type'


@pytest.mark.parametrize('name', ABLATIONS)
def test_ablations_apply_to_any_experiment(name) -> None:
    for path in ('rpn_vgg16_ucf101', 'rpn_synthetic', 'rpn_i3d_anet12'):
        config, full = read(f'configs/{path}.py'), read(f'configs/{path}.py')
        config.merge_from_dict(dict(ABLATIONS[name].overrides))
        classes = full.model.localizer.neck.num_classes
        assert config.model.localizer.neck.num_classes == classes and config.to_dict() != full.to_dict()
        assert MODELS.build(config.model).networks.keys() == MODELS.build(full.model).networks.keys()


def bases(path: Path) -> list[Path]:
    """The files that a config names as its bases."""
    stated = [statement.value for statement in ast.parse(path.read_text()).body if isinstance(statement, ast.Assign)
              and ast.unparse(statement.targets[0]) == '_base_']
    named = ast.literal_eval(stated[0]) if stated else []
    return [(path.parent / base).resolve() for base in ([named] if isinstance(named, str) else named)]


def levels(path: Path) -> int:
    """The number of files above a config, over its longest line of bases."""
    return max((1 + levels(base) for base in bases(path)), default=0)


@pytest.mark.parametrize('path', CONFIGS)
def test_no_config_inherits_through_more_than_three_levels_or_is_long(path) -> None:
    assert levels(REPOSITORY / path) <= 3
    assert len((REPOSITORY / path).read_text().splitlines()) < 40


@pytest.mark.parametrize('path', CONFIGS)
def test_a_config_on_a_model_base_states_what_its_data_decide(path) -> None:
    parts = [base.parent.name for base in bases(REPOSITORY / path)]
    if 'models' in parts:
        text = (REPOSITORY / path).read_text()
        for key in ('num_classes', 'in_channels'):
            assert re.search(rf'\b{key}=(\d|{{{{_base_\.{key}}}}})', text), 'stated, or read off the data'


def test_a_model_base_hides_nothing_about_a_data_set() -> None:
    for path in (REPOSITORY / 'configs' / '_base_' / 'models').glob('*.py'):
        model = Config.fromfile(path).model
        assert config_data.stated(model, 'num_classes') is None
        network = model.get('localizer', model)
        assert 'in_channels' not in (network.get('embedding') or network.head)


def test_where_pairs_are_sampled_the_batches_of_the_loader_are_those_of_the_sampler() -> None:
    paired = [loader for loader in (read(path).train_dataloader for path in CONFIGS)
              if loader.sampler.type == 'PairedClassSampler']
    assert paired and all(loader.batch_size == 2 * loader.sampler.pairs + loader.sampler.rest for loader in paired)
