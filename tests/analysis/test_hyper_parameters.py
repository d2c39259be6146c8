"""Every choice of every hyper-parameter fits the configs that it is offered for, and the documents explain each."""
from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from tool_runner import load_tool

from rpn_plugin.analysis.config_writer import write_config
from rpn_plugin.analysis.hyper_parameter_notes import NOTES, OPEN, OURS
from rpn_plugin.analysis.hyper_parameters import KINDS, HyperParameter, apply, changes_of, other_choices, value_of
from rpn_plugin.analysis.methods import OWN, found_methods
from rpn_plugin.analysis.search_choices import hyper_parameters_of, published_hyper_parameters

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
METHODS = [f'{name}/{name}_custom' for name in found_methods(CONFIGS) if name != OWN]
SECOND_STAGES = [name for name in METHODS if 'first_stage' in (CONFIGS / f'{name}.py').read_text()]
ONE_STAGE = [name for name in METHODS if name not in SECOND_STAGES]


def read(name: str) -> Config:
    return Config.fromfile(CONFIGS / f'{name}.py')


def known_of(name: str, config: Config) -> list[HyperParameter]:
    """Those of a config, and of RPN's own the published ones, too."""
    published = () if name in METHODS else published_hyper_parameters().values()
    return [*hyper_parameters_of(config).values(), *published]


@pytest.mark.parametrize('name', ['rpn_synthetic', 'rpn_vgg16_ucf101_untuned', 'rpn_custom', *ONE_STAGE])
def test_every_choice_builds_and_says_the_same_when_written_as_a_config(name, tmp_path) -> None:
    """The first choices of all together, as a search may combine them, then the second ones, and so on."""
    config = read(name)
    known = known_of(name, config)
    assert all(hyper_parameter.kind in KINDS and other_choices(config, hyper_parameter) for hyper_parameter in known)
    for together in zip_longest(*(hyper_parameter.every_choice.values() for hyper_parameter in known), fillvalue={}):
        changed = apply(config, together)
        MODELS.build(changed.model)
        DATASETS.build(dict(changed.train_dataloader.dataset, lazy_init=True))
        write_config(tmp_path / 'tuned.py', CONFIGS / f'{name}.py', together, ['why'])
        assert Config.fromfile(tmp_path / 'tuned.py').to_dict() == changed.to_dict()


def test_each_choice_of_streams_has_its_networks() -> None:
    config = read('rpn_vgg16_ucf101_untuned')
    streams = hyper_parameters_of(config)['streams'].choices
    networks = {choice: {name: localizer.embedding.in_channels for name, localizer in
                         MODELS.build(apply(config, [changes]).model).localizers.items()}
                for choice, changes in streams.items()}
    assert networks == {'each': dict(rgb=256, flow=256), 'together': dict(both=512),
                        'each and together': dict(rgb=256, flow=256, both=512)}


@pytest.mark.parametrize('config_name', ['rpn_synthetic', *ONE_STAGE])
def test_what_needs_no_training_leaves_the_parameters_alone(config_name) -> None:
    config = read(config_name)
    shapes = {name: value.shape for name, value in MODELS.build(config.model).state_dict().items()}
    for hyper_parameter in known_of(config_name, config):
        if hyper_parameter.kind == 'training':
            continue
        for changes in hyper_parameter.choices.values():
            assert all(key.startswith('model.') for key in changes)
            torch.manual_seed(0)
            state = MODELS.build(apply(config, [changes]).model).state_dict()
            assert {name: value.shape for name, value in state.items()} == shapes


@pytest.mark.parametrize('name', SECOND_STAGES)
def test_a_second_stage_is_refused_whose_first_has_seen_what_would_be_held_out(name) -> None:
    with pytest.raises(ValueError, match=f'{name}.py is a second stage. Its first stage has seen the labels'):
        hyper_parameters_of(read(name))


def test_a_model_without_a_head_for_snippets_is_refused() -> None:
    with pytest.raises(ValueError, match="a head that scores snippets, but .* has model.type='BMN'"):
        hyper_parameters_of(Config(dict(model=dict(type='BMN'))))


def test_what_a_method_has_not_is_no_choice_of_it() -> None:
    """The mean over a video stays one, and a linear network has no dropout."""
    every = {name: hyper_parameters_of(read(name)) for name in ONE_STAGE}
    assert 'share of the highest' not in every['hide_and_seek/hide_and_seek_custom']
    assert 'dropout' not in every['stpn/stpn_custom'] and 'dropout' in every['cola/cola_custom']
    assert [name for name, known in every.items() if 'hard negatives' in known] == ['cmcs/cmcs_custom']
    assert all({'lr', 'iterations', 'proposals', 'p_c', 'NMS'} <= set(known) for known in every.values())


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
