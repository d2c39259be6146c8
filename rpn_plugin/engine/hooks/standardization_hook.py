"""Gives the data preprocessor the mean and scale of the training videos' features."""
from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import EMAHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from rpn_plugin.datasets import UntrimmedFeatureDataset
from rpn_plugin.datasets.statistics import stream_statistics
from rpn_plugin.engine.hooks.training_sets import innermost_datasets
from rpn_plugin.models import SnippetDataPreprocessor
from rpn_plugin.structures import StreamStatistics


@HOOKS.register_module()
class StandardizationHook(Hook):
    """Reads all training features once when training starts, where ``SnippetDataPreprocessor(standardize=True)``.

    The main process reads, and the others receive its statistics, so that they are the same on any number of
    processes. The averaged model of the host's ``EMAHook``, a copy made before, has them, too. A resumed run keeps
    those of its checkpoint. Without such a data preprocessor nothing happens.
    """

    priority = 'NORMAL'

    def before_train(self, runner: Runner) -> None:
        """Set the statistics, after weights and checkpoint are loaded.

        Raises:
            TypeError: If the training set holds no feature files.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        preprocessor = getattr(model, 'data_preprocessor', None)
        if not isinstance(preprocessor, SnippetDataPreprocessor) or not preprocessor.standardize:
            return
        if runner._resume and preprocessor.has_statistics:
            return
        shared: list[dict[str, StreamStatistics]] = [{}]
        if is_main_process():
            datasets = list(innermost_datasets(runner.train_dataloader.dataset))
            for dataset in datasets:
                if not isinstance(dataset, UntrimmedFeatureDataset):
                    raise TypeError(f'StandardizationHook expects a training set of feature files, but got '
                                    f'{type(dataset).__name__}. Set data_preprocessor.standardize=False.')
            shared = [stream_statistics(datasets)]
        broadcast_object_list(shared)
        averaged = [hook.ema_model.module for hook in runner.hooks if isinstance(hook, EMAHook)]
        for each in (model, *averaged):
            each.data_preprocessor.set_statistics(shared[0])
        runner.logger.info('Features are standardized by the training videos: ' + ', '.join(
            f'{stream} of D={len(of_stream.mean)} by {of_stream.root_mean_square:.4g}'
            for stream, of_stream in shared[0].items()))
