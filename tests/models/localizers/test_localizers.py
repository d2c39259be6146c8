"""Localizers: batches equal the paper's loop, parts are exchangeable, segments come in seconds."""
from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from rpn_plugin.models import CooccurrenceGCN
from rpn_plugin.models.localizers.samples import multi_hot_labels
from rpn_plugin.structures import SnippetClock

pytestmark = pytest.mark.smoke


def localizer_config(**changes) -> dict:
    return dict(
        type='WeaklySupervisedLocalizer',
        streams=('rgb', 'flow'),
        embedding=dict(type='TemporalConvEmbedding', in_channels=8, channels=[6], kernel_size=3, dropout=0.0),
        neck=dict(type='CooccurrenceGCN', num_classes=3, channels=[6, 6]),
        head=dict(type='RPNHead', in_channels=6, attention_channels=5),
        weighting=dict(type='SimilarityWeighting'),
        proposals=dict(type='ThresholdProposals', thresholds=[0.3, 0.6]),
        nms=dict(type='TemporalNMS')) | changes


def composite_config(**changes) -> dict:
    localizer = localizer_config()
    localizer['embedding']['in_channels'] = 4
    return dict(type='MultiStreamLocalizer', streams=dict(rgb={}, flow={}), localizer=localizer) | changes


def build(config: dict) -> nn.Module:
    torch.manual_seed(0)
    model = MODELS.build(config)
    for module in model.modules():
        if isinstance(module, CooccurrenceGCN):
            module.set_cooccurrence(np.array([[0, 0.5, 0], [0.2, 0, 0], [0, 0, 0]]), 'test')
    return model


@pytest.fixture
def items(tiny) -> list[dict]:
    dataset = DATASETS.build(tiny.config())
    return [dataset[index] for index in range(len(dataset))]


@pytest.fixture
def test_items(tiny) -> list[dict]:
    dataset = DATASETS.build(tiny.config('test'))
    return [dataset[index] for index in range(len(dataset))]


def run(model: nn.Module, items: list[dict], mode: str):
    data = model.data_preprocessor(pseudo_collate(copy.deepcopy(items)))
    dtype = next(model.parameters()).dtype
    data['inputs'] = {stream: batch.with_features(batch.features.to(dtype)) for stream, batch in data['inputs'].items()}
    return model(**data, mode=mode)


