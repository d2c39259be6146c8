"""What cannot be meant is refused before the first step, and what will not happen is said."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from tiny_model import CLASSES, RECIPE, build_model, model_config
from torch.utils.data import DataLoader

from rpn_plugin.engine import ConfigCheckHook
from rpn_plugin.engine.resumed_settings import changed_settings


class Logger:

    def __init__(self) -> None:
        self.said: list[str] = []

    def warning(self, message: str) -> None:
        self.said.append(message)


def loader(dataset: Any, **options: Any) -> DataLoader:
    return DataLoader(dataset, **(dict(batch_size=2) | options))


def runner(tiny, model: dict | None = None, **changes: Any) -> SimpleNamespace:
    """What the hook reads of a runner; validation is on the test videos."""
    changes = dict(_load_from='epoch_1.pth', cfg=Config({}), work_dir='work') | changes
    training, testing = DATASETS.build(tiny.config()), DATASETS.build(tiny.config('test'))
    return SimpleNamespace(
        model=build_model(model_config(**(model or {}))), logger=Logger(), _resume=False, iter=0, max_iters=4,
        train_dataloader=loader(training), val_loop=object(), val_dataloader=loader(testing),
        test_dataloader=loader(testing), **changes)


def resume(host: SimpleNamespace, checkpoint: dict, config: dict | None = None) -> ConfigCheckHook:
    hook = ConfigCheckHook()
    host._resume, host.cfg = True, Config(config or {})
    hook.after_load_checkpoint(host, dict(state_dict=host.model.state_dict()) | checkpoint)
    return hook


def test_a_config_that_fits_its_data_passes_in_silence(tiny) -> None:
    host = runner(tiny)
    ConfigCheckHook().before_train(host)
    ConfigCheckHook().before_test(host)
    assert not host.logger.said


@pytest.mark.parametrize('wrap', [
    lambda config: config, lambda config: dict(type='RepeatDataset', times=2, dataset=config),
    lambda config: dict(type='ConcatDataset', datasets=[config, config])])
def test_a_model_for_other_data_is_refused_before_training_and_test(tiny, wrap) -> None:
    host = runner(tiny, dict(num_classes=2, width=6))
    host.train_dataloader = loader(DATASETS.build(wrap(tiny.config())))
    for check, name in ((ConfigCheckHook().before_train, 'training'), (ConfigCheckHook().before_test, 'test')):
        with pytest.raises(ValueError, match=f'(?s)do not fit together.*flow are for 2 classes, but the {name} data '
                                             f'have 3.*D=6, but in the {name} data'):
            check(host)


def test_validation_on_other_classes_or_another_recipe_is_refused(tiny, tmp_path) -> None:
    host = runner(tiny)
    other = type('OfTheHost', (list, ), dict(metainfo=dict(classes=CLASSES[::-1],
                                                           recipe=dict(fps=25, snippet_stride=4))))()
    host.val_dataloader = SimpleNamespace(drop_last=False, dataset=other)
    with pytest.raises(ValueError, match='(?s)3 classes in another order.*validation data are one feature per 4 frame'):
        ConfigCheckHook().before_train(host)


def test_a_checkpoint_of_other_classes_is_neither_tested_nor_resumed(tiny) -> None:
    checkpoint = dict(meta=dict(dataset_meta=dict(classes=CLASSES[::-1], recipe=RECIPE)))
    for name in ('before_train', 'before_test'):
        host = runner(tiny)
        with pytest.raises(ValueError, match='The data of the checkpoint and .* the same 3 classes in another order'):
            getattr(resume(host, checkpoint), name)(host)


def test_a_checkpoint_of_another_recipe_is_not_tested(tiny) -> None:
    host = runner(tiny)
    hook = resume(host, dict(meta=dict(dataset_meta=dict(recipe=dict(RECIPE, snippet_stride=8)))))
    hook.before_train(host)  # which reads no time
    with pytest.raises(ValueError, match='features of the data of the checkpoint are one feature per 8 frames'):
        hook.before_test(host)


def test_a_training_that_finds_nothing_to_resume_says_so(tiny) -> None:
    host = runner(tiny)
    host._resume = True
    ConfigCheckHook().before_train(host)
    assert host.logger.said == ['There is nothing to resume in work: training starts from the beginning.']


def test_weights_alone_may_be_trained_on_for_other_classes(tiny) -> None:
    host, hook = runner(tiny), ConfigCheckHook()
    hook.after_load_checkpoint(host, dict(meta=dict(dataset_meta=dict(classes=['Run', 'Jump'])),
                                          state_dict=host.model.state_dict()))
    hook.before_train(host)
    assert not host.logger.said


@pytest.mark.parametrize('changes, message', [
    (dict(batch_size=9, drop_last=True), 'the 8 training videos make no batch of 9, and drop_last leaves out'),
    (None, 'train_cfg asks for no epoch or iteration')])
def test_a_training_of_no_step_is_refused(tiny, changes, message) -> None:
    host = runner(tiny)
    if changes:
        host.train_dataloader = loader(host.train_dataloader.dataset, **changes)
    else:
        host.max_iters = 0
    with pytest.raises(ValueError, match=f'Nothing would be trained: .*{message}'):
        ConfigCheckHook().before_train(host)


def test_a_resumed_training_that_is_over_says_so(tiny) -> None:
    host = runner(tiny)
    host.iter = 4
    ConfigCheckHook().before_train(host)
    assert host.logger.said == ['Nothing is left to train: the checkpoint has all 4 iterations that train_cfg asks '
                                'for.']


def test_a_scoring_that_leaves_videos_out_is_refused(tiny) -> None:
    host = runner(tiny)
    host.val_dataloader = host.test_dataloader = loader(host.test_dataloader.dataset, batch_size=3, drop_last=True)
    for check, name in ((ConfigCheckHook().before_train, 'val'), (ConfigCheckHook().before_test, 'test')):
        with pytest.raises(ValueError, match=f'4 videos are no multiple of {name}_dataloader.batch_size=3'):
            check(host)


@pytest.mark.parametrize('labels, message', [
    (['Diving'], 'each of the 8 training videos has the same label, Diving'),
    (CLASSES, 'each of the 8 training videos has the same 3 labels, Diving, CliffDiving, HighJump')])
def test_labels_without_a_signal_are_said_before_training(tiny, labels, message) -> None:
    for entry in tiny.content['database'].values():
        entry['labels'] = labels
        entry['annotations'] = []
    tiny.save()
    host = runner(tiny)
    ConfigCheckHook().before_train(host)
    assert f'The labels teach nothing: {message}' in host.logger.said[0]


TEXT = """
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.001, betas=(0.9, 0.99)))
param_scheduler = [dict(type='LinearLR', end=5)]
train_dataloader = dict(batch_size=10, num_workers=4)
work_dir = 'here'
"""


def test_settings_of_a_resumed_run_are_said_with_which_of_the_two_counts(tiny) -> None:
    host = runner(tiny)
    resume(host, dict(meta=dict(cfg=TEXT, num_processes=2)), dict(
        optim_wrapper=dict(type='AmpOptimWrapper', optimizer=dict(type='AdamW', lr=0.1, betas=[0.9, 0.99])),
        param_scheduler=[dict(type='LinearLR', end=9)], train_dataloader=dict(batch_size=20, num_workers=0)))
    ignored, counting = host.logger.said[0].split('These settings are not')
    assert [line.strip() for line in ignored.splitlines() if line[:2] == '  '] == [
        'optim_wrapper.optimizer.lr: 0.1 in the config, 0.001 in the checkpoint',
        'param_scheduler.0.end: 9 in the config, 5 in the checkpoint']
    assert [line.strip() for line in counting.splitlines() if line[:2] == '  '] == [
        'optim_wrapper.type: AmpOptimWrapper, and OptimWrapper in the checkpoint',
        'optim_wrapper.optimizer.type: AdamW, and Adam in the checkpoint',
        'train_dataloader.batch_size: 20, and 10 in the checkpoint', 'number of processes: 1, and 2 in the checkpoint']
    checkpoint: dict = dict(meta={})
    ConfigCheckHook().before_save_checkpoint(host, checkpoint)
    assert checkpoint['meta'] == dict(num_processes=1), 'so it is known'


def meta_of(config: dict) -> dict:
    return dict(cfg=Config(dict(model=config)).pretty_text, dataset_meta=dict(classes=CLASSES))


@pytest.mark.parametrize('spoil, named', [
    (lambda weights: weights.pop('localizers.rgb.head.attention.output.weight'),
     r'1 weight differs: localizers.rgb.head.attention.output.weight: expected \(1, 5\), got nothing'),
    (lambda weights: weights.update(more=torch.zeros(2)), r'1 weight differs: more: expected nothing, got \(2,\)'),
    (lambda weights: weights.update({'localizers.rgb.neck.cooccurrence': torch.zeros(5, 5)}),
     r'1 weight differs: localizers.rgb.neck.cooccurrence: expected \(3, 3\), got \(5, 5\)')])
def test_a_checkpoint_whose_weights_do_not_fit_is_refused_wherever_the_runner_loads(tiny, spoil, named) -> None:
    host = runner(tiny, cfg=Config(dict(model=model_config())))
    weights = dict(host.model.state_dict())
    ConfigCheckHook().after_load_checkpoint(host, dict(state_dict={f'module.{key}': value
                                                                   for key, value in weights.items()}))
    spoil(weights)
    checkpoint = dict(state_dict=weights, meta=meta_of(model_config(width=6)))
    with pytest.raises(ValueError, match=r'epoch_1.pth: its weights are those of another model. The checkpoint is of '
                                         r'RPNHead for 3 classes and features of D=6; the model is RPNHead for 3 '
                                         f'classes and features of D=4. {named}'):
        ConfigCheckHook().after_load_checkpoint(host, checkpoint)
    ConfigCheckHook(allow_partial=True).after_load_checkpoint(host, checkpoint)
    assert 'epoch_1.pth: loaded in part, the rest stays as the model has it. 1 weight differs' in host.logger.said[0]


def test_statistics_of_the_features_that_only_the_checkpoint_has_are_no_misfit(tiny) -> None:
    model = dict(data_preprocessor=dict(type='SnippetDataPreprocessor', standardize=True))
    host = runner(tiny, model)
    weights = dict(host.model.state_dict()) | {
        'data_preprocessor.standardizations.rgb.mean': torch.zeros(4),
        'data_preprocessor.standardizations.rgb.scale': torch.ones(())}
    ConfigCheckHook().after_load_checkpoint(host, dict(state_dict=weights))


def test_the_same_config_is_resumed_in_silence_and_one_that_cannot_be_read_with_a_word(tiny) -> None:
    host = runner(tiny)
    resume(host, dict(meta=dict(cfg=TEXT)), Config.fromstring(TEXT, '.py').to_dict() | dict(work_dir='there'))
    assert not host.logger.said
    resume(host, dict(meta=dict(cfg='import os\nlr = os.nice')))
    assert 'is not known: line 1 is not a plain assignment' in host.logger.said[0]


def test_a_setting_that_only_one_of_the_two_has_is_named() -> None:
    changed = changed_settings(dict(model=dict(a=1), param_scheduler=[dict(end=1)]),
                               dict(model=dict(b=dict()), param_scheduler=None))
    assert changed.counting == ['model.a: nothing, and 1 in the checkpoint', 'model.b: {}, and nothing in the '
                                                                             'checkpoint']
    assert 'param_scheduler: None in the config, nothing in the checkpoint' in changed.ignored
