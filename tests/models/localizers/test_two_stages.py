"""A frozen first stage, and a second one on its proposals."""
from __future__ import annotations

import logging
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from method_models import method_model
from mmaction.registry import DATASETS, MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from tiny_model import build_model, model_config

from rpn_plugin.engine import CooccurrenceHook
from rpn_plugin.models import BoundaryHead, CooccurrenceGCN
from rpn_plugin.models.localizers import proposal_features
from rpn_plugin.models.localizers.two_stage_localizer import SECOND_STAGE
from rpn_plugin.models.losses.outer_inner_loss import contrast
from rpn_plugin.structures import SnippetBatch, SnippetClock


def inputs_of(*lengths: int) -> dict[str, SnippetBatch]:
    generator = torch.Generator().manual_seed(0)
    return {stream: SnippetBatch.from_videos([torch.randn(length, 4, generator=generator) for length in lengths])
            for stream in ('rgb', 'flow')}


def samples_of(*lengths: int) -> list[ActionDataSample]:
    samples = []
    for length in lengths:
        clock = SnippetClock(25.0, 16)
        sample = ActionDataSample(metainfo=dict(clock=clock, duration_second=clock.duration_sec(length)))
        sample.set_gt_label([0, 1])
        samples.append(sample)
    return samples


@pytest.fixture
def model() -> torch.nn.Module:
    return build_model(method_model('pmil'))


def test_a_proposal_is_described_by_what_is_inside_less_what_is_around_it() -> None:
    torch.manual_seed(0)
    video = torch.randn(9, 2, dtype=torch.float64)
    borders = [[0.0, 2.0], [3.5, 4.0], [0.0, 9.0], [6.25, 9.0]]

    def mean(start: float, end: float, channel: int) -> float:
        """Over time; 0 outside the video."""
        return sum(value * max(0.0, min(end, t + 1) - max(start, t)) for t, value in enumerate(
            video[:, channel].tolist())) / (end - start)

    found = proposal_features(video, torch.tensor(borders, dtype=torch.float64))
    for row, (start, end) in zip(found.tolist(), borders):
        width = (end - start) / 8
        bins = [[mean(start + (place - 2) * width, start + (place - 1) * width, channel) for place in range(12)]
                for channel in range(2)]
        before, inside, behind = ([max(values[of]) for values in bins] for of in (
            slice(0, 2), slice(2, 10), slice(10, 12)))
        expected = [*(m - b for m, b in zip(inside, before)), *inside, *(m - b for m, b in zip(inside, behind))]
        assert row == pytest.approx(expected, abs=1e-12)


def test_the_proposals_are_those_of_the_first_stage_before_suppression_each_border_pair_once(model) -> None:
    first = build_model(model_config())
    first.load_state_dict(model.first_stage.state_dict())
    outputs = model.score(inputs_of(21, 5))
    sequences = {name: output.embedded.layout.split(model.networks[name].localization_sequence(output))
                 for name, output in outputs.items()}
    borders = model.scored_proposals(sequences, outputs).tensor('borders').tolist()
    expected = []
    for index, sample in enumerate(samples_of(21, 5)):
        proposals = first.propose({name: of[index] for name, of in sequences.items() if name != SECOND_STAGE},
                                  {name: outputs[name].video_score[index] for name in ('rgb', 'flow')}, sample)
        pairs = {tuple(sample.clock.to_borders(segment).round(6)) for found in proposals for segment in found[0]}
        expected += [pytest.approx(pair) for pair in sorted(pairs)]
    assert len(borders) > 8 and borders == expected


def test_a_video_without_proposals_is_its_own_and_too_many_leave_the_most_confident(model) -> None:
    outputs = model.score(inputs_of(21))
    sequences = {name: model.networks[name].localization_sequence(outputs[name]) for name in ('rgb', 'flow')}
    likely = {name: outputs[name].video_score[0] for name in ('rgb', 'flow')}
    every = model.borders(sequences, likely, 21)
    assert model.borders(sequences, {name: 0 * of for name, of in likely.items()}, 21).tolist() == [[0.0, 21.0]]
    model.max_proposals = 1
    best = max((score, tuple(segment)) for found in model.first_stage.propose(
        sequences, likely, ActionDataSample(metainfo=dict(clock=SnippetClock(1.0, 1.0), duration_second=21.0)))
        for segment, score in zip(found[0].tolist(), found[2]))
    assert len(every) > 1 and model.borders(sequences, likely, 21).tolist() == [list(best[1])]
    with pytest.raises(ValueError, match='max_proposals of at least 1, but got 0'):
        build_model(method_model('pmil') | dict(max_proposals=0))


