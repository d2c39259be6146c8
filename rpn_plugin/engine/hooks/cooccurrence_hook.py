"""Gives the GCN the co-occurrence of the training videos' labels."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import HOOKS
from mmengine.dist import broadcast, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from rpn_plugin.engine.hooks.training_sets import innermost_datasets
from rpn_plugin.models.interfaces import TakesCooccurrence
from rpn_plugin.models.necks import cooccurrence_matrix, write_cooccurrence


@HOOKS.register_module()
class CooccurrenceHook(Hook):
    """Computes eq. 2 from the training set when training starts and hands it to every neck that takes one.

    ``CooccurrenceGCN`` does, and any module that keeps ``rpn_plugin.models.interfaces.TakesCooccurrence``.

    Networks that read a file keep it, those that were trained before and are frozen keep theirs, and a resumed run
    keeps its checkpoint's matrix (with a warning if the training set's has changed). The main process counts, and the
    others receive its matrix. It is written to ``cooccurrence.csv`` in the work directory, class names on both sides.
    Without such a network nothing happens.
    """

    priority = 'NORMAL'

    def before_train(self, runner: Runner) -> None:
        """Set the matrix, after weights and checkpoint are loaded."""
        networks = _networks_of_cooccurrence(runner.model)
        waiting = [network for network in networks if not network.reads_cooccurrence_file and not _frozen(network)]
        if waiting:
            matrix = self._count(runner, waiting[0])
        for network in waiting:
            if runner._resume and network.cooccurrence_source == 'checkpoint':
                if not np.allclose(network.get_cooccurrence().cpu().numpy(), matrix, atol=1e-6):
                    runner.logger.warning('The labels of the training set differ from those that the resumed '
                                          'checkpoint was trained on; its co-occurrence matrix is kept.')
            else:
                network.set_cooccurrence(matrix, source='training set')
        if networks and is_main_process():
            classes = runner.train_dataloader.dataset.metainfo['classes']
            path = Path(runner.work_dir) / 'cooccurrence.csv'
            write_cooccurrence(path, networks[0].get_cooccurrence().cpu().numpy(), classes)
            runner.logger.info(f'Co-occurrence matrix from the {networks[0].cooccurrence_source}: {path}')

    @staticmethod
    def _count(runner: Runner, network: TakesCooccurrence) -> np.ndarray:
        matrix = torch.zeros(network.num_classes, network.num_classes, dtype=torch.float64)
        if is_main_process():
            labels = _video_labels(runner.train_dataloader.dataset)
            matrix = torch.from_numpy(cooccurrence_matrix(labels, network.num_classes))
        broadcast(matrix, src=0)
        return matrix.numpy()


def _frozen(network: TakesCooccurrence) -> bool:
    """Whether a network has its matrix and learns nothing more, as in a first stage."""
    return network.cooccurrence_source is not None and isinstance(network, nn.Module) and not any(
        parameter.requires_grad for parameter in network.parameters())


def _networks_of_cooccurrence(model: nn.Module) -> list[TakesCooccurrence]:
    """The parts of a model that take the matrix.

    Raises:
        TypeError: If one has ``set_cooccurrence`` and lacks another member, so that it would go without its matrix.
    """
    for module in model.modules():
        missing = [name for name in ('num_classes', 'cooccurrence_source', 'reads_cooccurrence_file',
                                     'get_cooccurrence') if not hasattr(module, name)]
        if hasattr(module, 'set_cooccurrence') and missing:
            raise TypeError(f'{type(module).__name__} has set_cooccurrence, but lacks {", ".join(missing)}; see '
                            f'rpn_plugin.models.interfaces.TakesCooccurrence.')
    return [module for module in model.modules() if isinstance(module, TakesCooccurrence)]


def _video_labels(dataset: Any) -> list[list[int]]:
    """Labels of every training video, through the host's dataset wrappers."""
    labels: list[list[int]] = []
    for part in innermost_datasets(dataset):
        if not hasattr(part, 'video_labels'):
            raise TypeError(f'CooccurrenceHook expects a training set with video_labels(), such as '
                            f'UntrimmedFeatureDataset, but got {type(part).__name__}.')
        labels += part.video_labels()
    return labels
