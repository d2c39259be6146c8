"""Losses of the methods: equations in plain Python, gradients, and what is at the edge."""
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from rpn_plugin.models import (
    AttentionGuideLoss,
    AttentionNormLoss,
    AttentionSelectionLoss,
    BranchDiversityLoss,
    BranchNormLoss,
    CoActivityLoss,
    ComplementaryLoss,
    CompletenessLoss,
    EvidenceLoss,
    FeatureConsistencyLoss,
    FeatureMagnitudeLoss,
    MagnitudeOrderLoss,
    MutualAttentionLoss,
    ProposalConsistencyLoss,
    SigmoidBCELoss,
    SnippetContrastLoss,
    SoftmaxBCELoss,
    UncertaintyGuideLoss,
    VideoClassificationLoss,
)
from rpn_plugin.models.losses.snippet_contrast_loss import best, median, rings
from rpn_plugin.structures import Attention, HeadOutput, SnippetBatch

LENGTHS, C, E = (1, 7, 22), 2, 5
LABELS = torch.tensor([[1, 0], [1, 1], [0, 1]], dtype=torch.float64)


def output_of(**extras: torch.Tensor) -> HeadOutput:
    """Of three videos whose losses read these extras."""
    torch.manual_seed(2)
    batch = SnippetBatch.from_videos([torch.randn(length, E, dtype=torch.float64) for length in LENGTHS])
    embedded = batch.with_features(extras.pop('embedded', batch.features))
    n, b = sum(LENGTHS), len(LENGTHS)
    return HeadOutput(embedded, torch.zeros(n, C).double(), torch.zeros(b, C).double(), extras=extras)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def proposals_of_two_streams(**changes: torch.Tensor) -> dict[str, torch.Tensor]:
    """Borders, logits, attention and completeness of 30 proposals."""
    start, length = random(30).abs() * 9, random(31)[:30].abs() * 3 + 0.1
    tensors = dict(borders=torch.stack([start, start + length], dim=1))
    for seed, name in enumerate(('first', 'second')):
        tensors |= {f'{name}_logits': random(30 + seed, C + 1)[:30],
                    f'{name}_attention': random(32 + seed)[:30].sigmoid(),
                    f'{name}_completeness': random(34 + seed)[:30].sigmoid()}
    return tensors | changes


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(value - max(row)) for value in row]
    return [power / sum(powers) for power in powers]


GRADIENTS = {
    'classification': (VideoClassificationLoss(logits='x', background=1), (3, C + 1)),
    'background alone': (VideoClassificationLoss(logits='x', background=1, actions=False), (3, C + 1)),
    'binary on a softmax': (SoftmaxBCELoss(logits='x', background=0), (3, C + 1)),
    'uniform': (SoftmaxBCELoss(logits='x', uniform=True), (3, C)),
    'binary': (SigmoidBCELoss(logits='x'), (3, C)),
    'norm': (AttentionNormLoss(attention='x'), (30, )),
    'guide': (AttentionGuideLoss(attention='other', logits='x'), (30, C + 1)),
    'guide by attention': (AttentionGuideLoss(attention='x', logits='classes'), (30, )),
    'action length': (FeatureMagnitudeLoss(action='x', background='features'), (3, E)),
    'background length': (FeatureMagnitudeLoss(action='features', background='x'), (3, E)),
    'order of lengths': (MagnitudeOrderLoss(features=('x', 'features', 'features')), (3, E)),
    'co-activity of logits': (CoActivityLoss(pairs=None, logits='x'), (30, C)),
    'co-activity of features': (CoActivityLoss(pairs=None, logits='classes'), (30, E)),
    'guide by uncertainty': (UncertaintyGuideLoss(
        attentions=['other', 'x'], logits='classes', evidence_logits='classes').eval(), (30, )),
    'branch diversity': (BranchDiversityLoss(logits='x'), (30, 3, C + 1)),
    'branch norm': (BranchNormLoss(logits='x'), (30, 3, C + 1)),
    'consistency by gaps': (FeatureConsistencyLoss(gap='x', attention='votes'), (30, 2)),
    'complementary': (ComplementaryLoss(logits='x'), (30, C + 1)),
    'consistency of proposals': (ProposalConsistencyLoss().eval(), (30, C + 1)),
    'completeness': (CompletenessLoss().eval(), (30, )),
    'contrast': (SnippetContrastLoss(loss_weight=1.0, actionness='other').eval(), (30, E)),
}