def gradients(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize('config', [localizer_config(), composite_config()], ids=['one network', 'two networks'])
def test_the_gradient_of_a_batch_is_that_of_the_papers_loop(config, items) -> None:
    model = build(config).double()
    sum(run(model, items, 'loss').values()).backward()
    batched = gradients(model)
    model.zero_grad()
    for item in items:
        (sum(run(model, [item], 'loss').values()) / len(items)).backward()
    for name, value in gradients(model).items():
        scale = max(1.0, float(value.abs().max()))
        torch.testing.assert_close(batched[name], value, rtol=0, atol=1e-9 * scale, msg=name)
        assert value.any(), f'{name} is never used'


@pytest.mark.parametrize('config', [localizer_config(), composite_config()], ids=['one network', 'two networks'])
def test_predictions_do_not_depend_on_the_batch(config, test_items) -> None:
    model = build(config).eval()
    together = run(model, test_items, 'predict')
    backwards = run(model, test_items[::-1], 'predict')[::-1]
    assert [sample.video_name for sample in together] == [item['data_samples'].video_name for item in test_items]
    for item, first, second in zip(test_items, together, backwards):
        alone = run(model, [item], 'predict')[0]
        for other in (second, alone):
            torch.testing.assert_close(first.pred_score, other.pred_score, atol=1e-5, rtol=0)
            for field in ('segments', 'labels', 'scores'):
                torch.testing.assert_close(first.pred_instances[field], other.pred_instances[field], atol=1e-5, rtol=0)


@pytest.mark.parametrize('config', [localizer_config(), composite_config()], ids=['one network', 'two networks'])
def test_detections_are_in_seconds_inside_the_video_best_first(config, test_items) -> None:
    samples = run(build(config).eval(), test_items, 'predict')
    assert sum(len(sample.pred_instances) for sample in samples) > 5
    for sample in samples:
        found = sample.pred_instances
        borders = found.segments / sample.clock.seconds_per_snippet
        torch.testing.assert_close(borders, borders.round(), atol=1e-6, rtol=0)
        assert (found.segments >= 0).all() and (found.segments <= sample.duration_second + 1e-9).all()
        assert (found.segments[:, 1] > found.segments[:, 0]).all() and (found.scores.diff() <= 0).all()
        assert (sample.pred_score[found.labels] >= 0).all()


def test_no_detection_is_an_answer(test_items) -> None:
    model = build(localizer_config(proposals=dict(type='ThresholdProposals', min_class_score=1.1))).eval()
    for sample in run(model, test_items, 'predict'):
        assert sample.pred_instances.segments.shape == (0, 2) and len(sample.pred_instances.scores) == 0


def test_a_proposal_past_the_end_of_the_video_is_cut(test_items) -> None:
    for item in test_items:
        item['data_samples'].set_metainfo(dict(duration_second=1.0))
    for sample in run(build(localizer_config()).eval(), test_items, 'predict'):
        start, end = sample.pred_instances.segments.T
        assert (end <= 1.0).all() and (start < 1.0).all()


def test_attention_multiplies_the_localization_sequence_relative_to_its_peak_in_the_video(test_items) -> None:
    seen = {}
    for power in (0.0, 0.5):
        model = build(localizer_config(attention_power=power, weighting=None)).eval()
        model.proposals = lambda sequence, scores, power=power: (seen.setdefault(power, []).append(sequence) or (
            np.zeros((0, 2)), np.zeros(0, dtype=np.int64), np.zeros(0)))
        run(model, test_items, 'predict')
    output = run(model, test_items, 'tensor')
    for plain, weighted, attention in zip(seen[0.0], seen[0.5], output.embedded.layout.split(output.attention)):
        factor = (attention / attention.max()).detach().double().sqrt().numpy()
        np.testing.assert_allclose(weighted, plain * factor[:, None], rtol=1e-6)
        assert factor.max() == 1 and factor.min() < 0.999


def test_attention_cannot_count_where_the_head_gives_none(test_items) -> None:
    model = build(localizer_config(attention_power=1.0)).eval()
    output = run(model, test_items, 'tensor')
    with pytest.raises(ValueError, match='attention_power needs a head that gives attention'):
        model.localization_sequence(replace(output, attentions={}))


def test_attention_cannot_count_twice_where_sequences_are_taken_one_by_one(test_items) -> None:
    model = build(localizer_config(attention_power=1.0, weighting=dict(type='TakeSequences', names=['cas']))).eval()
    with pytest.raises(ValueError, match='TakeSequences gives 1; use attention_power=0'):
        model.localization_sequence(run(model, test_items, 'tensor'))


def test_of_one_length_embedded_snippets_and_prototypes_meet_by_their_cosine(test_items) -> None:
    output = run(build(localizer_config(embedded_length=3.0)).eval(), test_items, 'tensor')
    plain = run(build(localizer_config()).eval(), test_items, 'tensor')
    snippets, prototypes = plain.embedded.features, plain.prototypes
    cosine = torch.nn.functional.cosine_similarity(snippets[:, None], prototypes[None], dim=2)  # (N, C)
    moving = snippets.norm(dim=1) > 1e-3  # a snippet that no ReLU lets pass has no direction
    torch.testing.assert_close(output.similarity[moving], -18 * (1 - cosine)[moving], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(output.prototypes.norm(dim=1), torch.full((3, ), 3.0))
    assert moving.sum() > 20


def test_of_one_length_the_scale_of_the_features_does_not_matter(test_items) -> None:
    head = dict(type='RPNHead', in_channels=8, attention_channels=5)
    model = build(localizer_config(embedding=None, embedded_length=3.0, head=head, neck=dict(
        type='CooccurrenceGCN', num_classes=3, channels=[8]))).eval()
    scores = run(model, test_items, 'tensor').video_score
    for item in test_items:
        item['inputs'] = {stream: features * 8 for stream, features in item['inputs'].items()}
    torch.testing.assert_close(run(model, test_items, 'tensor').video_score, scores)
    unscaled = build(localizer_config(embedding=None, head=head, neck=dict(
        type='CooccurrenceGCN', num_classes=3, channels=[8]))).eval()
    assert not torch.allclose(run(unscaled, test_items, 'tensor').video_score, scores, atol=1e-3)


@pytest.mark.parametrize('length', [0.0, -1.0])
def test_a_length_that_is_none_is_refused(length) -> None:
    with pytest.raises(ValueError, match='positive embedded_length or None, but got'):
        build(localizer_config(embedded_length=length))


def test_networks_of_a_composite_share_nothing(items) -> None:
    model = build(composite_config())
    run(model, items, 'loss')['rgb.loss_cls'].backward()
    assert all(parameter.grad is None for parameter in model.localizers['flow'].parameters())
    assert all(parameter.grad is not None for parameter in model.localizers['rgb'].embedding.parameters())


def test_a_composite_may_also_train_a_concatenation(items) -> None:
    streams = dict(rgb={}, both=dict(streams=('rgb', 'flow'), embedding=dict(in_channels=8)))
    model = build(Config(dict(model=composite_config(streams=streams))).model)
    assert set(run(model, items, 'loss')) == {'rgb.loss_cls', 'rgb.loss_clu', 'both.loss_cls', 'both.loss_clu'}
    assert model.localizers['rgb'].embedding.in_channels == 4


def test_a_difference_of_one_network_does_not_reach_the_next(items) -> None:
    streams = dict(both=dict(streams=('rgb', 'flow'), embedding=dict(in_channels=8)), rgb={})
    model = build(Config(dict(model=composite_config(streams=streams))).model)
    assert [network.embedding.in_channels for network in model.localizers.values()] == [8, 4]


def test_every_label_of_a_video_counts(items) -> None:
    samples = [item['data_samples'] for item in items[:3]]
    labels = multi_hot_labels(samples, like=torch.zeros(3, 3))
    assert labels.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_a_composite_fuses_the_proposals_of_all_networks(test_items) -> None:
    model = build(composite_config(nms=dict(type='TemporalNMS', threshold=1.0))).eval()
    data = model.data_preprocessor(pseudo_collate(copy.deepcopy(test_items)))
    outputs = model(**data, mode='tensor')
    for video, sample in enumerate(model(**data, mode='predict')):
        of_streams = model.propose(
            {name: output.embedded.layout.split(model.networks[name].localization_sequence(output))[video]
             for name, output in outputs.items()},
            {name: output.video_score[video] for name, output in outputs.items()}, sample)
        assert len(sample.pred_instances) == sum(len(scores) for _, _, scores in of_streams)
        mean = torch.stack([output.video_score[video] for output in outputs.values()]).mean(0)
        torch.testing.assert_close(sample.pred_score, mean)


def test_an_averaged_composite_cuts_the_mean_of_its_networks_once(test_items) -> None:
    model = build(composite_config(averaged=True, nms=None)).eval()
    data = model.data_preprocessor(pseudo_collate(copy.deepcopy(test_items)))
    outputs = model(**data, mode='tensor')
    for video, sample in enumerate(model(**data, mode='predict')):
        sequences = [output.embedded.layout.split(model.networks[name].localization_sequence(output))[video]
                     for name, output in outputs.items()]
        scores = [output.video_score[video] for output in outputs.values()]
        segments, labels, confidences = model.networks['rgb'].cut(
            (sequences[0] + sequences[1]) / 2, (scores[0] + scores[1]) / 2, sample)
        found = sample.pred_instances
        order = np.argsort(-confidences, kind='stable')
        np.testing.assert_allclose(found.segments, segments[order])
        assert found.labels.tolist() == labels[order].tolist()
        np.testing.assert_allclose(found.scores, confidences[order])
    with pytest.raises(ValueError, match='leave weights, scored_by and network_nms out'):
        build(composite_config(averaged=True, weights=dict(rgb=0.5)))


def test_a_geometric_mean_is_the_softmax_of_mean_logits(test_items) -> None:
    head = dict(_delete_=True, type='MultiBranchHead', in_channels=4, num_classes=3)
    model = build(composite_config(
        averaged=True, mean='geometric', nms=None,
        streams={name: dict(head=head, embedding=None, neck=None, weighting=None) for name in ('rgb', 'flow')}))
    model = model.double().eval()
    data = model.data_preprocessor(pseudo_collate(copy.deepcopy(test_items)))
    data['inputs'] = {name: batch.with_features(5 * batch.features.double()) for name, batch in data['inputs'].items()}
    outputs = model(**data, mode='tensor')
    assert (outputs['rgb'].cas - outputs['flow'].cas).abs().max() > 0.05
    snippets = sum(output.extras['branch_logits'].mean(dim=1) / 2 for output in outputs.values()).softmax(dim=1)
    videos = sum(output.video_logits / 2 for output in outputs.values()).softmax(dim=1)
    layout = outputs['rgb'].embedded.layout
    for video, sample in enumerate(model(**data, mode='predict')):
        np.testing.assert_allclose(sample.pred_score, videos[video, :-1].detach(), rtol=1e-9)
        segments, labels, confidences = model.networks['rgb'].cut(
            layout.split(snippets[:, :-1])[video], videos[video, :-1], sample)
        found, order = sample.pred_instances, np.argsort(-confidences, kind='stable')
        np.testing.assert_allclose(found.segments, segments[order])
        assert found.labels.tolist() == labels[order].tolist()
        np.testing.assert_allclose(found.scores, confidences[order], rtol=1e-9)
    with pytest.raises(ValueError, match="geometric one with averaged=True, but got 'geometric' with averaged=False"):
        build(composite_config(mean='geometric'))


def test_missing_streams_and_unnamed_ones_are_refused(items) -> None:
    with pytest.raises(ValueError, match=r"expects the streams \['audio'\], but the data has \['rgb', 'flow'\]"):
        run(build(localizer_config(streams=('audio', ))), items, 'loss')
    with pytest.raises(ValueError, match="name those to use in the localizer's streams"):
        run(build(localizer_config(streams=None)), items, 'loss')


def test_more_classes_in_the_data_than_in_the_model_are_refused(items) -> None:
    model = build(localizer_config())
    items[0]['data_samples'].set_gt_label([0, 7])
    with pytest.raises(ValueError, match=r'train_0 has the labels \[0, 7\].*3 classes \(num_classes of its neck'):
        run(model, items, 'loss')


def topk_mil_config() -> dict:
    return localizer_config(neck=None, weighting=None, head=dict(type='TopKMILHead', in_channels=6, num_classes=3))


def test_another_registered_head_works_inside_our_localizer(items, test_items) -> None:
    model = build(topk_mil_config())
    run(model, items, 'loss')['loss_cls'].backward()
    assert model.embedding.convs[0].linear.weight.grad.any()
    model.proposals.min_class_score = 0.0
    assert all(len(sample.pred_instances) for sample in run(model.eval(), test_items, 'predict'))
    model.weighting = MODELS.build(dict(type='SimilarityWeighting'))
    with pytest.raises(ValueError, match='weighting=None'):
        run(model, test_items, 'predict')


class TensorTestHead(nn.Module):
    """A head that does not know the interface."""

    def forward(self, embedded, prototypes) -> torch.Tensor:
        return embedded.features


def test_a_head_that_returns_something_else_is_named(items) -> None:
    model = build(localizer_config())
    model.head = TensorTestHead()
    with pytest.raises(TypeError, match='a HeadOutput, but TensorTestHead returned Tensor; see .*interfaces.Head'):
        run(model, items, 'tensor')


class OtherLocalizer(nn.Module):
    """Somebody else's localizer: one linear layer before our head."""

    def __init__(self, head: dict) -> None:
        super().__init__()
        self.project, self.prototypes = nn.Linear(4, 6), nn.Parameter(torch.randn(3, 6))
        self.head = MODELS.build(head)

    def forward(self, batch, labels):
        output = self.head(batch.with_features(self.project(batch.features)), self.prototypes)
        return self.head.loss(output, labels)


def test_our_head_works_inside_another_localizer(items) -> None:
    data = MODELS.build(dict(type='SnippetDataPreprocessor'))(pseudo_collate(items))
    model = OtherLocalizer(localizer_config()['head'])
    sum(model(data['inputs']['rgb'], torch.eye(3)[torch.arange(8) % 3]).values()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_half_precision_files_are_widened_before_the_network(items) -> None:
    data = MODELS.build(dict(type='SnippetDataPreprocessor'))(pseudo_collate(items))
    assert items[0]['inputs']['rgb'].dtype == torch.float16
    assert data['inputs']['rgb'].features.dtype == torch.float32


def test_amp_gives_finite_losses_and_gradients(items) -> None:
    model = build(composite_config())
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = run(model, items, 'loss')
    sum(losses.values()).backward()
    exact = run(build(composite_config()), items, 'loss')
    for name, value in losses.items():
        assert value.dtype == torch.float32 and value.item() == pytest.approx(exact[name].item(), rel=0.05)
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_the_clock_of_each_video_is_its_own(test_items) -> None:
    model = build(localizer_config()).eval()
    before = run(model, test_items, 'predict')[0].pred_instances.segments
    sample: ActionDataSample = test_items[0]['data_samples']
    sample.set_metainfo(dict(clock=SnippetClock(25, 32), duration_second=2 * sample.duration_second))
    torch.testing.assert_close(run(model, test_items, 'predict')[0].pred_instances.segments, 2 * before)


def test_features_are_scaled_to_a_stated_length(items) -> None:
    items[0]['inputs']['rgb'][0] = 0
    preprocessor = MODELS.build(dict(type='SnippetDataPreprocessor', l2_length=8.0))
    batch = preprocessor(pseudo_collate(items))['inputs']['rgb']
    length = batch.features.norm(dim=1)
    assert length[0] == 0
    torch.testing.assert_close(length[1:], torch.full_like(length[1:], 8.0))
    direction = items[0]['inputs']['rgb'][1].float()
    torch.testing.assert_close(batch.features[1], 8 * direction / direction.norm())
