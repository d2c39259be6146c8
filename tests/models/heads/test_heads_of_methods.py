"""What holds for the head of every method: packing, padding, parts of a video, precision, one snippet, many labels."""
from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS

from rpn_plugin.models import WeaklySupervisedHead
from rpn_plugin.models.heads.cross_modal_head import GatedAttention
from rpn_plugin.models.interfaces import KeepsMemory, SplitInTime, TakesProgress
from rpn_plugin.structures import HeadOutput, PaddedLayout, SnippetBatch

D, C, LENGTHS = 6, 3, (13, 1, 2, 24)
HEADS = {
    'UntrimmedNet': dict(type='UntrimmedNetHead', in_channels=D, num_classes=C),
    'UntrimmedNet, hard': dict(type='UntrimmedNetHead', in_channels=D, num_classes=C, selection='hard'),
    'STPN': dict(type='SparsePoolingHead', in_channels=D, num_classes=C, attention_channels=5),
    'MAAN': dict(type='SparsePoolingHead', in_channels=D, num_classes=C, attention_channels=5, pooling='marginalized'),
    'BaS-Net': dict(type='BackgroundSuppressionHead', in_channels=D, num_classes=C, channels=[5, 4], filter_channels=3),
    'CMCS': dict(type='MultiBranchHead', in_channels=D, num_classes=C, shared_channels=5, branch_channels=4,
                 attention_channels=3, still=dict(min_length=1, min_share=0, max_share=1)),
    'UM': dict(type='UncertaintyHead', in_channels=D, num_classes=C),
    'CoLA': dict(type='ActionnessHead', in_channels=D, num_classes=C),
    'W-TALC': dict(type='TopKMILHead', in_channels=D, num_classes=C, score='sigmoid',
                   losses=dict(loss_co_activity=dict(type='CoActivityLoss', pairs=None))),
    'ACM-Net': dict(type='ThreeWayAttentionHead', in_channels=D, num_classes=C),
    'FAC-Net': dict(type='FACHead', in_channels=D, num_classes=C),
    'CO2-Net': dict(type='CrossModalHead', in_channels=D, num_classes=C, split=dict(rgb=2, flow=4), fused_channels=5,
                    attention_channels=4),
    'ASL': dict(type='ActionSelectionHead', in_channels=D, num_classes=C, split=dict(rgb=2, flow=4), channels=5),
    'DELU': dict(type='CrossModalHead', in_channels=D, num_classes=C, split=dict(rgb=2, flow=4), fused_channels=5,
                 attention_channels=4, losses=dict(loss_evidence=dict(type='EvidenceLoss'),
                                                   loss_guide=dict(type='UncertaintyGuideLoss'))),
    'DDG-Net': dict(type='CrossModalHead', in_channels=D, num_classes=C, split=dict(rgb=2, flow=4), fused_channels=5,
                    attention_channels=4, graph=dict(threshold=0.2, top_ratio=0.5), losses=dict(
                        loss_consistency=dict(type='FeatureConsistencyLoss'),
                        loss_complementary=dict(type='ComplementaryLoss'))),
    'RSKP': dict(type='RepresentativeSnippetHead', in_channels=D, num_classes=C, losses=dict(
        loss_fg=dict(type='VideoClassificationLoss', background=0),
        loss_walked=dict(type='VideoClassificationLoss', logits='walked_logits', background=0),
        loss_bg=dict(type='VideoClassificationLoss', logits='walked_background_logits', background=1),
        loss_distillation=dict(type='DistillationLoss')), memory_losses={}),
    'P-MIL': dict(type='ProposalHead', in_channels=2, num_classes=C, split=dict(rgb=1, flow=1), channels=5,
                  hidden_channels=4, losses=dict(
                      loss_first=dict(type='VideoClassificationLoss', logits='first_base_logits', background=1),
                      loss_second=dict(type='VideoClassificationLoss', logits='second_attended_logits', background=0),
                      loss_attention=dict(type='AttentionNormLoss'),
                      loss_completeness=dict(type='AttentionNormLoss', attention='completeness'))),
    'HAM-Net': dict(type='HybridAttentionHead', in_channels=D, num_classes=C, channels=[5, 4],
                    attention_channels=[4, 3]),
}
LABELS = torch.tensor([[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 1]], dtype=torch.float64)
ROUNDING = dict(atol=1e-10, rtol=1e-10)


