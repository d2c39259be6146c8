"""Fills the memory of heads that keep one, and says when it is used."""
from __future__ import annotations

import torch
from mmaction.registry import HOOKS
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from rpn_plugin.datasets import SeededIndex
from rpn_plugin.inspection import require_localizer
from rpn_plugin.models.interfaces import KeepsMemory
from rpn_plugin.models.localizers.samples import multi_hot_labels


@HOOKS.register_module()
class MemoryHook(Hook):
    """Lets heads use their memory from the first epoch that begins late enough, after one pass over the training set.

    Every process passes over the whole set, so all remember the same. The memory is in the checkpoint: a resumed run
    finds it there and passes over nothing.
    """

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell each head that keeps a memory whether it is due, and fill those that are and have none."""
        model = require_localizer(runner.model.module if is_model_wrapper(runner.model) else runner.model)
        heads = {name: head for name, head in (
            (name, getattr(network, 'head', None)) for name, network in model.networks.items())
            if isinstance(head, KeepsMemory)}
        for head in heads.values():
            head.memory_due = runner.iter >= head.memory_from * runner.max_iters
        empty = {name: head for name, head in heads.items() if head.memory_due and head.memory_is_empty}
        if not empty:
            return
        model.eval()
        dataset = runner.train_dataloader.dataset
        with torch.no_grad():
            for index in range(len(dataset)):
                item = dataset[SeededIndex(index, (runner.epoch, ))]
                data = model.data_preprocessor(pseudo_collate([item]))
                outputs = model.score(data['inputs'])
                for name, head in empty.items():
                    labels = multi_hot_labels(data['data_samples'], like=outputs[name].video_score)
                    head.remember(outputs[name], labels, gather=False)
        model.train()
        runner.logger.info(f'{len(dataset)} training videos were remembered.')
