"""The runner's metric: perfect, empty and mixed predictions, and a file that scores the same."""
from __future__ import annotations

import numpy as np
import pytest
import torch

from rpn_plugin.evaluation import WTALMetric, get_protocol
from rpn_plugin.evaluation.functional import VideoSegments, evaluate_localization
from rpn_plugin.evaluation.results_file import read_detections

CLASSES = ('Diving', 'CliffDiving', 'HighJump')


def sample(video: str, annotations: list, detections: list, video_score=(0.9, 0.05, 0.05), label=(0, )) -> dict:
    segments, labels, scores = zip(*detections) if detections else ((), (), ())
    return dict(
        video_name=video,
        annotations=[dict(segment=segment, label=CLASSES[index]) for segment, index in annotations],
        pred_instances=dict(segments=torch.tensor(segments, dtype=torch.float64).reshape(-1, 2),
                            labels=torch.tensor(labels, dtype=torch.int64),
                            scores=torch.tensor(scores, dtype=torch.float64)),
        pred_score=torch.tensor(video_score), gt_label=torch.tensor(label))


def evaluate(samples: list[dict], **options) -> dict[str, float]:
    metric = WTALMetric(protocol='activitynet-thumos14', **options)
    metric.dataset_meta = dict(classes=CLASSES)
    for each in samples:
        metric.process(None, [each])
    return metric.evaluate(size=len(samples))


def test_perfect_detections_score_one() -> None:
    truth = [([1.0, 2.0], 0), ([3.0, 9.0], 2)]
    metrics = evaluate([sample('a', truth, [(segment, index, 0.5) for segment, index in truth], label=(0, 2))])
    assert metrics['wtal/mAP@0.70'] == metrics['wtal/mAP_avg'] == 1.0


def test_a_half_right_detection_counts_up_to_its_tiou() -> None:
    metrics = evaluate([sample('a', [([0.0, 4.0], 0)], [([0.0, 2.0], 0, 0.5)])])
    values = [metrics[f'wtal/mAP@{threshold / 10:.2f}'] for threshold in range(1, 8)]
    assert values == [1, 1, 1, 1, 1, 0, 0] and metrics['wtal/mAP_avg'] == 1.0


def test_no_detection_at_all_scores_zero() -> None:
    assert evaluate([sample('a', [([0.0, 4.0], 0)], [])])['wtal/mAP_avg'] == 0.0


def test_the_best_other_class_is_a_false_positive_only_where_it_has_ground_truth() -> None:
    wrong = ([0.0, 4.0], 1, 0.9)
    right = ([0.0, 4.0], 0, 0.5)
    alone = evaluate([sample('a', [([0.0, 4.0], 0)], [wrong, right])])
    assert alone['wtal/mAP_avg'] == 1.0
    both = evaluate([sample('a', [([0.0, 4.0], 0), ([6.0, 8.0], 1)], [wrong, right, ([6.0, 8.0], 1, 0.1)])])
    assert both['wtal/mAP_avg'] == pytest.approx((1 + 0.5) / 2)


def test_video_classification_map_is_over_classes_that_occur() -> None:
    truth = [([0.0, 4.0], 0)]
    metrics = evaluate([sample('a', truth, [], (0.2, 0.1, 0.7), (0, )), sample('b', truth, [], (0.3, 0.6, 0.1), (1, )),
                        sample('c', truth, [], (0.1, 0.3, 0.6), (0, ))])
    first = (1 / 2 + 2 / 3) / 2  # Diving ranks b, a, c; its videos are a and c
    assert metrics['wtal/video_mAP'] == pytest.approx((first + 1) / 2)


def test_the_written_file_scores_the_same_to_the_bit(tmp_path) -> None:
    rng = np.random.default_rng(0)
    samples = []
    for video in 'abcd':
        annotations = [(sorted(rng.uniform(0, 50, 2).tolist()), int(rng.integers(3))) for _ in range(6)]
        found = [(sorted(rng.uniform(0, 50, 2).tolist()), int(rng.integers(3)), float(rng.random())) for _ in range(40)]
        samples.append(sample(video, annotations, found))
    metrics = evaluate(samples, out_file=str(tmp_path / 'deep' / 'detections.json'))
    truth = {each['video_name']: VideoSegments(np.array([a['segment'] for a in each['annotations']]),
                                               [a['label'] for a in each['annotations']]) for each in samples}
    again = evaluate_localization(read_detections(tmp_path / 'deep' / 'detections.json'), truth,
                                  get_protocol('activitynet-thumos14'))
    assert again.average_map == metrics['wtal/mAP_avg'] > 0


def test_an_unknown_protocol_lists_the_known() -> None:
    with pytest.raises(ValueError, match="'thumos'; known are .*'activitynet', 'activitynet-thumos14'"):
        WTALMetric(protocol='thumos')


def test_a_set_without_segments_says_what_to_use() -> None:
    with pytest.raises(ValueError, match='subset whose annotations have segments'):
        evaluate([sample('a', [], [([0.0, 4.0], 0, 0.5)])])
