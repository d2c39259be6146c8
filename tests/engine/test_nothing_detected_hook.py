"""A test that finds nothing says why."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import pseudo_collate
from tiny_model import build_model, model_config

from rpn_plugin.engine import NothingDetectedHook


class Constant(torch.nn.Module):
    """A weighting whose sequence is the same everywhere, or rises a little."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, output: Any) -> torch.Tensor:
        return 0.01 + self.slope * torch.linspace(0, 1, len(output.cas))[:, None].expand_as(output.cas)


@torch.no_grad()
def said_of(tiny, slope: float | None = None, **proposals: Any) -> list[str]:
    """What the hook says of a test of a model with other proposals."""
    config = model_config()
    config['localizer']['proposals'].update(proposals)
    model, said = build_model(config), []
    if slope is not None:
        for network in model.networks.values():
            network.weighting = Constant(slope)
    dataset = DATASETS.build(tiny.config('test'))
    host = SimpleNamespace(model=model, logger=SimpleNamespace(warning=said.append),
                           test_dataloader=SimpleNamespace(dataset=dataset))
    hook = NothingDetectedHook(num_videos=2)
    hook.before_test_epoch(host)
    for index in range(len(dataset)):
        data = model.data_preprocessor(pseudo_collate([dataset[index]]))
        hook.after_test_iter(host, index, None, model(**data, mode='predict'))
    hook.after_test_epoch(host)
    return said


def test_detections_are_no_reason_to_speak(tiny) -> None:
    assert not said_of(tiny)


def test_classes_that_are_too_unlikely_are_said_with_the_largest_score(tiny) -> None:
    [text] = said_of(tiny, min_class_score=0.99)
    first, *reasons = text.splitlines()
    assert first == 'Why nothing was detected, by 2 of the videos:' and len(reasons) == 2
    assert reasons[0].startswith('  rgb: no class is likely enough in any video. The largest class score p_c is 0.')
    assert 'proposals.min_class_score=0.99 rejects' in reasons[0]


@pytest.mark.parametrize('slope, message', [(0.0, 'is flat: it lies between 0.01 and 0.01'),
                                            (0.3, 'no snippet of the likeliest one reaches a threshold of proposals: '
                                                  'the sequence lies between 0.01 and 0.31')])
def test_a_sequence_that_reaches_no_threshold_is_said(tiny, slope, message) -> None:
    [text] = said_of(tiny, slope, min_class_score=0.0, relative=False, thresholds=[0.5])
    assert message in text
