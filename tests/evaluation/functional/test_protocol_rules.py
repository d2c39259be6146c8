"""Every protocol against its rules in plain loops, with ties, duplicates, empty classes and degenerate segments."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.evaluation import PROTOCOLS, Protocol, get_protocol, get_video_set
from rpn_plugin.evaluation.functional import evaluate_localization, matching
from rpn_plugin.structures import VideoSegments

Segment = tuple[float, float]
CLASSES = ['Diving', 'HighJump', 'Shotput']
THRESHOLDS = (0.1, 0.25, 1 / 3, 0.5, 0.75)

seconds = st.one_of(st.integers(0, 8), st.sampled_from([0.32, 0.96, 1.6, 2.24, 4.16, 5.44]))  # halves of a snippet too
segments = st.tuples(seconds, seconds)  # reversed and empty ones too
ground_truths = st.dictionaries(
    st.sampled_from(['va', 'vb', 'vc']),
    st.lists(st.tuples(st.sampled_from(CLASSES[:2]), segments), max_size=5)).filter(lambda truth: any(truth.values()))
detections = st.dictionaries(
    st.sampled_from(['vc', 'va', 'unknown']),
    st.lists(st.tuples(st.sampled_from(CLASSES), segments, st.sampled_from([0.1, 0.5, 0.9])), max_size=7))
ambiguous_intervals = st.dictionaries(st.sampled_from(['va', 'vc', 'unknown']), st.lists(segments, max_size=2))


def tiou(first: Segment, second: Segment) -> float:
    common = min(first[1], second[1]) - max(first[0], second[0])
    if common <= 0:
        return 0.0
    return common / ((first[1] - first[0]) + (second[1] - second[0]) - common)


def tiou_of_the_kit(first: Segment, second: Segment) -> float:
    first, second = sorted(first), sorted(second)
    common = min(first[1], second[1]) - max(first[0], second[0])
    return common / (max(first[1], second[1]) - min(first[0], second[0])) if common > 0 else 0.0


def snippets(segment: Segment) -> set[int]:
    return set(range(*(int(round(border * 25 / 16)) for border in segment)))


def snippets_of_detection(segment: Segment) -> set[int]:
    start, end = (int(round(border * 25 / 16)) for border in segment)
    return set(range(start, max(end, start + 1)))


def tiou_of_snippets(detection: Segment, instance: Segment) -> float:
    first, second = snippets_of_detection(detection), snippets(instance)
    return len(first & second) / len(first | second)


def best_first(found: dict, name: str) -> list[tuple[str, Segment]]:
    listed = [(video, segment, score) for video, entries in found.items() for label, segment, score in entries
              if label == name]
    return [entry[:2] for entry in sorted(listed, key=lambda entry: -entry[2])]


def interpolated(hits: list[bool], number: int) -> float:
    best = [max((sum(hits[:rank]) / rank for rank in range(1, len(hits) + 1) if sum(hits[:rank]) >= wanted), default=0)
            for wanted in range(1, number + 1)]
    return sum(best) / number


def summed(hits: list[bool], number: int) -> float:
    return sum(sum(hits[:rank + 1]) / (rank + 1) for rank, hit in enumerate(hits) if hit) / number


def activitynet(found: dict, truth: dict, _: dict, name: str, threshold: float, overlap=tiou) -> float:
    free = [(video, segment) for video, instances in truth.items() for label, segment in instances if label == name]
    number, hits = len(free), []
    for video, segment in best_first(found, name):
        near = [target for target in free if target[0] == video and overlap(segment, target[1]) >= threshold]
        hits.append(bool(near))
        if near:
            free.remove(max(near, key=lambda target: overlap(segment, target[1])))
    return interpolated(hits, number)


def thumos14(found: dict, truth: dict, ambiguous: dict, name: str, threshold: float) -> float:
    ranked = list(enumerate(best_first(found, name)))
    taken, number = set(), 0
    for video, instances in truth.items():
        for label, target in instances:
            if label == name:
                number += 1
                free = [(place, segment) for place, (other, segment) in ranked if other == video and place not in taken]
                place, segment = max(free, key=lambda entry: tiou_of_the_kit(entry[1], target), default=(None, None))
                if segment is not None and tiou_of_the_kit(segment, target) > threshold:
                    taken.add(place)
    hits = [place in taken for place, (video, segment) in ranked
            if place in taken or not any(tiou_of_the_kit(segment, other) > 0 for other in ambiguous.get(video, []))]
    return summed(hits, number)


def without_ambiguous(found: dict, truth: dict, ambiguous: dict) -> dict:
    return {video: [entry for entry in entries
                    if not any(tiou_of_snippets(entry[1], other) > 0 for other in ambiguous.get(video, []))]
            for video, entries in found.items() if truth.get(video)}


def wtalc(found: dict, truth: dict, ambiguous: dict, name: str, threshold: float) -> float:
    free = [(video, segment) for video, instances in truth.items() for label, segment in instances if label == name]
    number, hits = len(free), []
    for video, segment in best_first(without_ambiguous(found, truth, ambiguous), name):
        near = [target for target in free if target[0] == video and tiou_of_snippets(segment, target[1]) >= threshold]
        hits.append(bool(near))
        if near:
            free.remove(near[0])
    return summed(hits, number)


def facnet(found: dict, truth: dict, _: dict, name: str, threshold: float) -> float:
    return activitynet(without_ambiguous(found, truth, {}), truth, {}, name, threshold, tiou_of_snippets)


def facnet_filtered(found: dict, truth: dict, ambiguous: dict, name: str, threshold: float) -> float:
    return activitynet(without_ambiguous(found, truth, ambiguous), truth, {}, name, threshold, tiou_of_snippets)


BY_THE_RULES = {'activitynet': activitynet, 'activitynet-thumos14': activitynet, 'thumos14': thumos14, 'wtalc': wtalc,
                'facnet': facnet, 'facnet-filtered': facnet_filtered}


def as_videos(entries: dict[str, list], scored: bool) -> dict[str, VideoSegments]:
    return {video: VideoSegments(np.array([entry[1] for entry in listed], dtype=np.float64).reshape(-1, 2),
                                 [entry[0] for entry in listed],
                                 np.array([entry[2] for entry in listed]) if scored else None)
            for video, listed in entries.items()}


def on(name: str, thresholds: tuple[float, ...] = THRESHOLDS) -> Protocol:
    return replace(get_protocol(name), tiou_thresholds=thresholds, average_over=thresholds)


def score(name: str, found: dict, truth: dict, ambiguous: dict, **changes: object):
    return evaluate_localization(as_videos(found, True), as_videos(truth, False), replace(on(name), **changes),
                                 {video: np.array(listed).reshape(-1, 2) for video, listed in ambiguous.items()})


def test_every_protocol_has_a_reference() -> None:
    assert set(BY_THE_RULES) == set(PROTOCOLS)


@pytest.mark.parametrize('name', BY_THE_RULES)
def test_every_class_scores_by_the_rules(name: str) -> None:

    @settings(max_examples=200, deadline=None)
    @given(detections, ground_truths, ambiguous_intervals)
    def check(found: dict, truth: dict, ambiguous: dict) -> None:
        result = score(name, found, truth, ambiguous)
        assert result.classes == tuple(sorted({label for entries in truth.values() for label, _ in entries}))
        expected = [[BY_THE_RULES[name](found, truth, ambiguous, label, threshold) for threshold in THRESHOLDS]
                    for label in result.classes]
        assert result.average_precision == pytest.approx(np.array(expected), abs=1e-12)

    check()


def crowd(seed: int) -> tuple[dict, dict, dict]:
    """Many instances and detections of two classes in few seconds, so that most are contested."""
    rng = np.random.default_rng(seed)

    def some(number: int) -> list[Segment]:
        return [tuple(segment) for segment in np.sort(rng.integers(0, 40, (number, 2)) / 4, axis=1).tolist()]

    truth = {video: [(str(rng.choice(CLASSES[:2])), segment) for segment in some(25)] for video in ('va', 'vb')}
    found = {video: [(str(rng.choice(CLASSES)), segment, float(rng.integers(20)) / 20) for segment in some(120)]
             for video in ('vb', 'va', 'unknown')}
    return found, truth, {video: some(2) for video in ('va', 'vb')}


@pytest.mark.parametrize('name', BY_THE_RULES)
@pytest.mark.parametrize('pairs_at_once', [1, 100, 1 << 16])
def test_a_crowd_scores_by_the_rules_however_it_is_cut_up(name: str, pairs_at_once: int, monkeypatch) -> None:
    monkeypatch.setattr(matching, '_PAIRS_AT_ONCE', pairs_at_once)
    found, truth, ambiguous = crowd(seed=0)
    result = score(name, found, truth, ambiguous)
    expected = [[BY_THE_RULES[name](found, truth, ambiguous, label, threshold) for threshold in THRESHOLDS]
                for label in result.classes]
    assert result.average_precision == pytest.approx(np.array(expected), abs=1e-12)
    assert result.mean_ap[0] > 0.05 and result.mean_ap[-1] < result.mean_ap[0]  # neither trivial


def test_the_protocols_tell_apart_what_they_are_said_to() -> None:
    found, truth, ambiguous = crowd(seed=0)
    values = {name: score(name, found, truth, ambiguous).mean_ap.tolist() for name in PROTOCOLS}
    assert values.pop('activitynet-thumos14') == values['activitynet']
    assert len({tuple(value) for value in values.values()}) == len(values)


def test_excluded_videos_leave_with_their_instances_and_their_detections() -> None:
    left_out = 'video_test_0001292'
    truth = {'va': [('Diving', (0, 4))], left_out: [('HighJump', (0, 4))]}
    found = {left_out: [('HighJump', (0, 4), 0.9), ('Diving', (0, 4), 0.8)], 'va': [('Diving', (0, 4), 0.5)]}
    everything = score('activitynet', found, truth, {})
    assert everything.classes == ('Diving', 'HighJump') and everything.mean_ap[0] == (0.5 + 1) / 2
    assert everything.counts['on_excluded_videos'] == 0
    result = score('activitynet', found, truth, {}, video_set=get_video_set('thumos14-212'))
    assert result.classes == ('Diving', ) and result.mean_ap[0] == 1.0
    assert (result.counts['videos'], result.counts['on_excluded_videos'], result.counts['scored']) == (1, 2, 1)


def test_what_is_not_scored_is_counted() -> None:
    truth = {'va': [('Diving', (0, 4)), ('Diving', (9, 5))], 'vb': []}
    found = {'va': [('Diving', (0, 4), 0.9), ('Diving', (4, 0), 0.9), ('Shotput', (0, 4), 0.9),
                    ('Diving', (6, 7), 0.1)],
             'vb': [('Diving', (2, 2), 0.9)], 'unknown': [('Diving', (0, 4), 0.9), ('Shotput', (0, 4), 0.9)]}
    ambiguous = {'va': [(6, 8)]}
    expected = dict(videos=2, instances=2, detections=7, on_excluded_videos=0, of_other_classes=2,
                    dropped_on_other_videos=0, dropped_in_ambiguous_intervals=0, on_unknown_videos=2, reversed=1,
                    empty=1, reversed_instances=1, empty_instances=0, scored=5)
    assert score('activitynet', found, truth, ambiguous).counts == expected
    assert score('thumos14', found, truth, ambiguous).counts == expected
    dropping = dict(videos=1, on_excluded_videos=1, dropped_on_other_videos=1, dropped_in_ambiguous_intervals=1)
    assert score('wtalc', found, truth, ambiguous).counts == expected | dropping | dict(scored=2)
