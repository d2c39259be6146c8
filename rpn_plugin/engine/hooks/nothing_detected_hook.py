"""Says why a model detected nothing."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import HOOKS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.dist import all_reduce, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from rpn_plugin.inspection.silence import reasons_for_silence
from rpn_plugin.models import BaseLocalizer


@HOOKS.register_module()
class NothingDetectedHook(Hook):
    """Logs the reason where a validation or a test finds no segment in any video.

    It is looked for in some of the videos again: the largest class score against the least that is asked for, or a
    sequence without height. Other models than ours are left alone.

    Args:
        num_videos: At most so many, evenly spread over the data set.
    """

    def __init__(self, num_videos: int = 16) -> None:
        self.num_videos = num_videos
        self._found = 0

    def before_val_epoch(self, runner: Runner) -> None:
        """Start to count."""
        self._found = 0

    def before_test_epoch(self, runner: Runner) -> None:
        """Start to count."""
        self._found = 0

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                       outputs: Sequence[ActionDataSample] | None = None) -> None:
        """Count what was detected in a batch."""
        self._found += sum(len(sample.pred_instances) for sample in outputs or () if 'pred_instances' in sample)

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                        outputs: Sequence[ActionDataSample] | None = None) -> None:
        """Count what was detected in a batch."""
        self.after_val_iter(runner, batch_idx, data_batch, outputs)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Say why, if that was nothing."""
        self._explain(runner, runner.val_dataloader.dataset)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Say why, if that was nothing."""
        self._explain(runner, runner.test_dataloader.dataset)

    def _explain(self, runner: Runner, dataset: Any) -> None:
        found = torch.tensor(self._found)
        all_reduce(found)
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if found or not is_main_process() or not isinstance(model, BaseLocalizer) or not len(dataset):
            return
        chosen = np.linspace(0, len(dataset) - 1, min(self.num_videos, len(dataset))).round().astype(int).tolist()
        batches = (model.data_preprocessor(pseudo_collate([dataset[index]]))['inputs'] for index in chosen)
        lines = [f'  {reason}' for reason in reasons_for_silence(model, batches)]
        runner.logger.warning('\n'.join([f'Why nothing was detected, by {len(chosen)} of the videos:', *lines]))
