"""Trains a config, and scores what it learned under any choice that needs no training."""
from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import nn

from rpn_plugin.analysis.hyper_parameters import Changes, apply
from rpn_plugin.deployment.fitting import described_model, differing_weights, require_fitting
from rpn_plugin.deployment.model_file import described_checkpoint, read_checkpoint
from rpn_plugin.engine.hooks.work_dir_lock_hook import training_in
from rpn_plugin.files import read_json, written_whole
from rpn_plugin.provenance import digest
from rpn_plugin.structures import Layout, SnippetBatch

VIDEOS_AT_ONCE = 16
METRIC = 'wtal/mAP_avg'


def train(config: Config, folder: Path, seed: int) -> Path:
    """Train without validation, unless ``folder`` holds the result already; an interrupted training starts again.

    Returns:
        The checkpoint, without the optimizer's state.

    Raises:
        RuntimeError: If another process trains there.
    """
    done = folder / 'trained'
    if not done.is_file():
        holder = training_in(folder)
        if holder:
            raise RuntimeError(f'{folder} is in use by another training ({holder}). Wait for its end, or name another '
                               f'folder.')
        shutil.rmtree(folder, ignore_errors=True)
        config = apply(config, [])
        config.update(work_dir=str(folder), experiment_name=digest(str(folder)),
                      randomness=dict(seed=seed), log_level='WARNING', val_cfg=None, val_dataloader=None,
                      val_evaluator=None, test_cfg=None, test_dataloader=None, test_evaluator=None)
        config.default_hooks.pop('diagnosis', None)  # nobody can act on what is said of one candidate among many
        config.default_hooks.checkpoint.update(interval=-1, save_last=True, save_optimizer=False)
        runner = Runner.from_cfg(config)
        runner.train()
        for handler in list(runner.logger.handlers):  # mmengine keeps its loggers, with a file open each
            if isinstance(handler, logging.FileHandler):
                handler.close()
                runner.logger.removeHandler(handler)  # mmengine writes to a closed one where a model starts afresh
        done.write_text((folder / 'last_checkpoint').read_text())
    return folder / Path(done.read_text()).name


class Scorer:
    """Scores a trained network on the test videos of its config under many settings; the videos are read once.

    Args:
        config: As it was trained.
        checkpoint: What it learned. Scores are remembered beside it, by what they depend on.
    """

    def __init__(self, config: Config, checkpoint: Path) -> None:
        self.config = config
        self.checkpoint = checkpoint
        self.memory = checkpoint.with_name('scores.json')
        self.scores: dict[str, dict[str, float]] = read_json(self.memory) if self.memory.is_file() else {}
        self._loaded: tuple[dict, list[_Remembered | None], list[dict], tuple[str, ...]] | None = None

    def score(self, changes: Iterable[Changes] = ()) -> dict[str, float]:
        """Return the metrics of the config's test evaluator, with changes that leave the network as it is."""
        config = apply(self.config, changes)
        key = digest([config.model, config.test_evaluator])
        if key not in self.scores:
            self.scores[key] = self._measure(config)
            with written_whole(self.memory) as temporary:
                temporary.write_text(json.dumps(self.scores), encoding='utf-8')
        return self.scores[key]

    @torch.no_grad()
    def _measure(self, config: Config) -> dict[str, float]:
        if self._loaded is None:
            self._loaded = self._load()
        state, embeddings, batches, classes = self._loaded
        model = MODELS.build(config.model)
        model.load_state_dict(state)
        for network, embedding in zip(model.networks.values(), embeddings, strict=True):
            if embedding is not None:
                network.embedding = embedding
        model.eval()
        evaluator = Evaluator(config.test_evaluator)
        evaluator.dataset_meta = dict(classes=classes)
        for batch in batches:
            evaluator.process(model(**batch, mode='predict'))
        with _warnings_only():  # no table of each of hundreds of evaluations
            return evaluator.evaluate(sum(len(batch['data_samples']) for batch in batches))

    def _load(self) -> tuple[dict[str, torch.Tensor], list[_Remembered | None], list[dict], tuple[str, ...]]:
        """Return the parameters, the embeddings (None where a head takes features as they are), videos and classes."""
        init_default_scope('mmaction')
        model = MODELS.build(self.config.model)
        held = read_checkpoint(self.checkpoint)
        require_fitting(str(self.checkpoint), differing_weights(model, held['state_dict']),
                        described_checkpoint(held['meta']), described_model(self.config.model))
        model.load_state_dict(held['state_dict'])
        dataset = DATASETS.build(self.config.test_dataloader.dataset)
        samples = [dataset[index] for index in range(len(dataset))]
        batches = [model.data_preprocessor(pseudo_collate(samples[first:first + VIDEOS_AT_ONCE]))
                   for first in range(0, len(samples), VIDEOS_AT_ONCE)]
        embeddings = [None if network.embedding is None else _Remembered(network.embedding)
                      for network in model.networks.values()]
        return model.state_dict(), embeddings, batches, dataset.metainfo['classes']


@contextmanager
def _warnings_only() -> Iterator[None]:
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


class _Remembered(nn.Module):
    """An embedding that embeds each batch once; what belongs to one layout is one batch."""

    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.known: dict[Layout, SnippetBatch] = {}

    def forward(self, batch: SnippetBatch) -> SnippetBatch:
        """Return the embedded batch, as the embedding would."""
        if batch.layout not in self.known:
            self.known[batch.layout] = self.embedding(batch)
        return self.known[batch.layout]
