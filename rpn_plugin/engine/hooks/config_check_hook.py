"""Compares config, data and checkpoint before the first step."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from rpn_plugin.datasets.checking.labels import MORE_VIDEOS, reason_for_no_signal
from rpn_plugin.deployment.fitting import described_model, differing_weights, first_of, require_fitting
from rpn_plugin.deployment.model_file import described_checkpoint, parse_config_text
from rpn_plugin.engine.hooks.training_sets import innermost_datasets
from rpn_plugin.engine.resumed_settings import changed_settings
from rpn_plugin.models import VideoDataPreprocessor
from rpn_plugin.models.agreement import DataSummary, disagreements_between, disagreements_with_data

PROCESSES = 'num_processes'
"""Key of a checkpoint's meta information."""


@HOOKS.register_module()
class ConfigCheckHook(Hook):
    """Refuses to train or test what cannot be meant, and says what is asked for and will not happen.

    Compared are the model with the data (classes, streams, widths), training data with validation data, and a
    checkpoint with the data that it is tested or resumed on (classes; when testing the recipe, too). A training of no
    step and a scoring of a part of the videos are refused. Labels that are the same for every video, and settings of a
    resumed run that differ from those of its checkpoint, are warned of.

    A checkpoint whose weights are not those of the model is refused wherever the runner loads one: tested, resumed, or
    trained on from (``load_from``). The host would leave random weights in the place of what is missing.

    Args:
        allow_partial: Load the weights that fit, and leave the others as they are; ``--allow-partial`` of the tools.
    """

    priority = 'VERY_HIGH'

    def __init__(self, allow_partial: bool = False) -> None:
        self.allow_partial = allow_partial
        self._checkpoint: DataSummary | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Keep what the checkpoint was trained on; say what of a resumed run's config is not that of the checkpoint.

        Raises:
            ValueError: If its weights are not those of the model, and a part of them is not allowed.
        """
        meta = checkpoint.get('meta') or {}
        self._compare_weights(runner, checkpoint, meta)
        known = meta.get('dataset_meta') or {}
        classes = known.get('classes')
        self._checkpoint = DataSummary('the data of the checkpoint', None if classes is None else tuple(classes), {},
                                       known.get('recipe'))
        if not runner._resume:
            return
        try:
            changed = changed_settings(parse_config_text(meta.get('cfg', '')), runner.cfg.to_dict())
        except (ValueError, SyntaxError, TypeError) as error:
            runner.logger.warning(f'Whether the config is that of the resumed checkpoint is not known: {error}.')
            return
        number = meta.get(PROCESSES, get_world_size())
        if number != get_world_size():
            changed.counting.append(f'number of processes: {get_world_size()}, and {number} in the checkpoint')
        if str(changed):
            runner.logger.warning(f'Resumed with another config than that of the checkpoint.\n{changed}')

    def _compare_weights(self, runner: Runner, checkpoint: dict[str, Any], meta: dict[str, Any]) -> None:
        weights = {name.removeprefix('module.'): value  # as the host removes it
                   for name, value in checkpoint.get('state_dict', checkpoint).items() if isinstance(value, Tensor)}
        differing = differing_weights(_model_of(runner), weights)
        path = str(runner._load_from or f'the last checkpoint of {runner.work_dir}')
        if not self.allow_partial:
            require_fitting(path, differing, described_checkpoint(meta), described_model(runner.cfg.get('model')))
        elif differing:
            runner.logger.warning(f'{path}: loaded in part, the rest stays as the model has it. '
                                  f'{first_of(differing)}.')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Note the number of processes."""
        checkpoint['meta'][PROCESSES] = get_world_size()

    def before_train(self, runner: Runner) -> None:
        """Check a training.

        Raises:
            ValueError: If it would train nothing, or on data that the model, the checkpoint or the validation
                contradicts.
        """
        _require_steps(runner)
        if runner._resume and self._checkpoint is None:
            runner.logger.warning(f'There is nothing to resume in {runner.work_dir}: training starts from the '
                                  f'beginning.')
        training = _summaries(runner, runner.train_dataloader, 'the training data')
        others = []
        if runner.val_loop is not None:
            _require_all_videos(runner.val_dataloader, 'val_dataloader')
            others = _summaries(runner, runner.val_dataloader, 'the validation data')
        found = _disagreements(runner, training, others)
        if runner._resume and self._checkpoint:
            before = DataSummary(self._checkpoint.name, self._checkpoint.classes)  # a recipe that was wrong is no harm
            found += [sentence for data in training for sentence in disagreements_between(before, data)]
        _refuse(found)
        _warn_of_labels(runner)

    def before_test(self, runner: Runner) -> None:
        """Check a test.

        Raises:
            ValueError: If model or checkpoint contradict the data.
        """
        _require_all_videos(runner.test_dataloader, 'test_dataloader')
        data = _summaries(runner, runner.test_dataloader, 'the test data')
        _refuse(_disagreements(runner, [self._checkpoint] if self._checkpoint else [], data))