def test_every_likely_class_of_a_video_gets_every_proposal_with_its_own_score(model) -> None:
    model.nms, model.min_class_score = None, 2.0  # so that the likeliest class alone is left
    inputs = inputs_of(21, 5)
    outputs = model.score(inputs)
    sequences = {name: output.embedded.layout.split(model.networks[name].localization_sequence(output))
                 for name, output in outputs.items()}
    scored = model.scored_proposals(sequences, outputs)
    samples = model(inputs, samples_of(21, 5), mode='predict')
    for index, (sample, score, borders) in enumerate(zip(
            samples, scored.embedded.layout.split(scored.cas), scored.embedded.layout.split(scored.tensor('borders')))):
        likely, label = scored.video_score[index], int(scored.video_score[index].argmax())
        found, order = sample.pred_instances, (-score[:, label]).argsort(stable=True)
        assert found.labels.tolist() == [label] * len(borders)
        torch.testing.assert_close(found.scores.float(), (score[:, label] + 0.2 * likely[label])[order])
        torch.testing.assert_close(found.segments.float(), (0.64 * borders[order]).float())
        torch.testing.assert_close(sample.pred_score, likely)
    model.min_class_score = 0.0
    counts = [len(sample.pred_instances) for sample in model(inputs, samples_of(21, 5), mode='predict')]
    assert counts == [3 * len(borders) for borders in scored.embedded.layout.split(scored.cas)]


def test_the_first_stage_does_not_learn_and_stays_in_evaluation(model) -> None:
    before = {name: value.clone() for name, value in model.first_stage.state_dict().items()}
    model.train()
    assert model.head.training and not any(module.training for module in model.first_stage.modules())
    for part in model.head.losses.values():
        if hasattr(part, 'progress'):
            part.progress = 1.0
    losses = model(inputs_of(21, 5), samples_of(21, 5), mode='loss')
    assert set(losses) == set(model.head.losses) and all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    assert all((of.grad is not None) == of.requires_grad == name.startswith('head.')
               for name, of in model.named_parameters())
    assert all(torch.equal(before[name], value) for name, value in model.first_stage.state_dict().items())


def test_the_cooccurrence_of_a_first_stage_stays_the_one_that_it_was_trained_with(model, tiny, tmp_path) -> None:
    before = [module.get_cooccurrence().clone() for module in model.modules() if isinstance(module, CooccurrenceGCN)]
    CooccurrenceHook().before_train(SimpleNamespace(
        model=model, _resume=False, work_dir=str(tmp_path), logger=logging.getLogger('test'),
        train_dataloader=SimpleNamespace(dataset=DATASETS.build(tiny.config()))))
    after = [module.get_cooccurrence() for module in model.modules() if isinstance(module, CooccurrenceGCN)]
    assert len(before) == 2 and all(torch.equal(one, two) for one, two in zip(before, after))


def test_training_starts_from_the_first_stages_checkpoint_or_says_that_it_needs_one(tmp_path) -> None:
    built = MODELS.build(Config(dict(model=method_model('pmil', tmp_path))).model)
    before = [value.clone() for value in built.first_stage.parameters()]
    built.init_weights()
    read = torch.load(next(tmp_path.glob('*.pth')), weights_only=True)['state_dict']
    assert any(not torch.equal(one, two) for one, two in zip(before, built.first_stage.parameters()))
    assert all(torch.equal(value, read[name]) for name, value in built.first_stage.state_dict().items())
    with pytest.raises(FileNotFoundError, match=r'first_stage.pth is no file: train the first stage, and name what it'):
        MODELS.build(Config(dict(model=method_model('pmil'))).model).init_weights()


def plain_contrast(heat: list[float], start: float, end: float) -> float:
    def hot(first: float, last: float) -> float:
        return sum(value * max(0.0, min(last, t + 1) - max(first, t)) for t, value in enumerate(heat))

    if end <= start:
        return 0.0
    growth = max(0.25 * (end - start), 1.0)
    around = hot(start - growth, end + growth) - hot(start, end)
    return (hot(start, end) / (end - start) - around / (2 * growth) + 1) / 2


def plain_boxes(heat: list[float], borders: list[list[list[float]]], overlap: float) -> list[tuple[float, list[float]]]:
    """Scores and borders of the boxes of one video and class, best first."""
    waiting = []
    for value, anchors in zip(heat, borders):
        score, box = max(((plain_contrast(heat, *anchor), anchor) for anchor in anchors), key=lambda found: found[0])
        if value > 0.1 and score > 0.3:
            waiting.append((score, box))
    kept: list[tuple[float, list[float]]] = []
    for score, box in sorted(waiting, key=lambda found: -found[0]):
        inside = [max(0.0, min(box[1], other[1]) - max(box[0], other[0])) for _, other in kept]
        unions = [box[1] - box[0] + other[1] - other[0] - part for part, (_, other) in zip(inside, kept)]
        if all(part <= overlap * union for part, union in zip(inside, unions)):
            kept.append((score, box))
    return kept


