"""What a head gives fits together, and can be asked for by name."""
from __future__ import annotations

import re

import pytest
import torch

from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch

pytestmark = pytest.mark.smoke

FITTING = dict(cas=(7, 3), video_score=(2, 3), attention=(7, ), similarity=(7, 3), video_logits=(2, 3),
               prototypes=(3, 4), gate=(7, ))


def output(extras: dict | None = None, **shapes: tuple[int, ...] | None) -> HeadOutput:
    embedded = SnippetBatch.from_videos([torch.zeros(5, 4), torch.zeros(2, 4)])
    given = {name: torch.zeros(shape) for name, shape in shapes.items() if shape}
    attentions = {name: Attention(given.pop(name), name == 'attention') for name in ('attention', 'gate')
                  if name in given}
    return HeadOutput(embedded, **given, attentions=attentions, extras=extras or {})


def test_a_head_may_give_all_or_the_two_that_localization_needs() -> None:
    assert output(**FITTING).prototypes.shape == (3, 4)
    assert output(cas=(7, 3), video_score=(2, 3)).attention is None


@pytest.mark.parametrize('name', FITTING)
def test_a_shape_that_does_not_fit_is_named_with_the_expected_one(name: str) -> None:
    wrong = FITTING[name][:-1] + (FITTING[name][-1] - 1, ) if name != 'cas' else (8, 3)
    expected = re.escape(str(FITTING[name]) if name != 'video_logits' else '(2, K) with K >= 3')
    with pytest.raises(ValueError, match=rf'{name} of shape {expected} for 2 videos with 7 snippets of width 4'):
        output(**{**FITTING, name: wrong})


def test_a_head_may_know_more_classes_than_the_data_in_its_logits() -> None:
    assert output(**{**FITTING, 'video_logits': (2, 4)}).video_logits.shape == (2, 4)


def test_the_first_attention_is_the_one_that_localization_uses() -> None:
    found = output(**FITTING)
    assert found.attention is found.attentions['attention'].weight
    assert found.attentions['attention'].sums_to_one and not found.attentions['gate'].sums_to_one


def test_a_tensor_is_found_by_name_and_a_missing_one_lists_the_others() -> None:
    extras = dict(suppressed_logits=torch.ones(2, 4), inner=torch.ones(7))
    found = output(extras, cas=(7, 3), video_score=(2, 3), gate=(7, ))
    assert found.tensor('suppressed_logits') is extras['suppressed_logits']
    assert found.tensor('gate') is found.attentions['gate'].weight and found.tensor('cas') is found.cas
    with pytest.raises(KeyError, match=r"no 'video_logits'; it gives \['cas', 'gate', 'inner', 'suppressed_logits', "
                                       r"'video_score'\]"):
        found.tensor('video_logits')


@pytest.mark.parametrize('extras, message', [
    (dict(inner=torch.ones(3, 7)), r'extra inner with 7 or 2 rows .* but gave shape \(3, 7\)'),
    (dict(inner=torch.tensor(1.0)), 'extra inner with 7 or 2 rows'),
    (dict(cas=torch.ones(7)), "one name, but 'cas' is an extra, too")])
def test_an_extra_that_fits_neither_snippets_nor_videos_is_refused(extras: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        output(extras, cas=(7, 3), video_score=(2, 3))
