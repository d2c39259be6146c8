"""The runner's metric: perfect, empty and mixed predictions, and a file that scores the same."""
from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger

from rpn_plugin.evaluation import PROTOCOLS, WTALMetric, get_protocol
from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.structures import VideoSegments

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
    metric = WTALMetric(**dict(protocol='activitynet-thumos14') | options)
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


def test_no_detection_at_all_is_said_and_gets_no_table_of_zeros(monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr('mmengine.logging.MMLogger.get_current_instance', lambda: SimpleNamespace(
        info=said.append, warning=said.append))
    test_no_detection_at_all_scores_zero()
    assert said == ['Nothing was detected in any video (1 in all), so that mAP is 0 at every tIoU.']


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
    truth = {each['video_name']: VideoSegments.from_annotations(each['annotations']) for each in samples}
    again = evaluate_localization(read_detections(tmp_path / 'deep' / 'detections.json'), truth,
                                  get_protocol('activitynet-thumos14'))
    assert again.average_map == metrics['wtal/mAP_avg'] > 0


def test_without_classes_every_segment_counts_as_one(tmp_path) -> None:
    truth = [([0.0, 4.0], 0), ([6.0, 8.0], 1)]
    samples = [sample('a', truth, [([0.0, 4.0], 2, 0.9), ([6.0, 8.0], 2, 0.5), ([20.0, 22.0], 0, 0.7)])]
    assert evaluate(samples)['wtal/mAP_avg'] == 0.0
    file = tmp_path / 'found.json'
    metrics = evaluate(samples, class_agnostic=True, out_file=str(file))
    assert metrics['wtal/mAP_avg'] == pytest.approx((1 + 2 / 3) / 2) and 'wtal/video_mAP' not in metrics
    assert set(read_detections(file)['a'].labels) == {'action'}


def test_proposals_need_neither_video_scores_nor_class_names() -> None:
    proposals = sample('a', [([0.0, 4.0], 0)], [([0.0, 4.0], 0, 0.9)])
    del proposals['pred_score'], proposals['gt_label']
    metric = WTALMetric(class_agnostic=True)
    metric.dataset_meta = {}
    metric.process(None, [proposals])
    assert metric.evaluate(size=1)['wtal/mAP_avg'] == 1.0


def test_missing_class_names_are_asked_for() -> None:
    metric = WTALMetric()
    metric.process(None, [sample('a', [([0.0, 4.0], 0)], [])])
    with pytest.raises(ValueError, match='expects the class names.*class_agnostic=True'):
        metric.evaluate(size=1)


def test_an_unknown_protocol_names_the_nearest_and_lists_the_known() -> None:
    with pytest.raises(ValueError, match="'thumos'; did you mean thumos14.* Known are activitynet, activitynet-t"):
        WTALMetric(protocol='thumos')


def test_a_set_without_segments_says_what_to_use() -> None:
    with pytest.raises(ValueError, match='subset whose annotations have segments'):
        evaluate([sample('a', [], [([0.0, 4.0], 0, 0.5)])])


@pytest.mark.parametrize('protocol, with_file, without', [('thumos14', 1.0, 0.5), ('wtalc', 1.0, 0.5),
                                                          ('facnet-filtered', 1.0, 0.5), ('activitynet', 0.5, 0.5)])
def test_ambiguous_intervals_come_from_their_file(protocol: str, with_file: float, without: float, tmp_path) -> None:
    (tmp_path / 'truth.json').write_text(json.dumps(dict(database={}, ambiguous=dict(a=[[20.0, 30.0]]))))
    samples = [sample('a', [([0.0, 8.0], 0)], [([22.0, 28.0], 0, 0.9), ([0.0, 8.0], 0, 0.5)])]
    changes = dict(protocol=protocol, ambiguous_file=str(tmp_path / 'truth.json'))
    assert evaluate(samples, **changes)['wtal/mAP_avg'] == with_file
    assert evaluate(samples, protocol=protocol)['wtal/mAP_avg'] == without


def test_missing_ambiguous_intervals_are_said_where_they_count(caplog) -> None:
    samples = [sample('a', [([0.0, 8.0], 0)], [])]
    MMLogger.get_current_instance().addHandler(caplog.handler)
    evaluate(samples, protocol='activitynet')
    assert 'ambiguous' not in caplog.text
    evaluate(samples, protocol='thumos14')
    assert 'thumos14 looks at ambiguous intervals' in caplog.text and 'ambiguous_file' in caplog.text


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_every_protocol_gives_its_keys_and_says_its_name(protocol: str, caplog) -> None:
    MMLogger.get_current_instance().addHandler(caplog.handler)
    truth = [([0.0, 8.0], 0)]
    metrics = evaluate([sample('a', truth, [([0.0, 8.0], 0, 0.9)])], protocol=protocol)
    thresholds = get_protocol(protocol).tiou_thresholds
    assert metrics == {f'wtal/mAP@{threshold:.2f}': 1.0 for threshold in thresholds} | {'wtal/mAP_avg': 1.0,
                                                                                       'wtal/video_mAP': 1.0}
    assert f'protocol {protocol};' in caplog.text and 'video set' in caplog.text


def test_the_video_set_is_the_callers_choice() -> None:
    samples = [sample('a', [([0.0, 8.0], 0)], [([0.0, 8.0], 0, 0.5)]),
               sample('video_test_0001496', [([0.0, 8.0], 0)], [([20.0, 28.0], 0, 0.9)])]
    assert evaluate(samples)['wtal/mAP_avg'] == 0.25
    assert evaluate(samples, video_set='thumos14-210')['wtal/mAP_avg'] == 1.0
    with pytest.raises(ValueError, match="Unknown video set 'thumos14-211'; did you mean thumos14-21"):
        evaluate(samples, video_set='thumos14-211')
