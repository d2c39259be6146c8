"""The equations of each method's head, snippet by snippet in plain Python."""
from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rpn_plugin.models import (
    ActionnessHead,
    ActionSelectionHead,
    BackgroundSuppressionHead,
    CrossModalHead,
    FACHead,
    HybridAttentionHead,
    MultiBranchHead,
    ProposalHead,
    SparsePoolingHead,
    ThreeWayAttentionHead,
    TopKMILHead,
    UncertaintyHead,
    UntrimmedNetHead,
)
from rpn_plugin.models.heads.hybrid_attention_head import suppressed as suppressed_of
from rpn_plugin.models.heads.sparse_pooling_head import marginalized_weights
from rpn_plugin.models.heads.still_snippets import StillSnippets
from rpn_plugin.structures import SnippetBatch

Rows = list[list[float]]
D, C, LENGTHS = 4, 3, (1, 5, 19)


def build(kind: type, **options: object) -> tuple[nn.Module, SnippetBatch]:
    torch.manual_seed(7)
    head = kind(in_channels=D, num_classes=C, **options).double().eval()
    return head, SnippetBatch.from_videos([torch.randn(length, D, dtype=torch.float64) for length in LENGTHS])


def linear(row: list[float], layer: nn.Module) -> list[float]:
    bias = [0.0] * len(layer.weight) if layer.bias is None else layer.bias.tolist()
    return [sum(w * x for w, x in zip(weights, row)) + b for weights, b in zip(layer.weight.tolist(), bias)]


def lrelu(row: list[float], slope: float = 0.01) -> list[float]:
    return [max(value, slope * value) for value in row]


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(value - max(row)) for value in row]
    return [power / sum(powers) for power in powers]


def convolved(rows: Rows, layer: nn.Module, slope: float = 0.01) -> Rows:
    """A kernel of three snippets over one video with zeros around it, and a leaky rectifier."""
    nothing = [0.0] * len(rows[0])
    around = [nothing, *rows, nothing]
    return [lrelu(linear([*around[t], *around[t + 1], *around[t + 2]], layer.linear), slope) for t in range(len(rows))]


def highest(rows: Rows, label: int, number: int) -> float:
    return sum(sorted((row[label] for row in rows), reverse=True)[:number]) / number


def mean_of(rows: Rows, places: list[int]) -> list[float]:
    return [sum(rows[t][e] for t in places) / len(places) for e in range(len(rows[0]))]


