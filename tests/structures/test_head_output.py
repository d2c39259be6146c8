"""A head's scores fit its batch, or the head is told."""
from __future__ import annotations

import pytest
import torch

from rpn_plugin.structures import HeadOutput, SnippetBatch

FITTING = dict(cas=(7, 3), video_score=(2, 3), attention=(7, ), similarity=(7, 3), video_similarity=(2, 3),
               prototypes=(3, 4))


def output(**shapes: tuple[int, ...] | None) -> HeadOutput:
    embedded = SnippetBatch.from_videos([torch.zeros(5, 4), torch.zeros(2, 4)])
    return HeadOutput(embedded, **{name: shape and torch.zeros(shape) for name, shape in shapes.items()})


def test_a_head_may_give_all_or_the_two_that_localization_needs() -> None:
    assert output(**FITTING).prototypes.shape == (3, 4)
    assert output(cas=(7, 3), video_score=(2, 3)).attention is None


@pytest.mark.parametrize('name', FITTING)
def test_a_shape_that_does_not_fit_names_itself(name: str) -> None:
    wrong = FITTING | {name: (*FITTING[name][:-1], FITTING[name][-1] + 1)}
    named = 'video_score' if name == 'cas' else name  # the width of cas says how many classes there are
    with pytest.raises(ValueError, match=f'must give {named} of shape .* for 2 videos with 7 snippets of width 4'):
        output(**wrong)