def test_autoloc_keeps_the_best_box_at_hot_snippets_and_learns_to_part_inside_from_around() -> None:
    model = build_model(method_model('autoloc')).double()
    outputs = {name: output for name, output in model.score(
        {name: batch.with_features(batch.features.double()) for name, batch in inputs_of(21, 5).items()}).items()}
    output, layout = outputs[SECOND_STAGE], outputs[SECOND_STAGE].embedded.layout
    streams = [outputs['rgb'], outputs['flow']]
    attended = [of.attention >= layout.spread(layout.mean(of.attention)) for of in streams]
    expected = sum(of.cas for of in streams) / 2 * (sum(gate.double() for gate in attended) / 2)[:, None]
    torch.testing.assert_close(output.tensor('heat'), expected)
    scores, samples = [], samples_of(21, 5)
    model.detect({}, outputs, samples)
    for sample, heat, borders in zip(samples, layout.split(expected), layout.split(output.tensor('borders'))):
        boxes = [plain_boxes(heat[:, label].tolist(), borders.tolist(), 0.4) for label in range(3)]
        hottest = sorted(range(3), key=lambda label: -heat[:, label].mean())[:2]
        found = sorted(((score, label, [0.64 * border for border in box]) for label in hottest
                        for score, box in boxes[label]), key=lambda row: -row[0])
        assert sample.pred_instances.scores.tolist() == pytest.approx([row[0] for row in found])
        assert sample.pred_instances.labels.tolist() == [row[1] for row in found]
        assert sample.pred_instances.segments.flatten().tolist() == pytest.approx(
            [border for row in found for border in row[2]], abs=1e-6)
        of_labels = [score for label in (0, 1) for score, _ in boxes[label]]
        scores.append(1 - sum(of_labels) / len(of_labels) if of_labels else 1.0)
    loss = model.loss_of(output, samples_of(21, 5))['loss_boxes']
    assert max(len(sample.pred_instances) for sample in samples) > 1 and loss.item() == pytest.approx(sum(scores) / 2)


def test_the_gradient_of_a_box_is_that_of_its_borders() -> None:
    heat = torch.rand(9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    borders = torch.tensor([[1.3, 4.6], [0.4, 8.7], [2.2, 2.6]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: contrast(heat, values), (borders, ))
    expected = [plain_contrast(heat.tolist(), *row) for row in borders.tolist()]
    assert contrast(heat, borders).tolist() == pytest.approx(expected)


def test_autolocs_anchors_are_moved_and_stretched_and_stay_in_their_video() -> None:
    head = build_model(method_model('autoloc')).head
    batch = SnippetBatch.from_videos([torch.randn(length, 8) for length in (7, 1)])
    head.output.weight.data.zero_()
    head.output.bias.data = torch.tensor([0.25, 0.0, 0.0, math.log(2)])  # of anchors 2 and 5: moved by 0.5, 10 wide
    expected = [[[max(0.0, t - 0.0), min(7.0, t + 2.0)], [max(0.0, t - 4.5), min(7.0, t + 5.5)]] for t in range(7)]
    assert head.borders(batch)[:7].flatten().tolist() == pytest.approx(torch.tensor(expected).flatten().tolist())
    assert head.borders(batch)[7].tolist() == [[0.0, 1.0], [0.0, 1.0]]
    alone = SnippetBatch.from_videos([batch.split()[1]])
    torch.testing.assert_close(head.train().borders(alone), head.eval().borders(alone))
    with pytest.raises(ValueError, match=r'anchors of positive widths, but got \[1, 0\]'):
        BoundaryHead(8, 3, anchors=[1, 0])


def test_a_video_without_boxes_costs_all_and_teaches_nothing() -> None:
    model = build_model(method_model('autoloc'))
    output = model.run(inputs_of(5))
    cold = replace(output, extras=dict(heat=torch.zeros(5, 3), borders=output.tensor('borders')))
    loss = model.loss_of(cold, samples_of(5))['loss_boxes']
    loss.backward()
    assert loss == 1 and not any(of.grad.any() for of in model.head.parameters())


@pytest.mark.parametrize('change, error, message', [
    (dict(type='BoundaryLocalizer', head=dict(type='TopKMILHead', in_channels=8, num_classes=3)),
     TypeError, 'BoundaryLocalizer expects a BoundaryHead, but got TopKMILHead'),
    (dict(first_stage=dict(type='HostLocalizer', localizer=model_config())), TypeError,
     'expects a first stage such as .* but got HostLocalizer'),
    (dict(data_preprocessor=dict(type='SnippetDataPreprocessor', l2_length=1.0)), ValueError,
     'expects a data preprocessor that leaves features as they are')])
def test_what_cannot_be_two_stages_is_refused(change, error, message) -> None:
    base = method_model('autoloc' if change.get('type') == 'BoundaryLocalizer' else 'pmil')
    with pytest.raises(error, match=message):
        build_model(base | change)


def test_a_second_stage_proposes_from_no_sequence(model) -> None:
    output = model.run(inputs_of(5))
    with pytest.raises(TypeError, match='ProposalLocalizer proposes by itself'):
        model.cut(output.cas, output.video_score[0], samples_of(5)[0])