@pytest.fixture(params=HEADS)
def head(request):
    torch.manual_seed(3)
    head = MODELS.build(copy.deepcopy(HEADS[request.param])).double().eval()
    for module in head.modules():
        if isinstance(module, TakesProgress):
            module.progress = 0.2
        if isinstance(module, KeepsMemory):
            module.memory_due = False
        if isinstance(module, GatedAttention):  # on both sides of 0.5, so that there are all kinds of snippets
            module.output.weight.data.mul_(30)
            module.output.bias.data.zero_()
    return head


@pytest.fixture
def batch() -> SnippetBatch:
    torch.manual_seed(1)
    return SnippetBatch.from_videos([torch.randn(length, D, dtype=torch.float64) for length in LENGTHS])


def tensors(output: HeadOutput) -> dict[str, torch.Tensor]:
    known = dict(cas=output.cas, video_score=output.video_score)
    known |= {} if output.video_logits is None else dict(video_logits=output.video_logits)
    return known | {name: of.weight for name, of in output.attentions.items()} | dict(output.extras)


def test_a_packed_batch_is_each_video_by_itself(head, batch) -> None:
    together = tensors(head(batch, None))
    alone = [tensors(head(SnippetBatch.from_videos([video]), None)) for video in batch.split()]
    for name, tensor in together.items():
        torch.testing.assert_close(tensor, torch.cat([of_video[name] for of_video in alone]), **ROUNDING)


def test_a_padded_batch_is_the_packed_one(head, batch) -> None:
    layout = batch.layout
    padded = layout.pad(batch.features, fill=7.0)
    found = tensors(head(SnippetBatch(padded.flatten(0, 1), PaddedLayout(layout.mask)), None))
    for name, tensor in tensors(head(batch, None)).items():
        real = found[name] if len(found[name]) == len(LENGTHS) else found[name][layout.mask.flatten()]
        torch.testing.assert_close(real, tensor, **ROUNDING)


def test_losses_are_finite_for_one_snippet_and_several_labels_and_teach_every_parameter(head, batch) -> None:
    head.train()
    for _ in range(5):  # dropout may leave a small layer without any gradient
        losses = head.loss(head(batch, None), LABELS)
        assert all('loss' in name and loss.isfinite() and loss >= 0 for name, loss in losses.items())
        sum(losses.values()).backward()
    gradients = [parameter.grad for parameter in head.parameters()]
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)


def test_losses_of_a_batch_are_the_mean_of_its_videos(head, batch) -> None:
    together = head.loss(head(batch, None), LABELS)
    for name in ('loss_co_activity', 'loss_consistency'):  # of pairs, and of videos with clear snippets
        together.pop(name, None)
    alone = [head.loss(head(SnippetBatch.from_videos([video]), None), LABELS[[index]])
             for index, video in enumerate(batch.split())]
    for name, loss in together.items():
        torch.testing.assert_close(loss, torch.stack([of_video[name] for of_video in alone]).mean(), **ROUNDING)


def test_scores_are_float32_under_autocast(head, batch) -> None:
    head.float()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        output = head(batch.with_features(batch.features.float()), None)
        losses = head.loss(output, LABELS.float())
    assert {tensor.dtype for tensor in (*tensors(output).values(), *losses.values())} == {torch.float32}


def test_a_head_without_a_forward_of_its_own_says_what_it_needs(batch) -> None:
    with pytest.raises(NotImplementedError, match='WeaklySupervisedHead expects a forward of its own, or reach'):
        WeaklySupervisedHead({})(batch)


def test_a_head_that_is_split_in_time_gives_the_same_in_parts(head, batch) -> None:
    if not isinstance(head, SplitInTime):
        pytest.skip('its long videos run whole')
    whole, reach, parts = SnippetBatch.from_videos([batch.split()[3]]), head.reach, []
    for start in range(0, 24, 7):
        first = max(start - reach, 0)
        part = SnippetBatch.from_videos([whole.features[first:start + 7 + reach]])
        parts.append(tuple(of[start - first:][:7] for of in head.score_snippets(part, None)))
    zeros = whole.with_features(torch.zeros_like(whole.features))
    found, expected = head.pool(zeros, *map(torch.cat, zip(*parts)), None), head(whole, None)
    for name in ('cas', 'video_score'):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name), **ROUNDING)
