"""Runs, parts and folds: what looks alike stays together."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.analysis.looks import Run, TimedVideo, deal_parts, nearest_look, runs_by_look, runs_by_video

RNG = np.random.default_rng(0)
CLIPS = RNG.standard_normal((12, 64)) * 3


def video(*clips: tuple[int, int], action: int | None = None) -> TimedVideo:
    """Clips as (look, length), one after another with a little noise; ``action`` is the place of the instance."""
    features = np.concatenate([CLIPS[look] + 0.1 * RNG.standard_normal((length, 64)) for look, length in clips])
    ends = np.cumsum([length for _, length in clips])
    borders = [] if action is None else [(ends[action] - clips[action][1], ends[action])]
    return TimedVideo(features, np.array(borders, dtype=int).reshape(-1, 2), ['Diving'] * len(borders))


def part_of(runs: list[Run], name: str, snippet: int) -> int:
    return next(run.part for run in runs if run.video == name and run.start <= snippet < run.end)


def test_a_video_is_cut_where_its_look_changes_and_like_clips_share_a_part() -> None:
    videos = dict(a=video((0, 5), (1, 7), (2, 4), action=1), b=video((3, 6), (1, 3), (4, 5), action=1))
    runs = runs_by_look(videos)
    assert [(run.video, run.start, run.end, run.label) for run in runs] == [
        ('a', 0, 5, ''), ('a', 5, 12, 'Diving'), ('a', 12, 16, ''), ('b', 0, 6, ''), ('b', 6, 9, 'Diving'),
        ('b', 9, 14, '')]
    assert runs[1].part == runs[4].part and len({run.part for run in runs}) == 5


def test_an_instance_stays_whole_though_its_look_changes_and_links_what_its_parts_look_like() -> None:
    whole = video((0, 4), (1, 5), (2, 6))
    borders = np.array([[4, 15]])  # looks 1 and 2
    runs = runs_by_look(dict(a=TimedVideo(whole.features, borders, ['Diving']), b=video((1, 5), (5, 4)),
                             c=video((6, 4), (2, 5))))
    assert len({part_of(runs, 'a', 4), part_of(runs, 'a', 14), part_of(runs, 'b', 0), part_of(runs, 'c', 5)}) == 1
    assert part_of(runs, 'a', 0) not in {part_of(runs, 'a', 4), part_of(runs, 'b', 6), part_of(runs, 'c', 0)}


def test_runs_of_two_actions_at_once_have_no_label() -> None:
    both = TimedVideo(video((0, 6), (1, 6)).features, np.array([[0, 6], [0, 6]]), ['Diving', 'CliffDiving'])
    assert [run.label for run in runs_by_look(dict(a=both))] == ['', '']
    assert [(run.start, run.end, run.label) for run in runs_by_video(dict(a=both))] == [(0, 12, 'CliffDiving + Diving')]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 20), st.sampled_from(['', 'A', 'B'])), min_size=1),
       st.integers(2, 4), st.integers(0, 3))
def test_every_part_is_in_one_fold_and_loads_differ_by_at_most_the_largest_part(drawn, folds, seed) -> None:
    label_of = {part: label for part, _, label in drawn}
    runs = [Run('v', 0, length, part, label_of[part]) for part, length, _ in drawn]
    fold = deal_parts(runs, folds, seed)
    assert set(fold[[run.part for run in runs]]) <= set(range(folds))
    assert (fold == deal_parts(runs, folds, seed)).all()
    for label in set(label_of.values()):
        of_label = [run for run in runs if run.label == label]
        loads = np.bincount([fold[run.part] for run in of_label], [run.end for run in of_label], minlength=folds)
        largest = max(sum(run.end for run in of_label if run.part == part) for part in {run.part for run in of_label})
        assert loads.max() - loads.min() <= largest


@pytest.mark.parametrize('labels, folds, expected', [
    ([f'class {video}' for video in range(30)], 3, [10, 10, 10]),
    ([f'class {video // 2}' for video in range(30)], 3, [10, 10, 10]),
    (['A'] * 9 + [f'class {video}' for video in range(9)], 3, [6, 6, 6]),
])
def test_labels_of_few_parts_do_not_pile_up_in_one_fold(labels, folds, expected) -> None:
    runs = [Run(f'v{part}', 0, 10, part, label) for part, label in enumerate(labels)]
    assert np.bincount(deal_parts(runs, folds, 0)).tolist() == expected


def test_the_nearest_look_is_the_largest_cosine_without_the_mean() -> None:
    queries, others = RNG.standard_normal((3, 5)), RNG.standard_normal((4, 5))
    mean = others.mean(axis=0)
    expected = [max(float((query - mean) @ (other - mean) / np.linalg.norm(query - mean) / np.linalg.norm(other - mean))
                    for other in others) for query in queries]
    assert nearest_look(queries, others) == pytest.approx(expected)
