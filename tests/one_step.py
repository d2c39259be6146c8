"""One training step of a small model of every kind, on made features."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from method_models import SMALL, method_model
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from tiny_model import build_model, model_config

from rpn_plugin.models.interfaces import TakesProgress

LENGTHS = (7, 5, 12, 9)


def rpn(**changes: Any) -> dict:
    """The small RPN with other options of its parts."""
    config = model_config()
    for part, change in changes.items():
        config['localizer'].setdefault(part, {}).update(change)
    return config


RPN: dict[str, dict] = {
    'rpn': model_config(),
    'rpn, every option': rpn(head=dict(top_ratio=0.1, loss_clu=dict(type='ClusteringLoss', multi_label='nearest'))),
    'rpn, one network of two streams': dict(model_config()['localizer'], streams=['rgb', 'flow']) | dict(
        embedding=dict(type='TemporalConvEmbedding', in_channels=8, channels=[6])),
}


MODELS_THAT_TRAIN = [*RPN, *SMALL]


def build(name: str) -> BaseModel:
    """The small model of that name."""
    return build_model(RPN[name] if name in RPN else method_model(name))


def batch() -> dict[str, Any]:
    """Four videos of two streams as the data loader gives them."""
    rng = np.random.default_rng(0)
    labels = [[0], [1, 2], [2], [0, 1]]
    samples = [ActionDataSample(metainfo=dict(video_name=f'v{index}')).set_gt_label(classes)
               for index, classes in enumerate(labels)]
    return dict(data_samples=samples, inputs={
        stream: [torch.from_numpy(rng.standard_normal((length, 4)).astype(np.float16)) for length in LENGTHS]
        for stream in ('rgb', 'flow')})


def prepare(model: BaseModel) -> None:
    """What hooks tell the parts of a model before a step."""
    for module in model.modules():
        if isinstance(module, TakesProgress):
            module.progress = 0.5
        if hasattr(module, 'memory_due'):  # isinstance would look whether the memory is empty, and wait
            module.memory_due = True
