"""Parts learn how far training is, and those that need it say so."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rpn_plugin.engine import ProgressHook
from rpn_plugin.models import UncertaintyGuideLoss
from rpn_plugin.structures import HeadOutput, SnippetBatch


def test_only_parts_that_ask_are_told_the_share_of_iterations_that_are_done() -> None:
    model = nn.ModuleDict(dict(asks=UncertaintyGuideLoss(), other=nn.Linear(1, 1)))
    for done, expected in ((0, 0.0), (30, 0.25), (119, 119 / 120)):
        ProgressHook().before_train_iter(SimpleNamespace(model=model, iter=done, max_iters=120), batch_idx=0)
        assert model['asks'].progress == expected and not hasattr(model['other'], 'progress')


def test_a_part_that_is_not_told_says_what_to_add() -> None:
    output = HeadOutput(SnippetBatch.from_videos([torch.zeros(2, 3)]), torch.zeros(2, 1), torch.zeros(1, 1))
    with pytest.raises(RuntimeError, match="progress=dict\\(type='ProgressHook'\\)"):
        UncertaintyGuideLoss()(output, torch.ones(1, 1))