def same(tensor: torch.Tensor, expected: object) -> None:
    torch.testing.assert_close(tensor, torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('selection', ['soft', 'hard'])
def test_untrimmed_net_mixes_probabilities_in_training_and_logits_in_testing_or_takes_the_best(selection) -> None:
    head, batch = build(UntrimmedNetHead, selection=selection)
    head.classifier.weight.data.normal_()
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        s = [linear(row, head.classifier) for row in video.tolist()]
        places = slice(start, start + len(s))
        start += len(s)
        same(output.cas[places], [softmax(row) for row in s])
        if selection == 'hard':
            z = [highest(s, label, math.ceil(3 * len(s) / 7)) for label in range(C)]
            same(output.video_logits[index], z)
            same(output.video_score[index], softmax(z))
            continue
        e = [linear(row, head.attention)[0] for row in video.tolist()]
        weight, softened = softmax(e), softmax([value / 3 for value in e])
        mixture = [sum(w * softmax(row)[label] for w, row in zip(weight, s)) for label in range(C)]
        same(output.attention[places], weight)
        same(output.video_logits[index], [math.log(p) for p in mixture])
        same(output.video_score[index], softmax([sum(w * row[label] for w, row in zip(softened, s))
                                                 for label in range(C)]))
    labels = torch.tensor([[1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=torch.float64)
    logs = output.video_logits.log_softmax(dim=1)
    same(head.loss(output, labels)['loss_cls'], -(logs[0, 0] + logs[1, 1:].mean() + logs[2, 2]).item() / 3)
    with pytest.raises(ValueError, match="selection of soft or hard, but got 'top'"):
        build(UntrimmedNetHead, selection='top')


def test_stpn_classifies_the_mean_of_gated_features() -> None:
    head, batch = build(SparsePoolingHead, attention_channels=5)
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        x = video.tolist()
        a = [sigmoid(linear([max(0, v) for v in linear(row, head.gate[0])], head.gate[2])[0]) for row in x]
        pooled = [sum(weight * row[d] for weight, row in zip(a, x)) / len(x) for d in range(D)]
        z = linear(pooled, head.classifier)
        r = [[v - b for v, b in zip(linear(row, head.classifier), head.classifier.bias.tolist())] for row in x]
        places = slice(start, start + len(x))
        start += len(x)
        same(output.video_logits[index], z)
        same(output.video_score[index], [sigmoid(value) for value in z])
        same(output.attention[places], a)
        same(output.cas[places], [[weight * sigmoid(v) for v in row] for weight, row in zip(a, r)])
        same(output.extras['gated_activation'][places], [[weight * v for v in row] for weight, row in zip(a, r)])


def drawn_by_recursion(p: list[float], x: Rows) -> list[float]:
    """MAAN's recursion: expected mean of the drawn features, over the counts of what is drawn so far."""
    q, m = [1.0], [[0.0] * D]
    for probability, row in zip(p, x):
        before, means = [*q, 0.0], [*m, [0.0] * D]
        q = [probability * (before[i - 1] if i else 0.0) + (1 - probability) * before[i] for i in range(len(before))]
        m = [[(1 - probability) * means[i][d] + (0.0 if i == 0 else probability * (
            (i - 1) * means[i - 1][d] + before[i - 1] * row[d]) / i) for d in range(D)] for i in range(len(before))]
    return [sum(of_count[d] for of_count in m[1:]) for d in range(D)]


def test_maan_classifies_the_expected_mean_of_drawn_features() -> None:
    head, batch = build(SparsePoolingHead, attention_channels=5, pooling='marginalized')
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        x = video.tolist()
        p = [sigmoid(linear([max(0, v) for v in linear(row, head.gate[0])], head.gate[2])[0]) for row in x]
        pooled = drawn_by_recursion(p, x)
        w = output.attention[start:start + len(x)]
        start += len(x)
        same((w[:, None] * video).sum(dim=0), pooled)
        same(w.sum(), 1 - math.prod(1 - value for value in p))
        same(output.video_logits[index], linear(pooled, head.classifier))
    with pytest.raises(ValueError, match="pooling of mean or marginalized, but got 'max'"):
        build(SparsePoolingHead, pooling='max')


def test_marginalized_weights_go_from_the_mean_to_the_one_snippet_that_is_sure() -> None:
    layout = SnippetBatch.from_videos([torch.zeros(300, 1), torch.zeros(5, 1)]).layout
    p = torch.cat([torch.full((300, ), 0.3), torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])]).double()
    w = marginalized_weights(p, layout)
    same(w[:300], [1 / 300] * 300)
    torch.testing.assert_close(w[300:], p[300:], rtol=0, atol=1e-5)
    some = torch.rand(8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    layout = SnippetBatch.from_videos([torch.zeros(7, 1), torch.zeros(1, 1)]).layout
    assert torch.autograd.gradcheck(lambda values: marginalized_weights(values, layout), (some, ))


def test_gates_that_are_open_or_shut_give_the_recursion_and_its_slope_too() -> None:
    sure = [1.0, 0.0, 0.4, 1 - 1e-12]
    x = [[float(place == at) for at in range(len(sure))] for place in range(len(sure))]
    layout = SnippetBatch.from_videos([torch.zeros(len(sure), 1)]).layout
    p = torch.tensor(sure, dtype=torch.float64, requires_grad=True)
    w = marginalized_weights(p, layout)
    same(w, drawn_by_recursion(sure, x))
    w[2].backward()
    for at in range(len(sure)):  # linear in each probability
        low, high = ([*sure[:at], value, *sure[at + 1:]] for value in (0.0, 1.0))
        slope = drawn_by_recursion(high, x)[2] - drawn_by_recursion(low, x)[2]
        assert p.grad[at].item() == pytest.approx(slope, abs=1e-12)
    assert marginalized_weights(torch.tensor([1.0, 0.0, 1.0, 1.0]), layout).sum().item() == pytest.approx(1)


def test_bas_net_runs_one_network_on_the_features_and_on_what_the_filter_leaves() -> None:
    head, batch = build(BackgroundSuppressionHead, channels=[5, 6], filter_channels=3)
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        x, k = video.tolist(), max(1, len(video) // 8)
        a = [sigmoid(linear(lrelu(linear(row, head.filter[0])), head.filter[2])[0]) for row in x]
        logits = []
        for rows in (x, [[weight * value for value in row] for weight, row in zip(a, x)]):
            hidden = convolved(convolved(rows, head.network.convs[0]), head.network.convs[1])
            logits.append([linear(row, head.classifier) for row in hidden])
        pooled = [[highest(of, label, k) for label in range(C + 1)] for of in logits]
        places = slice(start, start + len(x))
        start += len(x)
        same(output.attention[places], a)
        same(output.cas[places], [row[:C] for row in logits[1]])
        same(output.video_logits[index], pooled[0])
        same(output.extras['suppressed_logits'][index], pooled[1])
        same(output.video_score[index], softmax(pooled[1])[:C])


def test_cmcs_pools_the_mean_of_its_branches_by_an_attention() -> None:
    head, batch = build(MultiBranchHead, num_branches=2, shared_channels=5, branch_channels=6, attention_channels=3)
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        shared = [lrelu(linear(row, head.shared), 0) for row in video.tolist()]
        branches = [[linear(row, classifier) for row in convolved(shared, branch, 0)]
                    for branch, classifier in zip(head.branches, head.classifiers)]
        a = softmax([linear(lrelu(linear(row, head.attention[0]), 0), head.attention[2])[0] for row in shared])
        s = [[(one + two) / 2 for one, two in zip(*rows)] for rows in zip(*branches)]
        z = [sum(weight * row[label] for weight, row in zip(a, s)) for label in range(C + 1)]
        places = slice(start, start + len(a))
        start += len(a)
        same(output.attention[places], a)
        same(output.extras['branch_logits'][places], [list(rows) for rows in zip(*branches)])
        same(output.cas[places], [softmax(row)[:C] for row in s])
        same(output.video_logits[index], z)
        same(output.video_score[index], softmax(z)[:C])
    with pytest.raises(ValueError, match='at least one branch, but got num_branches=0'):
        build(MultiBranchHead, num_branches=0)


def test_cmcs_drops_channels_of_whole_videos_while_training() -> None:
    head, batch = build(MultiBranchHead, shared_channels=D)
    head.shared.weight.data = torch.eye(D, dtype=torch.float64)
    head.shared.bias.data.zero_()
    seen = []
    head.branches[0].register_forward_hook(lambda module, arguments, result: seen.append(arguments[0]))
    torch.manual_seed(0)
    head.train()(batch.with_features(batch.features.abs()))
    ratios = seen[0] / batch.features.abs()
    assert set(ratios.round(decimals=9).unique().tolist()) == {0.0, 2.0}
    for video in ratios.split(LENGTHS):
        torch.testing.assert_close(video, video[:1].expand_as(video))


def test_cmcs_trains_on_the_still_stretches_of_its_videos_as_background() -> None:
    head, _ = build(MultiBranchHead, dropout=0.0)
    torch.manual_seed(5)
    moving = torch.randn(20, D, dtype=torch.float64)
    moving[4:9] = moving[4]
    batch = SnippetBatch.from_videos([moving, torch.randn(3, D, dtype=torch.float64)])
    labels = torch.tensor([[1, 0, 0], [0, 1, 1]], dtype=torch.float64)
    still = head.still(batch)
    assert still is not None and torch.equal(still.features, moving[4:8]), 'no border beside what moves'
    logs = torch.cat([head(of).video_logits.log_softmax(dim=1) for of in (batch, still)])
    head.train()
    found = head.loss(head(batch), labels)
    same(found['loss_cls'], -(logs[0, 0] + logs[1, 1:3].mean() + logs[2, C]).item() / 3)
    head.still = None
    same(head.loss(head(batch), labels)['loss_cls'], -(logs[0, 0] + logs[1, 1:3].mean()).item() / 2)


@pytest.mark.parametrize('moving, still, min_length, expected', [
    (20, 5, 3, 5), (20, 5, 6, 0), (20, 12, 3, 0), (1, 0, 1, 0)])
def test_still_snippets_are_long_runs_in_videos_that_mostly_move(moving, still, min_length, expected) -> None:
    torch.manual_seed(0)
    video = torch.cat([torch.randn(moving, D), torch.zeros(still, D)])
    places = StillSnippets(min_length=min_length).places(video)
    assert places.tolist() == list(range(len(video) - expected, len(video)))


@pytest.mark.parametrize('options', [
    dict(quantile=0), dict(window=2), dict(min_length=0), dict(min_share=0.4, max_share=0.3)])
def test_still_snippets_refuse_what_cannot_be(options) -> None:
    with pytest.raises(ValueError, match='StillSnippets expects a quantile in'):
        StillSnippets(**options)


def test_um_measures_lengths_between_those_of_likely_action_and_background() -> None:
    head, batch = build(UncertaintyHead)
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        e, k_a, k_b = video.tolist(), max(1, len(video) // 9), max(1, len(video) // 4)
        s = [linear(row, head.classifier) for row in e]
        m = [math.sqrt(sum(v * v for v in row)) for row in e]
        by_length = sorted(range(len(e)), key=lambda t: -m[t])
        action, background = by_length[:k_a], by_length[::-1][:k_b]
        low, high = (sum(m[t] for t in places) / len(places) for places in (background, action))
        magnitude = [1.0 if high == low else min(1, max(0, (v - low) / (high - low))) for v in m]
        z = [highest(s, label, k_a) for label in range(C)]
        places = slice(start, start + len(e))
        start += len(e)
        same(output.attention[places], magnitude)
        same(output.cas[places], [[p * share for p in softmax(row)] for row, share in zip(s, magnitude)])
        same(output.video_logits[index], z)
        same(output.video_score[index], softmax(z))
        same(output.extras['background_logits'][index], mean_of(s, background))
        same(output.extras['action_features'][index], mean_of(e, action))
        same(output.extras['background_features'][index], mean_of(e, background))


def test_um_leaves_random_snippets_out_of_its_choices_while_training() -> None:
    head, batch = build(UncertaintyHead)
    calm = head(batch).extras['action_features']
    head.train()
    torch.manual_seed(0)
    chosen = torch.stack([head(batch).extras['action_features'] for _ in range(20)])
    assert torch.equal(chosen[:, 0], calm[0].expand(20, -1)), 'a video of one snippet has no other'
    assert len({tuple(row) for row in chosen[:, 2].tolist()}) > 3


def test_cola_sums_rectified_activations_to_actionness() -> None:
    head, batch = build(ActionnessHead)
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        s = [[max(0, value) for value in linear(row, head.classifier)] for row in video.tolist()]
        z = [highest(s, label, max(1, len(s) // 5)) for label in range(C)]
        places = slice(start, start + len(s))
        start += len(s)
        same(output.cas[places], s)
        same(output.extras['actionness'][places], [sum(row) for row in s])
        same(output.video_logits[index], z)
        same(output.video_score[index], softmax(z))


def suppressed(row: list[float], weight: float) -> list[float]:
    return [weight * (value - min(row)) + min(row) for value in row]


def test_ham_net_erases_what_is_attended_most_and_keeps_the_rest_softly_and_hard() -> None:
    head, batch = build(HybridAttentionHead, channels=[5, 6], attention_channels=[3, 4])
    head.attention_output.weight.data *= 30  # some below a fifth of the largest
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        x, k = video.tolist(), max(1, len(video) // 10)
        hidden, gate = (convolved(convolved(x, of.convs[0], 0.2), of.convs[1], 0.2)
                        for of in (head.network, head.attention))
        s = [linear(row, head.classifier) for row in hidden]
        a = [sigmoid(linear(row, head.attention_output)[0]) for row in gate]
        level = 0.2 * max(a)
        semi_soft = [value if value < level else 0.0 for value in a]
        sequences = dict(
            attended=[[weight * value for value in row] for weight, row in zip(a, s)],
            hard=[suppressed(row, 1.0 if weight > 0 else 0.0) for weight, row in zip(semi_soft, s)],
            semi_soft=[suppressed(row, weight) for weight, row in zip(semi_soft, s)])
        pooled = {name: [highest(of, label, k) for label in range(C + 1)] for name, of in sequences.items()}
        places = slice(start, start + len(x))
        start += len(x)
        assert len(x) == 1 or any(semi_soft)
        same(output.attention[places], a)
        same(output.extras['snippet_logits'][places], s)
        same(output.cas[places], [row[:C] for row in sequences['attended']])
        same(output.video_logits[index], [highest(s, label, k) for label in range(C + 1)])
        for name, logits in pooled.items():
            same(output.extras[f'{name}_logits'][index], logits)
        same(output.video_score[index], softmax(pooled['attended'])[:C])


def test_ham_net_erases_from_a_share_of_the_largest_attention_on_whatever_the_smallest_is() -> None:
    head, _ = build(HybridAttentionHead)
    attention = torch.tensor([0.15, 0.17, 0.3, 0.8, 0.15, 0.3, 0.5], dtype=torch.float64)
    batch = SnippetBatch.from_videos([torch.zeros(4, D).double(), torch.zeros(3, D).double()])
    same(head.erasing_level(attention, batch.layout), [0.16] * 4 + [0.1] * 3)
    s = torch.randn(7, C + 1, dtype=torch.float64)
    output = head.pool(batch, s, attention)
    smallest = s[4:].amin(dim=1)  # everything of the second video is erased
    for name in ('hard_logits', 'semi_soft_logits'):
        same(output.extras[name][1], [smallest.max().item()] * (C + 1))


@pytest.mark.parametrize('weight, expected', [(1.0, [3.0, -1.0, 2.0]), (0.0, [-1.0] * 3), (0.5, [1.0, -1.0, 0.5])])
def test_suppression_is_between_the_logits_and_their_smallest(weight, expected) -> None:
    logits = torch.tensor([[3.0, -1.0, 2.0]], dtype=torch.float64)
    attention = torch.tensor([weight], dtype=torch.float64, requires_grad=True)
    found = suppressed_of(logits, attention)
    same(found[0], expected)
    found[0, 0].backward()
    same(attention.grad, [4.0])  # s - m


def test_acm_net_shares_every_snippet_out_among_three_attentions() -> None:
    head, batch = build(ThreeWayAttentionHead)
    output = head(batch)
    same(sum(of.weight for of in output.attentions.values()), [1.0] * sum(LENGTHS))
    start = 0
    for index, video in enumerate(batch.split()):
        e = video.tolist()
        shares = [softmax(linear(row, head.attention)) for row in e]
        s = [linear(row, head.classifier) for row in e]
        places = slice(start, start + len(e))
        start += len(e)
        for kind, (name, divisor) in enumerate(dict(instance=8, context=3, background=3).items()):
            weight = [row[kind] for row in shares]
            k = max(1, len(e) // divisor)
            attended = [[a * value for value in row] for a, row in zip(weight, s)]
            pooled = [highest(attended, label, k) for label in range(C + 1)]
            same(output.tensor(name)[places], weight)
            chosen = sorted(range(len(e)), key=lambda t: -weight[t])[:k]
            same(output.extras[f'{name}_features'][index], mean_of(e, chosen))
            if name == 'instance':
                same(output.extras['snippet_logits'][places], attended)
                same(output.cas[places], [softmax(row)[:C] for row in attended])
                same(output.video_logits[index], pooled)
                same(output.video_score[index], softmax(pooled)[:C])
            else:
                same(output.extras[f'{name}_logits'][index], pooled)


def test_acm_net_hides_whole_snippets_from_its_classifier_while_training() -> None:
    head, batch = build(ThreeWayAttentionHead, dropout=0.0)
    torch.manual_seed(0)
    logits, attention = head.train().score_snippets(batch)
    hidden = (logits == head.classifier.bias).all(dim=1)
    assert 0 < hidden.sum() < len(hidden)
    same(attention, head.eval().score_snippets(batch)[1].tolist())


def test_w_talcs_video_score_is_the_sigmoid_of_the_mean_of_the_highest_logits() -> None:
    head, batch = build(TopKMILHead, score='sigmoid')
    output = head(batch)
    for index, video in enumerate(batch.split()):
        s = [linear(row, head.classifier) for row in video.tolist()]
        z = [highest(s, label, math.ceil(len(s) / 8)) for label in range(C)]
        same(output.video_logits[index], z)
        same(output.video_score[index], [sigmoid(value) for value in z])
    with pytest.raises(ValueError, match="score of softmax or sigmoid, but got 'tanh'"):
        build(TopKMILHead, score='tanh')


def test_co2_net_weighs_the_channels_of_each_stream_by_its_mean_and_by_the_other() -> None:
    head, batch = build(CrossModalHead, split=dict(rgb=1, flow=3), fused_channels=5, attention_channels=2)
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        streams, k = (video[:, :1].tolist(), video[:, 1:].tolist()), max(1, len(video) // 7)
        weighed, attentions = [], []
        for main, other, gate, network in zip(streams, streams[::-1], head.gates, head.attentions):
            mean = [sum(row[d] for row in main) / len(main) for d in range(len(main[0]))]
            g = lrelu(linear(mean, gate.of_video), 0.2)
            h = convolved(other, gate.of_snippet, 0.2)
            weighed.append([[sigmoid(a * b) * value for a, b, value in zip(g, at, row)] for at, row in zip(h, main)])
            hidden = convolved(convolved(weighed[-1], network.first, 0.2), network.second, 0.2)
            attentions.append([sigmoid(linear(row, network.output)[0]) for row in hidden])
        a = [(one + two) / 2 for one, two in zip(*attentions)]
        fused = [lrelu(linear([*one, *two], head.fusion), 0.2) for one, two in zip(*weighed)]
        s = [linear(row, head.classifier) for row in convolved(fused, head.hidden, 0.2)]
        low = [suppressed(row, weight) for row, weight in zip(s, a)]
        attended = [[weight * value for value in row] for row, weight in zip(s, a)]
        places = slice(start, start + len(a))
        start += len(a)
        for name, expected in dict(attention=a, first_attention=attentions[0], second_attention=attentions[1]).items():
            same(output.tensor(name)[places], expected)
        same(output.embedded.features[places], fused)
        same(output.cas[places], [row[:C] for row in attended])
        same(output.extras['snippet_logits'][places], s)
        same(output.extras['suppressed_snippet_logits'][places], low)
        same(output.video_logits[index], [highest(s, label, k) for label in range(C + 1)])
        same(output.extras['suppressed_logits'][index], [highest(low, label, k) for label in range(C + 1)])
        tenth = [highest(attended, label, max(1, len(s) // 10)) for label in range(C + 1)]
        same(output.video_score[index], softmax(tenth)[:C])


def test_ddg_net_passes_features_between_alike_snippets_and_never_from_ambiguous_ones() -> None:
    head, batch = build(CrossModalHead, split=dict(rgb=2, flow=2), fused_channels=5, attention_channels=2,
                        graph=dict(threshold=0.3, top_ratio=0.4))
    for network, x in zip(head.attentions, batch.features.split(2, dim=1)):  # attentions on both sides of 0.5
        network.output.weight.data.mul_(9)
        network.output.bias.data -= network(x, batch.layout).logit().median()
    output = head(batch)
    kinds, start = set(), 0
    for video in batch.split():
        streams, places = (video[:, :2].tolist(), video[:, 2:].tolist()), range(len(video))
        number = max(1, int(0.4 * len(video) + 1e-9))
        before = [[sigmoid(linear(row, network.output)[0]) for row in
                   convolved(convolved(x, network.first, 0.2), network.second, 0.2)]
                  for x, network in zip(streams, head.attentions)]
        kind = [{2: 'action', 0: 'background', 1: 'ambiguous'}[sum(a[t] >= 0.5 for a in before)] for t in places]
        kinds |= set(kind)
        alike = [[sum(cosine(x[t], x[s]) for x in streams) / 2 for s in places] for t in places]

        def share(t: int, sources: list[int]) -> list[float]:
            nearest = sorted(places, key=lambda s: -alike[t][s])[:number]
            weight = [alike[t][s] if s in sources and s in nearest and alike[t][s] >= 0.3 else 0.0 for s in places]
            return [w / sum(weight) if sum(weight) else 0.0 for w in weight]

        def mixed(weight: list[float], rows: Rows) -> list[float]:
            return [sum(w * row[d] for w, row in zip(weight, rows)) for d in range(2)]

        own = {t: share(t, [s for s in places if kind[s] == kind[t]] if kind[t] != 'ambiguous' else
                        [s for s in places if kind[s] != 'ambiguous' or s == t]) for t in places}
        after = []
        for number_of_stream, x in enumerate(streams):
            mean = [mixed(own[t], x) for t in places]
            convolved_ = [[own[t][t] * value for value in x[t]] if kind[t] == 'ambiguous' else [0.0, 0.0]
                          for t in places]
            for of, graph in dict(action=head.graph.action, background=head.graph.background).items():
                hidden = x
                for layer in graph[2 * number_of_stream:][:2]:
                    through = [linear(row, layer) for row in hidden]
                    hidden = [lrelu(mixed(own[t], through), 0.2) if kind[t] == of else [0.0, 0.0] for t in places]
                for t in places:
                    got = hidden[t] if kind[t] != 'ambiguous' else mixed(own[t], hidden)
                    convolved_[t] = [one + two for one, two in zip(convolved_[t], got)]
            gap = [math.dist(mean[t], convolved_[t]) for t in places]
            same(output.extras['graph_gap'][start:start + len(x), number_of_stream], gap)
            after.append([[0.5 * x[t][d] + 0.25 * (mean[t][d] + convolved_[t][d]) for d in range(2)] for t in places])
        fused = [lrelu(linear([*one, *two], head.fusion), 0.2) for one, two in zip(*after)]
        attention = [[sigmoid(linear(row, network.output)[0]) for row in
                      convolved(convolved(x, network.first, 0.2), network.second, 0.2)]
                     for x, network in zip(after, head.attentions)]
        rows = slice(start, start + len(video))
        start += len(video)
        same(output.extras['plain_attention'][rows], [list(pair) for pair in zip(*before)])
        same(output.embedded.features[rows], fused)
        same(output.tensor('first_attention')[rows], attention[0])
        same(output.tensor('second_attention')[rows], attention[1])
    assert kinds == {'action', 'background', 'ambiguous'}


def test_p_mil_scores_proposals_by_two_streams_and_videos_by_their_attended_mean() -> None:
    head, _ = build(ProposalHead, split=dict(rgb=1, flow=3), channels=5, hidden_channels=2, losses={})
    batch = SnippetBatch.from_videos([torch.randn(length, 3 * D, dtype=torch.float64) for length in LENGTHS])
    output = head(batch)
    start = 0
    for index, video in enumerate(batch.split()):
        rows, k, streams = video.tolist(), max(1, len(video) // 8), []
        for part, network in zip((slice(0, 1), slice(1, 4)), head.scores):
            x = [[v for third in range(3) for v in row[third * D:][:D][part]] for row in rows]
            h = [lrelu(linear(row, network.common), 0) for row in x]
            s, a, q = ([linear(lrelu(linear(row, of[0]), 0), of[2]) for row in h]
                       for of in (network.classifier, network.attention, network.completeness))
            streams.append((s, [sigmoid(row[0]) for row in a], [sigmoid(row[0]) for row in q]))
        p = [[(one + two) / 2 for one, two in zip(*map(softmax, pair))] for pair in zip(streams[0][0], streams[1][0])]
        a, q = ([(one + two) / 2 for one, two in zip(streams[0][of], streams[1][of])] for of in (1, 2))
        places = slice(start, start + len(rows))
        start += len(rows)
        same(output.cas[places], [[value * at * qt for value in row[:C]] for row, at, qt in zip(p, a, q)])
        same(output.video_score[index], [sum(at * row[label] for at, row in zip(a, p)) / sum(a) for label in range(C)])
        for name, (s, of_stream, complete) in zip(('first', 'second'), streams):
            attended = [[at * value for value in row] for at, row in zip(of_stream, s)]
            same(output.tensor(f'{name}_attention')[places], of_stream)
            same(output.tensor(f'{name}_completeness')[places], complete)
            same(output.tensor(f'{name}_logits')[places], s)
            same(output.tensor(f'{name}_base_logits')[index], [highest(s, label, k) for label in range(C + 1)])
            same(output.tensor(f'{name}_attended_logits')[index],
                 [highest(attended, label, k) for label in range(C + 1)])
    with pytest.raises(ValueError, match='a split of in_channels=4 into the widths of two streams, but got'):
        build(ProposalHead, split=dict(rgb=4), losses={})


@pytest.mark.parametrize('split', [dict(rgb=4), dict(rgb=2, flow=3), dict(rgb=1, flow=1, audio=2)])
def test_co2_net_needs_two_streams_whose_widths_are_those_of_the_features(split) -> None:
    with pytest.raises(ValueError, match='a split of in_channels=4 into the widths of two streams, but got'):
        build(CrossModalHead, split=split)


def test_asl_chooses_snippets_by_classes_and_attentions_together() -> None:
    head, batch = build(ActionSelectionHead, split=dict(rgb=1, flow=3), channels=5)
    output = head(batch)
    start = 0

    def two_layers(row: list[float], network: nn.Sequential) -> list[float]:
        return linear([max(0, value) for value in linear(row, network[0])], network[2])

    for index, video in enumerate(batch.split()):
        x, k = video.tolist(), max(1, len(video) // 8)
        s = [two_layers(row, head.classifier) for row in x]
        rgb, flow = ([sigmoid(two_layers(row[part], network)[0]) for row in x]
                     for part, network in zip((slice(1), slice(1, 4)), head.attentions))
        q = [[(p + one + two) / 3 for p in softmax(row)] for row, one, two in zip(s, rgb, flow)]
        places = slice(start, start + len(x))
        start += len(x)
        same(output.cas[places], q)
        same(output.tensor('rgb_attention')[places], rgb)
        same(output.tensor('flow_attention')[places], flow)
        for label in range(C):
            chosen = sorted(range(len(x)), key=lambda t: -q[t][label])[:k]
            same(output.extras['selection'][places][:, label], [1 / k if t in chosen else 0 for t in range(len(x))])
            same(output.video_logits[index, label], sum(s[t][label] for t in chosen) / k)
    assert not output.extras['selection'].requires_grad
    with pytest.raises(ValueError, match='a split of in_channels=4 into the widths of the streams, but got'):
        build(ActionSelectionHead, split=dict(rgb=3))


def cosine(first: list[float], second: list[float]) -> float:
    lengths = [math.sqrt(sum(v * v for v in of)) for of in (first, second)]
    return sum(a * b for a, b in zip(first, second)) / (lengths[0] * lengths[1])


def test_fac_net_attends_by_classes_to_foreground_and_by_foreground_to_classes() -> None:
    head, batch = build(FACHead)
    head.foreground_weight.data.normal_()
    output = head(batch)
    w, v = head.class_weight.tolist(), head.foreground_weight[0].tolist()
    start = 0
    for index, video in enumerate(batch.split()):
        x = video.tolist()
        s = [[5 * cosine(row, of) for of in w] for row in x]
        f = [5 * cosine(row, v) for row in x]
        class_wise, agnostic, instance = ([0.0] * (C + 1) for _ in range(3))
        for tau in (1, 2, 5):
            by_foreground = softmax([tau * value for value in f])
            g = [sum(a * row[d] for a, row in zip(by_foreground, x)) for d in range(D)]
            for label in range(C + 1):
                by_class = softmax([tau * row[label] for row in s])
                of_class = [sum(a * row[d] for a, row in zip(by_class, x)) for d in range(D)]
                class_wise[label] += 10 * cosine(of_class, v) / 3
                agnostic[label] += 10 * cosine(g, w[label]) / 3
                instance[label] += 2 * sum(a * row[label] for a, row in zip(by_class, s)) / 3
        places = slice(start, start + len(x))
        start += len(x)
        same(output.cas[places], [softmax(row)[:C] for row in s])
        same(output.extras['over_uniform'][places], [[p * (C + 1) for p in softmax(row)[:C]] for row in s])
        same(output.extras['class_wise_logits'][index], class_wise)
        same(output.extras['instance_logits'][index], instance)
        same(output.video_logits[index], agnostic)
        same(output.video_score[index], softmax(agnostic)[:C])


def test_fac_nets_foreground_starts_opposite_to_background_and_equal_logits_are_at_the_uniform_level() -> None:
    head, batch = build(FACHead)
    assert torch.equal(head.foreground_weight[0], -head.class_weight[-1])
    head.class_weight.data[:] = head.class_weight.data[0]
    output = head(batch)
    same(output.cas, [[1 / (C + 1)] * C] * sum(LENGTHS))
    same(output.extras['over_uniform'], [[1.0] * C] * sum(LENGTHS))


@pytest.mark.parametrize('kind, options, background', [
    (SparsePoolingHead, {}, 0), (BackgroundSuppressionHead, dict(channels=[5]), 1)])
def test_classes_of_the_output_are_those_of_the_data(kind, options, background) -> None:
    head, batch = build(kind, **options)
    output = head(batch)
    assert output.cas.shape[1] == output.video_score.shape[1] == head.num_classes == C
    assert output.video_logits.shape[1] == C + background
