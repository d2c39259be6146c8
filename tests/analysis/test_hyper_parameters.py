"""Every choice of every hyper-parameter fits the configs that it is offered for, and the documents explain each."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from tool_runner import load_tool

from rpn_plugin.analysis.config_writer import write_config
from rpn_plugin.analysis.hyper_parameter_notes import NOTES, OPEN, OURS
from rpn_plugin.analysis.hyper_parameters import (
    KINDS,
    HyperParameter,
    apply,
    changes_of,
    hyper_parameters_of,
    other_choices,
    published_hyper_parameters,
    value_of,
)

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'


def read(name: str) -> Config:
    return Config.fromfile(CONFIGS / f'{name}.py')


@pytest.mark.parametrize('name', ['rpn_synthetic', 'rpn_vgg16_ucf101_untuned', 'rpn_custom'])
def test_every_choice_builds_and_says_the_same_when_written_as_a_config(name, tmp_path) -> None:
    config = read(name)
    for hyper_parameter in [*hyper_parameters_of(config).values(), *published_hyper_parameters().values()]:
        assert hyper_parameter.kind in KINDS and len(hyper_parameter.choices) > 1
        for changes in hyper_parameter.every_choice.values():
            changed = apply(config, [changes])
            MODELS.build(changed.model)
            if hyper_parameter.name == 'share of snippets':
                DATASETS.build(dict(changed.train_dataloader.dataset, lazy_init=True))
            write_config(tmp_path / 'tuned.py', CONFIGS / f'{name}.py', [changes], ['why'])
            assert Config.fromfile(tmp_path / 'tuned.py').to_dict() == changed.to_dict()


def test_each_choice_of_streams_has_its_networks() -> None:
    config = read('rpn_vgg16_ucf101_untuned')
    streams = hyper_parameters_of(config)['streams'].choices
    networks = {choice: {name: localizer.embedding.in_channels for name, localizer in
                         MODELS.build(apply(config, [changes]).model).localizers.items()}
                for choice, changes in streams.items()}
    assert networks == {'each': dict(rgb=256, flow=256), 'together': dict(both=512),
                        'each and together': dict(rgb=256, flow=256, both=512)}


def test_what_needs_no_training_leaves_the_parameters_alone() -> None:
    config = read('rpn_synthetic')
    shapes = {name: value.shape for name, value in MODELS.build(config.model).state_dict().items()}
    for hyper_parameter in [*hyper_parameters_of(config).values(), *published_hyper_parameters().values()]:
        if hyper_parameter.kind == 'training':
            continue
        for changes in hyper_parameter.choices.values():
            assert all(key.startswith('model.') for key in changes)
            torch.manual_seed(0)
            state = MODELS.build(apply(config, [changes]).model).state_dict()
            assert {name: value.shape for name, value in state.items()} == shapes


def test_a_config_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected a config of RPN, .* has model.type='WeaklySupervisedLocalizer'"):
        hyper_parameters_of(Config(dict(model=dict(type='WeaklySupervisedLocalizer'))))


def test_beyond_an_end_lie_its_own_further_choices() -> None:
    number = HyperParameter('a', dict.fromkeys(('1', '2', '5')), 'training', dict.fromkeys(('10', '0.5', '20')))
    assert number.beyond('5') == ['10', '20'] and number.beyond('1') == ['0.5']
    assert not any(map(number.beyond, ('2', '10', '0.5', 'as is', None)))
    assert list(number.every_choice) == ['0.5', '1', '2', '5', '10', '20']
    assert not HyperParameter('b', dict.fromkeys(('each', 'together')), 'training').beyond('each')


def test_a_setting_is_applied_in_its_choices_and_the_config_stays_as_it_was() -> None:
    config = read('rpn_vgg16_ucf101_untuned')
    before, known = config.to_dict(), hyper_parameters_of(config)
    changed = apply(config, changes_of(known, {'alpha': '0.2', 'attention lr_mult': '1', 'E': 'as is'}))
    assert value_of(changed, known['alpha']) == changed.model.localizer.head.loss_clu.loss_weight == 0.2
    assert changed.optim_wrapper.paramwise_cfg.custom_keys == {'head.attention': dict(lr_mult=1.0)}
    assert config.to_dict() == before and value_of(changed, known['E']) == [256]
    assert '0.2' in other_choices(config, known['alpha']) and '0.2' not in other_choices(changed, known['alpha'])
    changed = apply(config, changes_of(known, {'alpha': '0.0001'}))
    assert changed.model.localizer.head.loss_clu.loss_weight == 0.0001, 'a further choice'
    with pytest.raises(KeyError, match='Unknown hyper-parameters .*beta'):
        changes_of(known, {'beta': '1'})


def test_the_documented_tables_are_made_from_the_hyper_parameters_and_the_results() -> None:
    page = (CONFIGS.parent / 'docs' / 'hyper_parameters.md').read_text()
    documented = re.findall(r'<!-- (?:values|ends) -->\n(.*?)\n<!-- end -->', page, re.S)
    assert documented == load_tool('analysis/reproduce.py').hyper_parameter_tables()


def test_every_hyper_parameter_is_explained_and_the_published_ones_have_the_papers_value() -> None:
    configs = [read(name) for name in ('paper_settings/rpn_i3d_thumos_as_written', 'rpn_i3d_thumos',
                                         'rpn_custom')]
    known = {name: one for config in configs for name, one in hyper_parameters_of(config).items()}
    assert NOTES.keys() == known.keys() | published_hyper_parameters().keys()
    published = {name: note.paper for name, note in NOTES.items() if not note.paper.endswith((OPEN, OURS))}
    assert published == {'epochs': '1000', 'lr': '0.0001', 'p_c': '0.1', 'n': '2', 'k / T': '0.1', 'lambda': '0.1',
                         'streams': 'each'}
    found = {**known, **published_hyper_parameters()}
    for config in configs[:2]:
        assert [value_of(config, found[name]) for name in published if name != 'streams'] == [
            1000, 1e-4, 0.1, 2, 0.1, 0.1]