STUDENTS = {'consistency of proposals': 'first_logits', 'completeness': 'first_completeness'}
"""Names of what is learned, where it is not x; the other stream learns nothing of it."""
OF_FEATURES = ('contrast', 'co-activity of features')


@pytest.mark.parametrize('name', GRADIENTS)
def test_gradients_are_those_of_finite_differences(name) -> None:
    loss, shape = GRADIENTS[name]
    others = dict(other=random(30).abs(), classes=random(30, C + 1), features=random(3, E),
                  votes=random(30, 2).sigmoid(), gaps=random(31, 2)[:30].abs())

    if name in STUDENTS:
        others |= proposals_of_two_streams(first_attention=torch.zeros(30).double())
        others.pop(STUDENTS[name])

    def scalar(x: torch.Tensor) -> torch.Tensor:
        learned = 'embedded' if name in OF_FEATURES else STUDENTS.get(name, 'x')
        return loss(output_of(**{learned: x}, **others), LABELS)

    x = random(*shape).requires_grad_()
    assert scalar(x) != 0 and torch.autograd.gradcheck(scalar, (x, ), fast_mode=x.numel() > 100)


@pytest.mark.parametrize('background, uniform', [(None, False), (1, False), (0, False), (None, True)])
def test_binary_entropy_on_a_softmax_is_averaged_over_classes_and_videos(background, uniform) -> None:
    logits = random(3, C if background is None else C + 1)
    expected = 0.0
    for row, labels in zip(logits.tolist(), LABELS.tolist()):
        target = labels if background is None else [*labels, background]
        q = [1 / len(target)] * len(target) if uniform else [value / sum(target) for value in target]
        entropy = [a * math.log(p) + (1 - a) * math.log(1 - p) for a, p in zip(q, softmax(row))]
        expected -= 0.5 * sum(entropy) / len(entropy) / 3
    loss = SoftmaxBCELoss(0.5, logits='x', background=background, uniform=uniform)
    assert loss(output_of(x=logits), LABELS).item() == pytest.approx(expected, rel=1e-12)


