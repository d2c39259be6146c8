"""A training step on a device never makes the host wait for it; found without a device, see far_device.py."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from far_device import FAR, move_far, watched
from method_models import SMALL, method_model
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from tiny_model import build_model, model_config

from rpn_plugin.models.interfaces import TakesProgress

LENGTHS = (7, 5, 12, 9)


def rpn(**changes: Any) -> dict:
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


def batch() -> dict[str, Any]:
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


@pytest.mark.parametrize('name', [*RPN, *SMALL])
def test_in_a_training_step_the_host_never_waits_for_the_device(name) -> None:
    model = move_far(build_model(RPN[name] if name in RPN else method_model(name)).train())
    prepare(model)
    optimizer = torch.optim.Adam(model.parameters(), foreach=True)  # as it is on a GPU by itself
    for _ in range(2):
        with watched() as waits:
            data = model.data_preprocessor(batch(), training=True)
            loss, _ = model.parse_losses(model(**data, mode='loss'))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    assert loss.device == FAR and not waits, '\n'.join(waits)


def test_what_makes_the_host_wait_is_found() -> None:
    values, weights = torch.ones(3, device=FAR), torch.ones(3)
    with watched() as waits:
        values + torch.tensor([1.0, 2.0, 3.0], device=FAR)
        values[torch.tensor([0, 1])]
        weights.to(FAR)
        weights.to(FAR, non_blocking=True)
        values.copy_(weights)
    assert [wait.split(':')[0] for wait in waits] == [
        'tensor on the device', 'index of tensors on both devices', '_to_copy to the device that waits',
        'copy_ to the device that waits']
    for read in (lambda: values.sum().item(), lambda: values.nonzero(), lambda: values[values > 0], values.cpu):
        with pytest.raises((RuntimeError, NotImplementedError)):
            read()