def _model_of(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _refuse(sentences: list[str]) -> None:
    if sentences:
        raise ValueError('Config and data do not fit together:\n  ' + '\n  '.join(dict.fromkeys(sentences)))


def _disagreements(runner: Runner, first: list[DataSummary], others: list[DataSummary]) -> list[str]:
    model = _model_of(runner)
    with_model = [sentences for data in (*first, *others)
                  if data.widths and (sentences := disagreements_with_data(model, data))]
    found = with_model[0] if with_model else []  # those of validation would mostly be the same ones again
    return found + [sentence for one in first for other in others for sentence in disagreements_between(one, other)]


def _summaries(runner: Runner, loader: Any, name: str) -> list[DataSummary]:
    """Summaries of the data sets in a loader, whose widths are those of their first item as the model gets it."""
    model = _model_of(runner)
    encoded = isinstance(getattr(model, 'data_preprocessor', None), VideoDataPreprocessor)
    found = []
    for dataset in innermost_datasets(loader.dataset):
        meta = getattr(dataset, 'metainfo', None) or {}
        classes = meta.get('classes')
        widths: dict[str, int | None] = {}
        if encoded:
            widths = dict.fromkeys(getattr(dataset, 'data_prefix', {}))
        elif len(dataset):
            inputs = dataset[0].get('inputs')
            if isinstance(inputs, Mapping):
                widths = {stream: features.shape[1] if isinstance(features, Tensor) and features.ndim == 2 else None
                          for stream, features in inputs.items()}
        found.append(DataSummary(name, None if classes is None else tuple(classes), widths, meta.get('recipe')))
    return found


def _require_steps(runner: Runner) -> None:
    loader: Any = runner.train_dataloader
    if not len(loader):
        share = f' on each of {get_world_size()} processes' if get_world_size() > 1 else ''
        raise ValueError(f'Nothing would be trained: the {len(loader.dataset)} training videos make no batch of '
                         f'{loader.batch_sampler.batch_size}{share}, and drop_last leaves out what is less. Set '
                         f'train_dataloader.batch_size to fewer videos, or train_dataloader.drop_last=False.')
    if runner.max_iters <= 0:
        raise ValueError('Nothing would be trained: train_cfg asks for no epoch or iteration. Set max_epochs of '
                         'train_cfg, or test the model with tools/test.py.')
    if runner.iter >= runner.max_iters:
        runner.logger.warning(f'Nothing is left to train: the checkpoint has all {runner.max_iters} iterations that '
                              f'train_cfg asks for.')


def _require_all_videos(loader: Any, name: str) -> None:
    if loader.drop_last and len(loader.sampler) % loader.batch_sampler.batch_size:
        raise ValueError(f'Not every video would be scored: {len(loader.sampler)} videos are no multiple of '
                         f'{name}.batch_size={loader.batch_sampler.batch_size}, and drop_last leaves out the rest. Set '
                         f'{name}.drop_last=False.')


def _warn_of_labels(runner: Runner) -> None:
    datasets = list(innermost_datasets(runner.train_dataloader.dataset))
    if not is_main_process() or not all(hasattr(dataset, 'video_labels') for dataset in datasets):
        return
    reason = reason_for_no_signal([labels for dataset in datasets for labels in dataset.video_labels()],
                                  datasets[0].metainfo['classes'])
    if reason:
        runner.logger.warning(f'The labels teach nothing: {reason}, so that the same answer is right for every video. '
                              f'{MORE_VIDEOS}')
