"""A training step on a device never makes the host wait for it; found without a device, see far_device.py."""
from __future__ import annotations

import pytest
import torch
from far_device import FAR, move_far, watched
from one_step import MODELS_THAT_TRAIN, batch, build, prepare

WAITING = dict(
    cmcs='its hard negatives are as many as a video has still snippets',
    pmil='its instances are the detections of a first stage, which are made on the host',
    autoloc='its borders begin where a first stage is sure, at as many places as that gives')
"""Methods whose sizes depend on values, so that the host has to know these."""


@pytest.mark.parametrize('name', [name for name in MODELS_THAT_TRAIN if name not in WAITING])
def test_in_a_training_step_the_host_never_waits_for_the_device(name) -> None:
    model = move_far(build(name).train())
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
