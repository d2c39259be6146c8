"""RSKP's representatives, walk and memory, against plain loops and the inverse over all snippets."""
from __future__ import annotations

import math

import pytest
import torch
from mmengine.config import Config
from torch.nn.functional import normalize

from rpn_plugin.models import AttentionContrastLoss, DistillationLoss, RepresentativeSnippetHead
from rpn_plugin.models.heads.fac_head import lengths
from rpn_plugin.models.heads.snippet_walk import assigned, representatives, walked
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch

D, C, LENGTHS = 5, 3, (1, 6, 17)
LABELS = torch.tensor([[1, 0, 1], [0, 1, 0], [1, 0, 0]], dtype=torch.float64)
LOSSES = dict(loss_video=dict(type='VideoClassificationLoss', background=0),
              loss_walked=dict(type='VideoClassificationLoss', logits='walked_logits', background=0),
              loss_distillation=dict(type='DistillationLoss'))
MEMORY_LOSSES = dict(loss_memory=dict(type='VideoClassificationLoss', logits='memory_logits', background=0),
                     loss_distillation=dict(type='DistillationLoss', loss_weight=0.5, teacher='teacher_logits'))


@pytest.fixture
def batch() -> SnippetBatch:
    torch.manual_seed(3)
    return SnippetBatch.from_videos([torch.randn(length, D, dtype=torch.float64) for length in LENGTHS])


@pytest.fixture
def head() -> RepresentativeSnippetHead:
    torch.manual_seed(4)
    head = RepresentativeSnippetHead(D, C, LOSSES, MEMORY_LOSSES, num_representatives=4, memory_size=2).double()
    head.foreground_weight.data.normal_()
    return head


def cosine(first: torch.Tensor, second: torch.Tensor) -> float:
    return (first @ second / (first.norm() * second.norm())).item()


