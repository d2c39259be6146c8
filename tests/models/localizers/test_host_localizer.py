"""The host's localizers on the host's own files, under our suppression and metric."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator

from rpn_plugin.models.postprocessors import TemporalNMS
from rpn_plugin.structures import pairwise_tiou

WIDTH, LENGTH = 8, 12
BMN = dict(type='BMN', temporal_dim=LENGTH, boundary_ratio=0.5, num_samples=4, num_samples_per_bin=2, feat_dim=WIDTH,
           soft_nms_alpha=0.4, soft_nms_low_threshold=1.0, soft_nms_high_threshold=1.0, post_process_top_k=40,
           hidden_dim_1d=8, hidden_dim_2d=4, hidden_dim_3d=8)
META = ('video_name', 'duration_second', 'duration_frame', 'feature_frame', 'annotations')


@pytest.fixture
def batch(tmp_path: Path) -> dict:
    """Three videos as MMAction2's users have them: its annotation file and CSV features."""
    rng = np.random.default_rng(0)
    annotations = {}
    for index, label in enumerate(('Diving', 'Surfing', 'Diving')):
        seconds = 20.0 + 10 * index
        annotations[f'v_{index}'] = dict(
            duration_second=seconds, duration_frame=int(25 * seconds), feature_frame=int(25 * seconds) // 16 * 16,
            annotations=[dict(segment=[0.2 * seconds, 0.6 * seconds], label=label)])
        features = rng.standard_normal((LENGTH, WIDTH))
        np.savetxt(tmp_path / f'v_{index}.csv', features, delimiter=',', header='f', comments='')
    (tmp_path / 'anno.json').write_text(json.dumps(annotations))
    dataset = DATASETS.build(dict(
        type='ActivityNetDataset', ann_file=str(tmp_path / 'anno.json'), data_prefix=dict(video=str(tmp_path)),
        pipeline=[dict(type='LoadLocalizationFeature'), dict(type='GenerateLocalizationLabels'),
                  dict(type='PackLocalizationInputs', keys=('gt_bbox', ), meta_keys=META)]))
    return pseudo_collate([dataset[index] for index in range(3)])


def build(localizer: dict = BMN, **options):
    torch.manual_seed(0)
    return MODELS.build(dict(type='HostLocalizer', localizer=localizer) | options).eval()


@torch.no_grad()
def predict(model, batch: dict) -> list:
    return model(**model.data_preprocessor(batch), mode='predict')


def test_every_video_of_a_batch_gets_what_the_host_gives_it_alone(batch) -> None:
    model = build()
    samples = predict(model, batch)
    assert [sample.video_name for sample in samples] == ['v_0', 'v_1', 'v_2']
    for index, sample in enumerate(samples):
        with torch.no_grad():
            alone, = model.localizer([batch['inputs'][index]], [batch['data_samples'][index]], mode='predict')
        found, expected = sample.pred_instances, alone['proposal_list']
        assert len(found) == len(expected) > 5 and not found.labels.any()
        np.testing.assert_array_equal(found.segments, [proposal['segment'] for proposal in expected])
        np.testing.assert_array_equal(found.scores, [proposal['score'] for proposal in expected])


def test_our_suppression_replaces_the_hosts(batch) -> None:
    free = [sample.pred_instances.to_dict() for sample in predict(build(), batch)]
    ours = [sample.pred_instances for sample in predict(build(nms=dict(type='TemporalNMS', threshold=0.3)), batch)]
    for before, after in zip(free, ours):
        segments, _, scores = TemporalNMS(threshold=0.3)(
            before['segments'].numpy(), before['labels'].numpy(), before['scores'].numpy())
        assert 0 < len(after) < len(before['scores'])
        np.testing.assert_allclose(after.segments.numpy(), segments)
        np.testing.assert_allclose(after.scores.numpy(), scores)
        overlap = pairwise_tiou(after.segments.numpy(), after.segments.numpy())
        np.fill_diagonal(overlap, 0)
        assert overlap.max() <= 0.3


def test_the_loss_is_the_hosts(batch) -> None:
    model = build()
    data = model.data_preprocessor(batch)
    torch.manual_seed(1)  # the host draws the negatives that count
    losses = model(**data, mode='loss')
    torch.manual_seed(1)
    assert losses == model.localizer(**data, mode='loss') and losses['loss'].item() > 0


def test_proposals_are_scored_without_classes(batch) -> None:
    model = build()
    samples = predict(model, batch)
    for sample in samples:  # exact where the video is annotated, whatever its class
        segment = torch.tensor([annotation['segment'] for annotation in sample.annotations], dtype=torch.float64)
        sample.pred_instances = sample.pred_instances[:1]
        sample.pred_instances.segments = segment
    evaluator = Evaluator(dict(type='WTALMetric', protocol='activitynet', class_agnostic=True))
    evaluator.dataset_meta = {}
    evaluator.process(data_samples=samples, data_batch=batch)
    metrics = evaluator.evaluate(3)
    assert metrics['wtal/mAP_avg'] == 1.0 and 'wtal/video_mAP' not in metrics


def test_a_localizer_without_proposals_is_named(batch) -> None:
    tem = dict(type='TEM', temporal_dim=LENGTH, boundary_ratio=0.1, tem_feat_dim=WIDTH, tem_hidden_dim=8,
               tem_match_threshold=0.5)
    with pytest.raises(TypeError, match='score, segment.*but TEM predicted'):
        predict(build(tem), batch)
