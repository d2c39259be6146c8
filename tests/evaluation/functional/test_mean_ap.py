"""A whole evaluation against the rules in plain loops and against what ActivityNet's own evaluator printed."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.evaluation.functional import LocalizationResult, VideoSegments, evaluate_localization
from rpn_plugin.evaluation.protocols import Protocol
from rpn_plugin.evaluation.results_file import read_detections, read_ground_truth

Segment = tuple[int, int]
Instance = tuple[str, Segment]
Found = tuple[str, Segment, float]

PROTOCOL = Protocol('test', (0.25, 1 / 3, 0.5, 0.75), (0.25, 0.5))
CLASSES = ['Diving', 'HighJump', 'Shotput']
grid_segments = st.tuples(st.integers(0, 8), st.integers(0, 8))  # reversed and empty ones too
all_ground_truth = st.dictionaries(
    st.sampled_from(['va', 'vb', 'vc']),
    st.lists(st.tuples(st.sampled_from(CLASSES[:2]), grid_segments), max_size=4)).filter(
        lambda truth: any(truth.values()))
all_found = st.dictionaries(
    st.sampled_from(['vc', 'va', 'unknown']),
    st.lists(st.tuples(st.sampled_from(CLASSES), grid_segments, st.sampled_from([0.1, 0.5, 0.9])), max_size=6))


def tiou(first: Segment, second: Segment) -> float:
    first, second = set(range(*first)), set(range(*second))
    return len(first & second) / len(first | second) if first | second else 0.0


def ap_by_the_rules(found: dict[str, list[Found]], truth: dict[str, list[Instance]], name: str,
                    threshold: float) -> float:
    """Average precision of one class at one tIoU."""
    free = [(video, segment) for video, instances in truth.items() for label, segment in instances if label == name]
    number, hits = len(free), []
    of_class = [(video, segment, score) for video, entries in found.items()
                for label, segment, score in entries if label == name]
    for video, segment, _ in sorted(of_class, key=lambda entry: -entry[2]):
        near = [target for target in free if target[0] == video and tiou(segment, target[1]) >= threshold]
        hits.append(bool(near))
        if near:
            free.remove(max(near, key=lambda target: tiou(segment, target[1])))
    total = 0.0
    for wanted in range(1, number + 1):
        total += max((sum(hits[:rank]) / rank for rank in range(1, len(hits) + 1) if sum(hits[:rank]) >= wanted),
                     default=0.0)
    return total / number


def as_videos(entries: dict[str, list], scored: bool) -> dict[str, VideoSegments]:
    return {video: VideoSegments(np.array([entry[1] for entry in listed], dtype=np.float64).reshape(-1, 2),
                                 [entry[0] for entry in listed],
                                 np.array([entry[2] for entry in listed]) if scored else None)
            for video, listed in entries.items()}


@settings(max_examples=150, deadline=None)
@given(all_found, all_ground_truth)
def test_every_class_and_the_means_are_by_the_rules(found: dict[str, list[Found]],
                                                    truth: dict[str, list[Instance]]) -> None:
    result = evaluate_localization(as_videos(found, scored=True), as_videos(truth, scored=False), PROTOCOL)
    labels = [label for instances in truth.values() for label, _ in instances]
    assert result.classes == tuple(sorted(set(labels)))
    assert result.num_instances.tolist() == [labels.count(name) for name in result.classes]
    expected = [[ap_by_the_rules(found, truth, name, threshold) for threshold in PROTOCOL.tiou_thresholds]
                for name in result.classes]
    assert result.average_precision == pytest.approx(np.array(expected), abs=1e-12)
    means = [sum(column) / len(column) for column in zip(*expected)]
    assert result.mean_ap == pytest.approx(means, abs=1e-12)
    assert result.average_map == pytest.approx((means[0] + means[2]) / 2, abs=1e-12)  # those at 0.25 and 0.5


def test_a_class_with_ground_truth_and_no_detection_counts_zero() -> None:
    truth = as_videos({'va': [('Diving', (0, 4)), ('HighJump', (6, 8))]}, scored=False)
    found = as_videos({'va': [('Diving', (0, 4), 0.9)]}, scored=True)
    result = evaluate_localization(found, truth, PROTOCOL)
    assert result.average_precision.tolist() == [[1.0] * 4, [0.0] * 4] and result.average_map == 0.5
    assert evaluate_localization({}, truth, PROTOCOL).mean_ap.tolist() == [0.0] * 4


def test_without_any_ground_truth_the_remedy_is_named() -> None:
    empty = VideoSegments(np.zeros((0, 2)), [])
    with pytest.raises(ValueError, match='No ground-truth segment in 2 videos.*Use a subset'):
        evaluate_localization({}, {'va': empty, 'vb': empty}, PROTOCOL)


@pytest.mark.parametrize('scores', [None, np.array([0.5, np.nan])])
def test_detections_without_a_usable_score_are_named(scores: np.ndarray | None) -> None:
    truth = as_videos({'va': [('Diving', (0, 4))]}, scored=False)
    found = {'vb': VideoSegments(np.array([[0.0, 1.0], [2.0, 3.0]]), ['Diving', 'Diving'], scores)}
    with pytest.raises(ValueError, match='video vb have a NaN score or none'):
        evaluate_localization(found, truth, PROTOCOL)


def test_segments_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match=r'finite segments, but got \[0.0, nan\]'):
        VideoSegments(np.array([[0.0, np.nan]]), ['Diving'])


@pytest.mark.parametrize('labels, scores, message', [
    (['Diving'], None, '2 segments, 1 labels and no scores'),
    (['Diving', 'Diving'], np.ones(1), '2 segments, 2 labels and 1 scores'),
    ([], np.ones(2), '2 segments, 0 labels and 2 scores'),
])
def test_fields_of_unequal_length_are_refused(labels: list, scores: np.ndarray | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VideoSegments(np.array([[0.0, 1.0], [2.0, 3.0]]), labels, scores)


@pytest.fixture
def eval_cases(shared_data: Path) -> Path:
    """Detections with the numbers that the original evaluators print; skips where they are absent."""
    if not (shared_data / 'eval-cases').is_dir():
        pytest.skip(f'no eval-cases in {shared_data}')
    return shared_data / 'eval-cases'


def assert_scores(result: LocalizationResult, expected: dict) -> None:
    assert sorted(expected['ap']) == list(result.classes)
    for name, precision in zip(result.classes, result.average_precision):
        assert precision == pytest.approx(expected['ap'][name], abs=1e-9), name
    assert result.mean_ap == pytest.approx(expected['mAP'], abs=1e-9)


def test_thumos14_scores_as_with_the_activitynet_toolkit(eval_cases: Path) -> None:
    expected = json.loads((eval_cases / 'thumos_jitter.expected.json').read_text())['activitynet']
    result = evaluate_localization(
        read_detections(eval_cases / 'thumos_jitter.predictions.json'),
        read_ground_truth(eval_cases / 'thumos_jitter.ground_truth.json'),
        Protocol('toolkit', tuple(expected['tiou']), tuple(expected['tiou'])))
    assert_scores(result, expected)


def micro_expectation(name: str, expected: dict) -> dict:
    """The toolkit's numbers; those of our rules where it has none or depends on 0/0 or on the order of ties."""
    by_our_rules = dict(
        reversed_exact=0.0,  # a reversed copy overlaps nothing
        zero_length_both=0.25,  # one of two instances found, at rank two
        class_without_ground_truth=1.0)  # class Z is left out
    if name in by_our_rules:
        return dict(ap=dict(A=[by_our_rules[name]] * 9), mAP=[by_our_rules[name]] * 9)
    return expected['mmaction2' if name.startswith('tie_') else 'activitynet']


def test_one_effect_cases_score_as_with_the_activitynet_toolkit(eval_cases: Path, tmp_path: Path) -> None:
    micro = json.loads((eval_cases / 'micro.json').read_text())
    protocol = Protocol('toolkit', tuple(micro['thresholds']), tuple(micro['thresholds']))
    for name, case in micro['cases'].items():
        (tmp_path / 'found.json').write_text(json.dumps(case['predictions']))
        (tmp_path / 'truth.json').write_text(json.dumps(case['ground_truth']))
        result = evaluate_localization(
            read_detections(tmp_path / 'found.json'), read_ground_truth(tmp_path / 'truth.json', 'test'), protocol)
        try:
            assert_scores(result, micro_expectation(name, case['expected']))
        except AssertionError as error:
            raise AssertionError(f'{name}: {case["why"]}') from error