def shares(video: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Z, (k, T), entry by entry."""
    rows = []
    for x in video:
        powers = [math.exp(5 * cosine(x, centre)) for centre in centres]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows, dtype=torch.float64).T


def by_inverse(video: torch.Tensor, centres: torch.Tensor, w: float) -> torch.Tensor:
    """The walk by the inverse over all snippets."""
    z = shares(video, centres)
    between = z.T @ (z / z.sum(dim=1, keepdim=True))  # (T, T)
    inverse = torch.linalg.inv(torch.eye(len(video), dtype=torch.float64) - w**2 * between)
    return (1 - w) * inverse @ (w * z.T @ centres + video)


def test_representatives_are_means_by_shares_in_each_video(batch) -> None:
    start = torch.randn(4, D, dtype=torch.float64)
    found = representatives(batch.features, start, batch.layout, 5.0, rounds=2)
    for video, centres in zip(batch.split(), found):
        expected = start
        for _ in range(2):
            z = shares(video, expected)
            expected = torch.stack([sum(z[k, t] * video[t] for t in range(len(video))) / z[k].sum() for k in range(4)])
        torch.testing.assert_close(centres, expected)


@pytest.mark.parametrize('w', [0.0, 0.5, 0.9])
def test_the_walk_is_that_of_the_inverse_over_all_snippets(batch, w) -> None:
    centres = torch.randn(3, 4, D, dtype=torch.float64)
    found = walked(batch.features, centres, batch.layout, 5.0, w)
    for video, of_video, reached in zip(batch.split(), centres, batch.layout.split(found)):
        torch.testing.assert_close(reached, by_inverse(video, of_video, w), rtol=1e-10, atol=1e-10)
    if w == 0:
        torch.testing.assert_close(found, batch.features)


def test_a_video_uses_only_the_centres_that_it_may(batch) -> None:
    centres = torch.randn(3, 4, D, dtype=torch.float64)
    allowed = torch.tensor([[True] * 4, [True, False, True, False], [False] * 4])
    found = batch.layout.split(walked(batch.features, centres, batch.layout, 5.0, 0.5, allowed))
    torch.testing.assert_close(found[1], by_inverse(batch.split()[1], centres[1, ::2], 0.5))
    torch.testing.assert_close(found[2], 0.5 * batch.split()[2])  # nothing to walk over: only shorter
    assert not assigned(batch.features, lengths(batch.features), centres, batch.layout, 5.0, allowed)[-17:].any()


def scores_of(head: RepresentativeSnippetHead, video: torch.Tensor) -> tuple:
    """Snippet logits, attention, video and background logits, one by one."""
    w, v = head.class_weight.detach(), head.foreground_weight.detach()[0]
    s = torch.tensor([[20 * cosine(x, of) for of in w] for x in video], dtype=torch.float64)
    a = torch.tensor([20 * cosine(x, v) for x in video], dtype=torch.float64).sigmoid()
    pooled = sum(weight * x for weight, x in zip(a, video)) / a.sum()
    back = []
    for label in range(C + 1):
        weights = s[:, label].sigmoid()
        back.append(20 * cosine(sum(weight * x for weight, x in zip(weights, video)) / weights.sum(), w[label]))
    return s, a, torch.tensor([20 * cosine(pooled, of) for of in w]).double(), torch.tensor(back).double()


def test_scores_are_of_the_features_and_of_what_representatives_have_reached(head, batch) -> None:
    output = head.eval()(batch)
    close = dict(rtol=1e-6, atol=1e-6)
    for index, video in enumerate(batch.split()):
        centres = output.extras['representatives'][index].detach()
        s, a, z, back = scores_of(head, video)
        s2, _, z2, back2 = scores_of(head, by_inverse(video, centres, 0.5))
        places = slice(sum(LENGTHS[:index]), sum(LENGTHS[:index + 1]))
        sequence = ((0.6 * s.softmax(1) + 0.4 * s2.softmax(1)) * a[:, None])[:, :C]
        for name, expected in dict(snippet_logits=s, walked_snippet_logits=s2, attention=a, cas=sequence,
                                   over_uniform=sequence * (C + 1)).items():
            torch.testing.assert_close(output.tensor(name)[places], expected, **close)
        for name, expected in dict(video_logits=z, walked_logits=z2, background_logits=back,
                                   walked_background_logits=back2,
                                   video_score=(0.6 * z.softmax(0) + 0.4 * z2.softmax(0))[:C]).items():
            torch.testing.assert_close(output.tensor(name)[index], expected, **close)


def test_the_memory_keeps_the_likeliest_of_the_labelled_classes(head, batch) -> None:
    assert head.memory_is_empty
    output = head(batch)
    for _ in range(3):
        head.remember(output, LABELS, gather=False)
    centres = output.extras['representatives'].detach()
    likely = (20 * normalize(centres, dim=2) @ normalize(head.class_weight.detach(), dim=1).T).softmax(dim=2)
    candidates = torch.cat([likely[video, :, 0] for video in (0, 2)] * 3).sort(descending=True).values
    assert head.memory.scores[0].tolist() == pytest.approx(candidates[:2].tolist())
    assert head.memory.scores[1, 0].item() == pytest.approx(likely[1, :, 1].max().item())
    assert (head.memory.scores.diff(dim=1) <= 0).all() and not head.memory_is_empty
    torch.testing.assert_close(head.memory.features[1, 0], centres[1, likely[1, :, 1].argmax()])


def test_classes_without_a_label_are_not_remembered_and_a_checkpoint_has_the_rest(head, batch) -> None:
    head.remember(head(batch), torch.tensor([[0.0, 1, 0]] * 3), gather=False)
    assert (head.memory.scores[[0, 2]] == -1).all() and not head.memory.features[[0, 2]].any()
    again = RepresentativeSnippetHead(D, C, LOSSES, MEMORY_LOSSES, num_representatives=4, memory_size=2)
    again.load_state_dict(head.state_dict())
    torch.testing.assert_close(again.memory.features.double(), head.memory.features, rtol=1e-6, atol=1e-6)
    assert not again.memory_is_empty


def test_what_is_remembered_of_a_videos_classes_reaches_its_snippets(head, batch) -> None:
    output = head(batch)
    head.remember(output, LABELS, gather=False)
    extended = head.with_memory(output, LABELS)
    for index, video in enumerate(batch.split()):
        centres = head.memory.features[LABELS[index] > 0].flatten(0, 1)
        s, _, z, back = scores_of(head, by_inverse(video, centres, 0.5))
        places = slice(sum(LENGTHS[:index]), sum(LENGTHS[:index + 1]))
        torch.testing.assert_close(extended.extras['memory_logits'][index].detach(), z, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(extended.extras['memory_background_logits'][index].detach(), back, rtol=1e-6,
                                   atol=1e-6)
        teacher = 0.2 * s + 0.8 * output.extras['walked_snippet_logits'][places].detach()
        torch.testing.assert_close(extended.extras['teacher_logits'][places].detach(), teacher, rtol=1e-6, atol=1e-6)


def test_the_memory_is_used_when_it_is_due_and_needs_somebody_to_say_so(head, batch) -> None:
    with pytest.raises(RuntimeError, match="memory=dict\\(type='MemoryHook'\\)"):
        head.train().loss(head(batch), LABELS)
    head.memory_due = False
    plain = head.loss(head(batch), LABELS)
    assert set(plain) == set(LOSSES) and head.memory_is_empty
    head.memory_due = True
    head.remember(head(batch), LABELS, gather=False)
    before = head.memory.scores.clone()
    found = head.loss(head(batch), LABELS)
    sum(found.values()).backward()
    assert set(found) == {*LOSSES, *MEMORY_LOSSES} and found['loss_distillation'] != plain['loss_distillation']
    assert (head.memory.scores >= before).all() and (head.memory.scores > before).any(), 'the batch is remembered, too'
    assert all(parameter.grad.isfinite().all() and parameter.grad.any() for parameter in head.parameters())
    with pytest.raises(ValueError, match=r'restart in \[0, 1\), but got 1'):
        RepresentativeSnippetHead(D, C, LOSSES, {}, restart=1.0)


def output_with(**tensors: torch.Tensor) -> HeadOutput:
    batch = SnippetBatch.from_videos([torch.zeros(length, D).double() for length in LENGTHS])
    attention = tensors.pop('a', torch.zeros(24).double())
    return HeadOutput(batch, torch.zeros(24, C).double(), torch.zeros(3, C).double(),
                      attentions=dict(attention=Attention(attention, False)), extras=tensors)


def test_attentions_are_parted_and_students_learn_from_teachers_by_these_formulas() -> None:
    torch.manual_seed(0)
    a = torch.rand(24).double().requires_grad_()
    expected = 0.0
    for video in a.detach().split(LENGTHS):
        k, ordered = max(1, len(video) // 8), sorted(video.tolist())
        expected += (sum(ordered[:k]) - sum(ordered[::-1][:k])) / k / 3
    loss = AttentionContrastLoss(0.1)
    assert loss(output_with(a=a), LABELS).item() == pytest.approx(0.1 * expected)
    assert torch.autograd.gradcheck(lambda values: loss(output_with(a=values), LABELS), (a, ))
    student, teacher = (torch.randn(24, C + 1).double().requires_grad_() for _ in range(2))
    expected = 0.0
    for one, two in zip(student.detach().split(LENGTHS), teacher.detach().split(LENGTHS)):
        entropy = -((two / 0.2).softmax(1) * (one / 0.2).log_softmax(1)).sum(1)
        expected += entropy.mean().item() / 3
    loss = DistillationLoss(student='s', teacher='t')
    found = loss(output_with(s=student, t=teacher), LABELS)
    found.backward()
    assert found.item() == pytest.approx(expected) and teacher.grad is None
    assert torch.autograd.gradcheck(lambda values: loss(output_with(s=values, t=teacher), LABELS), (student, ))


def test_its_config_has_the_released_thresholds_for_twenty_classes(repository) -> None:
    cuts = Config.fromfile(repository / 'configs' / '_base_' / 'models' / 'rskp.py').model.proposals.cuts
    assert [value / 21 for value in cuts[0].thresholds] == pytest.approx([0.001 + 0.002 * step for step in range(20)])
