"""Says at the end of training what stands in the way of localization."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from mmaction.registry import HOOKS
from mmengine.dataset import pseudo_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from rpn_plugin.inspection.diagnosis import diagnose
from rpn_plugin.models import BaseLocalizer

VIDEOS_AT_ONCE = 16


@HOOKS.register_module()
class DiagnosisHook(Hook):
    """Runs the trained model over training videos and logs what it finds, in words and with what to change.

    Only features and video-level labels are read: training items hold no segments. A model without faults gets one
    line. Other models than ours are left alone.

    Args:
        num_videos: At most so many, evenly spread over the training set.
    """

    priority = 'LOWEST'

    def __init__(self, num_videos: int = 200) -> None:
        self.num_videos = num_videos

    def after_train(self, runner: Runner) -> None:
        """Diagnose on the main process."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not is_main_process() or not isinstance(model, BaseLocalizer):
            return
        dataset = runner.train_dataloader.dataset
        chosen = np.linspace(0, len(dataset) - 1, min(self.num_videos, len(dataset))).round().astype(int)
        training = model.training
        model.eval()
        found = diagnose(model, _batches(model, dataset, chosen.tolist()), dataset.metainfo['classes'])
        model.train(training)
        lines = [f'Diagnosis by {len(chosen)} training videos and their labels:']
        for name, sentences in found.items():
            lines += [f'  {name}: {sentence}' for sentence in sentences or ['nothing found that would hinder it.']]
        (runner.logger.warning if any(found.values()) else runner.logger.info)('\n'.join(lines))


def _batches(model: BaseLocalizer, dataset: Any, indices: Sequence[int]) -> Iterator[tuple[Mapping, list[list[int]]]]:
    for first in range(0, len(indices), VIDEOS_AT_ONCE):
        items = [dataset[index] for index in indices[first:first + VIDEOS_AT_ONCE]]
        inputs = model.data_preprocessor(pseudo_collate(items))['inputs']
        yield inputs, [item['data_samples'].gt_label.tolist() for item in items]
