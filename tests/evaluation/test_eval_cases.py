"""Each protocol beside the numbers that the original evaluators printed."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rpn_plugin.evaluation import GroundTruth, get_protocol, get_video_set
from rpn_plugin.evaluation.functional import LocalizationResult, evaluate_localization
from rpn_plugin.evaluation.results_file import read_detections

pytestmark = pytest.mark.smoke

ORIGINALS = ['activitynet', 'thumos14', 'wtalc', 'facnet']
OURS = {
    # a tIoU of 0/0 is no match: a reversed or an empty copy finds nothing
    ('activitynet', 'reversed_exact'): dict(A=0.0),
    ('activitynet', 'zero_length_both'): dict(A=0.25),  # one of two instances, at rank two
    ('wtalc', 'zero_length_both'): dict(A=0.25),
    ('facnet', 'zero_length_both'): dict(A=0.25),
    # a class without (remaining) detections counts 0, and only that class
    ('thumos14', 'ambiguous_all'): dict(A=0.0),
    ('wtalc', 'ambiguous_all'): dict(A=0.0),
    ('wtalc', 'class_without_predictions'): dict(A=1.0, B=0.0),
    ('facnet', 'class_without_predictions'): dict(A=1.0, B=0.0),
    ('thumos14', 'no_predictions'): dict(A=0.0),
    ('wtalc', 'no_predictions'): dict(A=0.0),
    ('facnet', 'no_predictions'): dict(A=0.0),
    # a class without ground truth is left out
    ('activitynet', 'class_without_ground_truth'): dict(A=1.0),
    ('thumos14', 'class_without_ground_truth'): dict(A=1.0),
}
"""AP at every threshold by the rules, where the original fails or depends on 0/0."""


@pytest.fixture
def eval_cases(shared_data: Path) -> Path:
    """Detections with the numbers that the original evaluators print; skips where they are absent."""
    if not (shared_data / 'eval-cases').is_dir():
        pytest.skip(f'no eval-cases in {shared_data}')
    return shared_data / 'eval-cases'


def score(name: str, thresholds: list[float], found: Path, truth: Path) -> LocalizationResult:
    protocol = replace(get_protocol(name), tiou_thresholds=tuple(thresholds), average_over=tuple(thresholds))
    read = GroundTruth.read(truth, 'test')
    return evaluate_localization(read_detections(found), read.segments, protocol, read.ambiguous)


def assert_scores(result: LocalizationResult, expected: dict[str, list[float]], mean_ap: list[float]) -> None:
    assert sorted(expected) == list(result.classes)
    for name, precision in zip(result.classes, result.average_precision):
        assert precision == pytest.approx(expected[name], abs=1e-9), name
    assert result.mean_ap == pytest.approx(mean_ap, abs=1e-9)


@pytest.mark.parametrize('name', ORIGINALS)
def test_thumos14_scores_as_with_the_original(eval_cases: Path, name: str) -> None:
    expected = json.loads((eval_cases / 'thumos_jitter.expected.json').read_text())[name]
    result = score(name, expected['tiou'], eval_cases / 'thumos_jitter.predictions.json',
                   eval_cases / 'thumos_jitter.ground_truth.json')
    assert_scores(result, expected['ap'], expected['mAP'])


def expectation(name: str, case_name: str, expected: dict) -> tuple[dict, list[float]]:
    """The original's numbers; MMAction2's for ties, as it keeps the input order; ours where there are none."""
    if (name, case_name) in OURS:
        ours = OURS[name, case_name]
        return {label: [value] * 9 for label, value in ours.items()}, [np.mean(list(ours.values()))] * 9
    chosen = expected['mmaction2' if case_name.startswith('tie_') else name]
    return chosen['ap'], chosen['mAP']


@pytest.mark.parametrize('name', ORIGINALS)
def test_one_effect_cases_score_as_with_the_original(eval_cases: Path, tmp_path: Path, name: str) -> None:
    micro = json.loads((eval_cases / 'micro.json').read_text())
    assert {case_name for _, case_name in OURS} <= set(micro['cases']) and len(micro['cases']) >= 24
    for case_name, case in micro['cases'].items():
        found, truth = tmp_path / 'found.json', tmp_path / 'truth.json'
        found.write_text(json.dumps(case['predictions']))
        truth.write_text(json.dumps(case['ground_truth']))
        result = score(name, micro['thresholds'], found, truth)
        try:
            assert_scores(result, *expectation(name, case_name, case['expected']))
        except AssertionError as error:
            raise AssertionError(f'{case_name}: {case["why"]}') from error


def test_what_is_wrong_with_the_videos_that_papers_leave_out(eval_cases: Path) -> None:
    path = eval_cases / 'thumos_jitter.ground_truth.json'
    read = GroundTruth.read(path)
    truth, ambiguous = read.segments, read.ambiguous
    database = json.loads(path.read_text())['database']
    late = truth['video_test_0000270'].segments[:, 0] > database['video_test_0000270']['duration']
    assert late.sum() == 22 and len(late) == 29 and len(truth['video_test_0001496'].labels) == 18
    assert len(truth['video_test_0001292'].labels) == 0 and len(ambiguous['video_test_0001292']) > 0


@pytest.mark.parametrize('video_set, videos, instances', [
    ('thumos14-213', 213, 3358), ('thumos14-212', 212, 3358), ('thumos14-210', 210, 3311)])
def test_video_sets_hold_what_their_names_say(eval_cases: Path, video_set: str, videos: int, instances: int) -> None:
    chosen = get_video_set(video_set)
    result = evaluate_localization({}, GroundTruth.read(eval_cases / 'thumos_jitter.ground_truth.json').segments,
                                   replace(get_protocol('activitynet-thumos14'), video_set=chosen))
    assert (result.counts['videos'], result.counts['instances']) == (videos, instances)
    assert chosen.num_videos == videos
