"""Small models that fit the small data set of conftest.py, and their checkpoints."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import nn

from rpn_plugin.models import CooccurrenceGCN

CLASSES = ['Diving', 'CliffDiving', 'HighJump']
RECIPE = dict(fps=25.0, snippet_stride=16, window=16)
COOCCURRENCE = torch.tensor([[0, 0.5, 0], [0.25, 0, 0], [0, 0, 0]])


def model_config(width: int = 4, num_classes: int = 3, kernel_size: int = 3, **changes: Any) -> dict:
    """Two streams of ``width`` channels, every class likely enough to be cut into proposals."""
    localizer = dict(
        type='WeaklySupervisedLocalizer',
        embedding=dict(type='TemporalConvEmbedding', in_channels=width, channels=[6, 6], kernel_size=kernel_size,
                       dropout=0.5),
        neck=dict(type='CooccurrenceGCN', num_classes=num_classes, channels=[6, 6]),
        head=dict(type='RPNHead', in_channels=6, attention_channels=5, attention_kernel_size=kernel_size, gamma_c=2.0),
        weighting=dict(type='SimilarityWeighting', gamma_t=0.5),
        proposals=dict(type='ThresholdProposals', thresholds=[0.2, 0.5, 0.8]))
    return dict(type='MultiStreamLocalizer', streams=dict(rgb={}, flow={}), localizer=localizer,
                data_preprocessor=dict(type='SnippetDataPreprocessor', l2_length=3.0),
                nms=dict(type='TemporalNMS', method='gaussian')) | changes


def build_model(config: dict, seed: int = 0) -> nn.Module:
    """The model with random weights and a co-occurrence matrix, in evaluation mode."""
    torch.manual_seed(seed)
    model = MODELS.build(Config(dict(model=config)).model)
    for module in model.modules():
        if isinstance(module, CooccurrenceGCN):
            module.set_cooccurrence(COOCCURRENCE[:module.num_classes, :module.num_classes], 'test')
    return model.eval()


def write_checkpoint(path: Path, config: dict, classes: list[str] | None = None, recipe: dict | None = RECIPE,
                     **meta: Any) -> Path:
    """A checkpoint as the runner writes it: config text, what the data set says, weights, state of the optimizer."""
    model = build_model(config)
    text = Config(dict(model=config, default_scope='mmaction')).pretty_text
    dataset_meta = dict(classes=tuple(classes or CLASSES)) | ({} if recipe is None else dict(recipe=recipe))
    optimizer = torch.optim.Adam(model.parameters())
    torch.save(dict(meta=dict(cfg=text, dataset_meta=dataset_meta, epoch=1) | meta, state_dict=model.state_dict(),
                    optimizer=optimizer.state_dict(), message_hub=dict(log_scalars={})), path)
    return path