def test_binary_entropy_on_a_softmax_of_one_class_or_of_huge_logits_is_finite() -> None:
    logits = torch.tensor([[2.0], [3.0], [-1.0]], requires_grad=True)
    one = HeadOutput(output_of().embedded, torch.zeros(30, 1), torch.zeros(3, 1), extras=dict(x=logits))
    loss = SoftmaxBCELoss(logits='x')(one, torch.ones(3, 1))
    loss.backward()
    assert loss == 0 and not logits.grad.any()
    huge = torch.tensor([[1e4, -1e4], [1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    loss = SoftmaxBCELoss(logits='x')(output_of(x=huge), LABELS.float())
    loss.backward()
    assert loss.isfinite() and huge.grad.isfinite().all()


def test_logits_of_background_alone_have_it_as_their_one_target() -> None:
    logits = random(3, C + 1)
    expected = -sum(math.log(softmax(row)[-1]) for row in logits.tolist()) / 3
    loss = VideoClassificationLoss(logits='x', background=1, actions=False)
    assert loss(output_of(x=logits), LABELS).item() == pytest.approx(expected, rel=1e-12)


def test_binary_entropy_of_sigmoids() -> None:
    logits = random(3, C)
    expected = 0.0
    for row, labels in zip(logits.tolist(), LABELS.tolist()):
        for value, label in zip(row, labels):
            p = 1 / (1 + math.exp(-value))
            expected -= (label * math.log(p) + (1 - label) * math.log(1 - p)) / C / 3
    assert SigmoidBCELoss(logits='x')(output_of(x=logits), LABELS).item() == pytest.approx(expected, rel=1e-12)


def test_norm_and_guide_are_means_over_each_video_first() -> None:
    attention, logits = random(30).sigmoid(), random(30, C + 1)
    norm, guide, start = 0.0, 0.0, 0
    for length in LENGTHS:
        rows = list(zip(attention.tolist(), logits.tolist()))[start:start + length]
        start += length
        norm += sum(a for a, _ in rows) / length / 3
        guide += sum(abs(1 - a - softmax(row)[-1]) for a, row in rows) / length / 3
    output = output_of(a=attention, s=logits)
    assert AttentionNormLoss(2.0, 'a')(output, LABELS).item() == pytest.approx(2 * norm, rel=1e-12)
    assert AttentionGuideLoss(3.0, 'a', 's')(output, LABELS).item() == pytest.approx(3 * guide, rel=1e-12)


def test_each_of_two_attentions_learns_from_the_other_as_it_is() -> None:
    a, b = random(30).requires_grad_(), random(31)[:30].requires_grad_()
    loss = MutualAttentionLoss(3.0, 'a', 'b')(output_of(a=a, b=b), LABELS)
    expected, slope = 0.0, []
    for one, two in zip(a.split(LENGTHS), b.split(LENGTHS)):
        expected += 3 * sum((x - y)**2 for x, y in zip(one.tolist(), two.tolist())) / len(one) / 3
        slope += [3 * (x - y) / len(one) / 3 for x, y in zip(one.tolist(), two.tolist())]
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    loss.backward()
    assert a.grad.tolist() == pytest.approx(slope) and b.grad.tolist() == pytest.approx([-value for value in slope])


def selected(**attentions: torch.Tensor) -> HeadOutput:
    """Of three videos; class 0 chooses every third snippet, class 1 every fourth."""
    plain, places = output_of(), torch.arange(30)
    selection = torch.stack([places % 3 == 0, places % 4 == 0], dim=1).double()
    return replace(plain, extras=dict(selection=selection),
                   attentions={name: Attention(of, sums_to_one=False) for name, of in attentions.items()})


def test_every_attention_learns_what_the_labelled_classes_chose() -> None:
    attentions = dict(rgb=random(30).sigmoid(), flow=random(31)[:30].sigmoid())
    expected, place = 0.0, 0
    for length, labels in zip(LENGTHS, LABELS.tolist()):
        t = range(place, place + length)
        place += length
        chosen = [at for at in t if labels[0] and at % 3 == 0 or labels[1] and at % 4 == 0]
        rest = [at for at in t if at not in chosen]
        for a in (of.tolist() for of in attentions.values()):
            expected += sum((1 - a[at]**0.7) / 0.7 for at in chosen) / max(1, len(chosen)) / 3
            expected += sum((1 - (1 - a[at])**0.7) / 0.7 for at in rest) / max(1, len(rest)) / 3
    loss = AttentionSelectionLoss(2.0)(selected(**attentions), LABELS)
    assert loss.item() == pytest.approx(2 * expected, rel=1e-12)


def test_selection_has_the_gradient_of_finite_differences_and_a_finite_one_at_sure_attentions() -> None:
    x = random(30).sigmoid().requires_grad_()
    assert torch.autograd.gradcheck(lambda a: AttentionSelectionLoss()(selected(a=a), LABELS), (x, ))
    sure = (torch.arange(30) % 2).double().requires_grad_()
    AttentionSelectionLoss()(selected(a=sure), LABELS).backward()
    assert sure.grad.isfinite().all()
    with pytest.raises(ValueError, match=r'exponent in \(0, 1\], but got 0'):
        AttentionSelectionLoss(exponent=0)


def test_evidence_is_asked_for_the_labelled_classes_and_more_where_more_is_certain() -> None:
    logits, attention = random(30, C + 1) * 3, random(30).sigmoid()
    expected, place = 0.0, 0
    for length, labels in zip(LENGTHS, LABELS.tolist()):
        rows = list(zip(attention.tolist(), logits.tolist()))[place:place + length]
        place += length
        chosen = sorted(rows, reverse=True)[:max(1, length // 9)]
        alpha = [1 + math.exp(min(10, max(-10, sum(s[label] for _, s in chosen) / len(chosen)))) for label in range(C)]
        share = [y / a for y, a in zip(labels, alpha)]
        h = [(1 - C / sum(alpha)) * sum(labels) * one / sum(share) for one in share]
        expected += sum(weight * (math.log(sum(alpha)) - math.log(a)) for weight, a in zip(h, alpha)) / 3
    loss = EvidenceLoss(2.0, logits='s', attention='a')
    assert loss(output_of(s=logits, a=attention), LABELS).item() == pytest.approx(2 * expected, rel=1e-12)
    huge = torch.full((30, C + 1), 1e4, dtype=torch.float64, requires_grad=True)
    loss(output_of(s=huge, a=attention), LABELS).backward()
    assert huge.grad.isfinite().all()


def test_the_certainty_that_weighs_evidence_is_not_learned_from() -> None:
    z = torch.tensor([[0.3, -0.2]], dtype=torch.float64, requires_grad=True)
    batch = SnippetBatch.from_videos([torch.zeros(1, E)])
    output = HeadOutput(batch, z, torch.zeros(1, C).double(), extras=dict(s=z, a=torch.ones(1)))
    labels = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    EvidenceLoss(logits='s', attention='a')(output, labels).backward()
    alpha = (1 + z.detach().exp())[0]
    total, factor = alpha.sum(), 1 - C / alpha.sum()
    slope = [1 / total - 1 / alpha[0], 1 / total]  # of log S - log alpha_0
    assert z.grad[0].tolist() == pytest.approx([(factor * s * (a - 1)).item() for s, a in zip(slope, alpha)])


@pytest.mark.parametrize('progress', [0.0, 0.3, 0.5, 1.0])
def test_certain_snippets_count_first_and_uncertain_ones_later(progress) -> None:
    a, b, logits, low = random(30).sigmoid(), random(31)[:30].sigmoid(), random(30, C + 1), random(31, C + 1)[:30]
    loss = UncertaintyGuideLoss(2.0, ['a', 'b'], logits='s', evidence_logits='low', amplitude=0.7)
    loss.progress = progress
    expected, place = 0.0, 0
    for length in LENGTHS:
        t = range(place, place + length)
        place += length
        uncertainty = {at: C / sum(1 + math.exp(value) for value in low[at].tolist()) for at in t}
        for rank, at in enumerate(sorted(t, key=lambda at: -uncertainty[at])):
            weight = 1 + 0.7 * math.tanh((2 * (rank + 0.5) / length - 1) * (1 - 2 * progress))
            background = softmax(logits[at].tolist())[-1]
            gap = (abs(1 - a[at].item() - background) + abs(1 - b[at].item() - background)) / 2
            expected += weight * gap / length / 3
    output = output_of(a=a, b=b, s=logits, low=low)
    assert loss(output, LABELS).item() == pytest.approx(2 * expected, rel=1e-12)
    weights = loss.weights(torch.arange(30.0), output.embedded.layout).split(LENGTHS)
    assert torch.stack([of.mean() for of in weights]).tolist() == pytest.approx([1.0] * 3)
    assert (weights[2].diff() > 0).all() == (progress < 0.5)


def test_branches_are_parted_in_time_and_kept_at_one_strength() -> None:
    logits, branches = random(30, 3, C + 1), range(3)
    logits[..., C] -= 8  # a class that is nowhere likely
    diversity, norm = 0.0, 0.0
    for video in logits.split(LENGTHS):
        rows = video.tolist()
        for label in range(C + 1):
            likely = [[softmax(row[j])[label] for row in rows] for j in branches]
            pairs = [(i, j) for i in branches for j in branches if i != j]
            length = [math.sqrt(sum(value**2 for value in of)) for of in likely]
            together = {(i, j): sum(map(math.prod, zip(likely[i], likely[j]))) for i, j in pairs}
            cosines = [together[i, j] / (length[i] * length[j] + 1e-6) for i, j in pairs]
            diversity += sum(cosines) / len(pairs) / (C + 1) / 3
            strength = [sum(abs(row[j][label]) for row in rows) / len(rows) for j in branches]
            norm += sum(abs(one - sum(strength) / 3) for one in strength) / 3 / (C + 1) / 3
    output = output_of(s=logits)
    assert BranchDiversityLoss(2.0, 's')(output, LABELS).item() == pytest.approx(2 * diversity, rel=1e-12)
    assert BranchNormLoss(3.0, 's')(output, LABELS).item() == pytest.approx(3 * norm, rel=1e-12)
    with pytest.raises(ValueError, match='s of at least 2 branches, but got 1'):
        BranchDiversityLoss(logits='s')(output_of(s=logits[:, :1]), LABELS)


def test_what_a_graph_passes_in_two_ways_is_brought_together_at_clear_snippets() -> None:
    gap, attention = random(30, 2).abs(), random(31, 2)[:30].sigmoid()
    means: dict[str, list[float]] = dict(action=[], background=[])
    for d, a in zip(gap.split(LENGTHS), attention.split(LENGTHS)):
        rows = [(sum(gaps) / 2, pair) for gaps, pair in zip(d.tolist(), a.tolist())]
        for kind, clear in dict(action=[(d, sum(a) / 2) for d, a in rows if min(a) >= 0.5],
                                background=[(d, 1 - sum(a) / 2) for d, a in rows if max(a) < 0.5]).items():
            weight = [math.exp(-(1 / a - 1) / 0.5) for _, a in clear]
            if clear:
                means[kind].append(sum(w * d for w, (d, _) in zip(weight, clear)) / sum(weight))
    assert min(map(len, means.values())) < len(LENGTHS), 'a video without clear snippets of a kind'
    loss = FeatureConsistencyLoss(2.0, 'd', 'a')
    expected = sum(sum(of) / len(of) for of in means.values())
    assert loss(output_of(d=gap, a=attention), LABELS).item() == pytest.approx(2 * expected, rel=1e-9)
    for sure in (torch.zeros(30, 2), torch.tensor([[0.9, 0.1]] * 30)):
        far = (100 * gap.float()).requires_grad_()
        found = loss(output_of(d=far, a=sure.requires_grad_()), LABELS.float())
        found.backward()
        assert found.isfinite() and far.grad.isfinite().all(), 'where all is sure, and where nothing is clear'
        assert sure.grad is None, 'attention is not learned from it'


def test_classes_that_a_video_does_not_have_are_taken_from_all_its_snippets() -> None:
    logits, expected = random(30, C + 1), 0.0
    for video, labels in zip(logits.split(LENGTHS), LABELS.tolist()):
        for row in video.tolist():
            absent = [p for p, label in zip(softmax(row), labels) if not label]
            expected -= sum(math.log(1 - p) for p in absent) / len(video) / 3
    assert ComplementaryLoss(2.0, 's')(output_of(s=logits), LABELS).item() == pytest.approx(2 * expected, rel=1e-12)
    huge = (logits * 1e6).requires_grad_()
    loss = ComplementaryLoss(logits='s')(output_of(s=huge), LABELS)
    loss.backward()
    assert loss.isfinite() and huge.grad.isfinite().all()


def tiou(first: list[float], second: list[float]) -> float:
    inside = max(0.0, min(first[1], second[1]) - max(first[0], second[0]))
    return inside / (first[1] - first[0] + second[1] - second[0] - inside)


def test_overlapping_proposals_are_ranked_as_the_other_stream_ranks_them_and_learn_how_complete_they_are() -> None:
    tensors = proposals_of_two_streams()
    consistency, completeness, place = 0.0, 0.0, 0
    for length, labels in zip(LENGTHS, LABELS.tolist()):
        rows = range(place, place + length)
        place += length
        borders = {i: tensors['borders'][i].tolist() for i in rows}
        near = {i: [j for j in rows if tiou(borders[i], borders[j]) > 0] for i in rows}
        classes = [label for label in range(C) if labels[label]]
        for student, teacher in (('first', 'second'), ('second', 'first')):
            attention = {i: tensors[f'{teacher}_attention'][i].item() for i in rows}
            chosen = [i for i in rows if attention[i] > sum(attention.values()) / length]
            for label in classes:
                for i in chosen:
                    told, said = (softmax([tensors[f'{name}_logits'][j, label].item() for j in near[i]])
                                  for name in (teacher, student))
                    gap = sum(p * math.log(p / q) for p, q in zip(told, said))
                    consistency += gap / len(chosen) / len(classes) / 2 / 3
            waiting, picks = [i for i in rows if attention[i] > 0.8 * max(attention.values())], []
            while waiting:
                picks.append(max(waiting, key=lambda i: attention[i]))
                waiting = [i for i in waiting if i not in near[picks[-1]]]
            for i in rows:
                target = max(tiou(borders[i], borders[pick]) for pick in picks)
                completeness += (tensors[f'{student}_completeness'][i].item() - target)**2 / length / 2 / 3
    for loss, expected in ((ProposalConsistencyLoss(2.0), consistency), (CompletenessLoss(2.0), completeness)):
        assert loss.eval()(output_of(**tensors), LABELS).item() == pytest.approx(2 * expected, rel=1e-9)
        loss.progress = 0.09
        assert loss.factor() == pytest.approx(2 * math.exp(-5 * 0.4**2))
        loss.progress = 0.5
        assert loss.factor() == 2
    with pytest.raises(RuntimeError, match='CompletenessLoss does not know how far training is'):
        CompletenessLoss()(output_of(**tensors), LABELS)
    with pytest.raises(ValueError, match=r'ProposalConsistencyLoss expects a ramp in \(0, 1\], but got 0'):
        ProposalConsistencyLoss(ramp=0)


def test_a_detached_attention_teaches_and_does_not_learn() -> None:
    attention, logits = random(30).requires_grad_(), random(30, C + 1).requires_grad_()
    AttentionGuideLoss(attention='a', logits='s', detach_attention=True)(output_of(a=attention, s=logits),
                                                                         LABELS).backward()
    assert attention.grad is None and logits.grad.any()


def test_magnitude_asks_for_long_action_and_short_background_features() -> None:
    action, background = random(3, E) * 4, random(3, E) + 1
    length = [[math.sqrt(sum(v * v for v in row)) for row in of.tolist()] for of in (action, background)]
    expected = 0.5 * sum((max(0, 9 - a) + b)**2 for a, b in zip(*length)) / 3
    loss = FeatureMagnitudeLoss(0.5, margin=9.0, action='a', background='b')
    assert loss(output_of(a=action, b=background), LABELS).item() == pytest.approx(expected, rel=1e-12)


def test_lengths_are_ordered_by_a_margin() -> None:
    lengths = [[math.sqrt(sum(v * v for v in row)) for row in of.tolist()] for of in (random(3, E), random(3, E) * 2,
                                                                                      random(3, E) + 1)]
    expected = 2 * sum((max(0, 3 - i + c) + max(0, 3 - c + b) + b)**2 for i, c, b in zip(*lengths)) / 3
    output = output_of(i=random(3, E), c=random(3, E) * 2, b=random(3, E) + 1)
    loss = MagnitudeOrderLoss(2.0, margin=3.0, features=('i', 'c', 'b'))
    assert loss(output, LABELS).item() == pytest.approx(expected, rel=1e-12)


def co_activity(pairs: list[tuple[int, int]], logits: torch.Tensor, features: torch.Tensor,
                labels: torch.Tensor) -> float:
    """The loss in plain Python, averaged over pairs and their shared classes."""
    there, elsewhere = {}, {}
    for video, (s, h) in enumerate(zip(logits.split(LENGTHS), features.split(LENGTHS))):
        for label in range(C):
            a = softmax(s[:, label].tolist())
            rows, rest = h.tolist(), max(len(a) - 1, 1)
            there[video, label] = [sum(w * row[e] for w, row in zip(a, rows)) for e in range(E)]
            elsewhere[video, label] = [sum((1 - w) * row[e] for w, row in zip(a, rows)) / rest for e in range(E)]
    terms = []
    for i, j in pairs:
        for label in range(C):
            if labels[i, label] and labels[j, label]:
                far = 1 - dot(there[i, label], there[j, label])
                terms.append(0.5 * max(0, far - (1 - dot(there[i, label], elsewhere[j, label])) + 0.5) +
                             0.5 * max(0, far - (1 - dot(elsewhere[i, label], there[j, label])) + 0.5))
    return sum(terms) / len(terms)


def test_co_activity_draws_together_the_features_of_shared_classes() -> None:
    logits, features = random(30, C), random(30, E)
    output = output_of(s=logits, embedded=features)
    every = co_activity([(0, 1), (0, 2), (1, 2)], logits, features, LABELS)
    assert CoActivityLoss(0.5, None, logits='s')(output, LABELS).item() == pytest.approx(0.5 * every, rel=1e-9)
    first = co_activity([(0, 1)], logits, features, LABELS)
    for pairs in (1, 3):  # the third video is alone
        assert CoActivityLoss(pairs=pairs, logits='s')(output, LABELS).item() == pytest.approx(first, rel=1e-9)


def test_co_activity_of_pairs_without_a_shared_class_or_of_one_video_is_nothing() -> None:
    features = random(30, E).requires_grad_()
    output = output_of(s=random(30, C), embedded=features)
    apart = torch.tensor([[1, 0], [0, 1], [1, 0]], dtype=torch.float64)
    loss = CoActivityLoss(pairs=1, logits='s')(output, apart)
    loss.backward()
    assert loss == 0 and not features.grad.any()
    one = HeadOutput(SnippetBatch.from_videos([torch.ones(3, E)]), torch.zeros(3, C), torch.zeros(1, C))
    for pairs in (None, 3):
        assert CoActivityLoss(pairs=pairs)(one, torch.ones(1, C)) == 0
    with pytest.raises(ValueError, match='at least one pair, or None for all, but got 0'):
        CoActivityLoss(pairs=0)


def test_a_video_with_itself_is_only_asked_to_differ_from_its_own_rest() -> None:
    batch = SnippetBatch.from_videos([random(9, E)] * 2)
    logits = torch.cat([random(9, C)] * 2)
    output = HeadOutput(batch, logits, torch.zeros(2, C).double())
    swapped = HeadOutput(SnippetBatch.from_videos(batch.split()[::-1]), logits, torch.zeros(2, C).double())
    labels = torch.ones(2, C, dtype=torch.float64)
    assert CoActivityLoss()(output, labels) == CoActivityLoss()(swapped, labels)
    a = batch.layout.softmax(logits)[:9]
    there, elsewhere = a.T @ batch.features[:9], (1 - a).T @ batch.features[:9]
    expected = [max(0, dot(h, rest) - 0.5) for h, rest in zip(there.tolist(), elsewhere.tolist())]
    assert CoActivityLoss()(output, labels).item() == pytest.approx(sum(expected) / C, abs=1e-12)


def reference_rings(above: list[bool], inner: int, outer: int) -> tuple[np.ndarray, np.ndarray]:
    element = {size: np.ones(size, dtype=bool) for size in (inner, outer)}
    eroded = {size: ndimage.binary_erosion(above, element[size]) for size in element}
    dilated = {size: ndimage.binary_dilation(above, element[size]) for size in element}
    return eroded[inner] ^ eroded[outer], dilated[outer] ^ dilated[inner]


@pytest.mark.parametrize('inner, outer', [(3, 6), (1, 4), (2, 5)])
def test_rings_are_those_of_scipys_erosion_and_dilation_in_each_video(inner, outer) -> None:
    rng = np.random.default_rng(0)
    lengths = [1, 2, 5, 30, 47]
    videos = [rng.random(length) < np.repeat(rng.random(length // 9 + 1), 9)[:length] for length in lengths]
    above = torch.ones(len(lengths), max(lengths), dtype=torch.bool)  # padding must not count
    for row, video in zip(above, videos):
        row[:len(video)] = torch.from_numpy(video)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    found = rings(above, mask, inner, outer)
    for index, video in enumerate(videos):
        for ring, expected in zip(found, reference_rings(video.tolist(), inner, outer)):
            assert ring[index, :len(video)].tolist() == expected.tolist()
            assert not ring[index, len(video):].any()


def test_the_elements_are_uneven_as_in_the_released_code() -> None:
    alone = torch.arange(15)[None] == 7  # dilated by six it reaches three back and two ahead
    everywhere = torch.ones(1, 15, dtype=torch.bool)
    outside = rings(alone, everywhere, 3, 6)[1]
    assert (outside.nonzero()[:, 1] - 7).tolist() == [-3, -2, 2]
    inside = rings(everywhere, everywhere, 3, 6)[0]  # the ends: three snippets of the first, two of the last side
    assert inside.nonzero()[:, 1].tolist() == [1, 2, 13]


def test_the_median_and_the_best_are_each_videos_own() -> None:
    values = torch.tensor([[3.0, 1.0, 2.0, 9.0], [5.0, 4.0, 0.0, 0.0]])
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    assert median(values, mask).tolist() == [[2.5], [4.5]]
    chosen = best(values, torch.tensor([2, 3]), mask)
    assert chosen.tolist() == [[True, False, False, True], [True, True, False, False]]


def unit(row: list[float]) -> list[float]:
    length = math.sqrt(sum(v * v for v in row)) or 1.0
    return [v / length for v in row]


def dot(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(unit(first), unit(second)))


def test_contrast_is_that_of_hard_snippets_with_easy_ones() -> None:
    loss = SnippetContrastLoss(1.0, actionness='a', temperature=0.5).eval()
    actionness, features = random(30).abs() + torch.linspace(0, 1, 30), random(30, E)
    total, start, rings_found = 0.0, 0, 0
    for length in LENGTHS:
        a, x = actionness[start:start + length].tolist(), features[start:start + length].tolist()
        start += length
        easy, hard = max(1, length // 5), max(1, length // 20)
        order = sorted(range(length), key=lambda t: -a[t])
        action, background = order[:easy], order[::-1][:easy]
        middle = float(np.median(a))
        inside, outside = reference_rings([value > middle for value in a], 3, 6)
        for ring, positives, negatives in ((inside, action, background), (outside, background, action)):
            chosen = [t for t in order if ring[t]][:hard]
            if not chosen:
                continue
            rings_found += 1
            q, k = ([sum(x[t][e] for t in places) for e in range(E)] for places in (chosen, positives))
            alike = math.exp(dot(q, k) / 0.5)
            total -= math.log(alike / (alike + sum(math.exp(dot(q, x[t]) / 0.5) for t in negatives))) / 3
    assert rings_found >= 2
    found = loss(output_of(a=actionness, embedded=features), LABELS)
    assert found.item() == pytest.approx(total, rel=1e-9)


def test_a_constant_actionness_has_no_rings_and_teaches_nothing() -> None:
    features = random(30, E).requires_grad_()
    loss = SnippetContrastLoss(actionness='a')(output_of(a=torch.ones(30).double(), embedded=features), LABELS)
    loss.backward()
    assert loss == 0 and not features.grad.any()


def test_training_leaves_random_snippets_out_of_the_easy_ones() -> None:
    loss = SnippetContrastLoss(1.0, actionness='a')
    output = output_of(a=random(30).abs())
    torch.manual_seed(0)
    values = {loss(output, LABELS).item() for _ in range(10)}
    assert len(values) > 3 and len({loss.eval()(output, LABELS).item() for _ in range(3)}) == 1
