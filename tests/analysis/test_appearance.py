"""Pieces, groups and folds: what looks alike stays together."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.analysis.appearance import (
    Piece,
    TimedVideo,
    deal_groups,
    nearest_similarity,
    pieces_by_appearance,
    pieces_by_video,
)

RNG = np.random.default_rng(0)
CLIPS = RNG.standard_normal((12, 64)) * 3


def video(*clips: tuple[int, int], action: int | None = None) -> TimedVideo:
    """Clips as (appearance, length), one after another with a little noise; ``action`` is the place of the instance."""
    features = np.concatenate([CLIPS[index] + 0.1 * RNG.standard_normal((length, 64)) for index, length in clips])
    ends = np.cumsum([length for _, length in clips])
    borders = [] if action is None else [(ends[action] - clips[action][1], ends[action])]
    return TimedVideo(features, np.array(borders, dtype=int).reshape(-1, 2), ['Diving'] * len(borders))


def group_of(pieces: list[Piece], name: str, snippet: int) -> int:
    return next(piece.group for piece in pieces if piece.video == name and piece.start <= snippet < piece.end)


def test_a_video_is_cut_where_its_appearance_changes_and_like_clips_share_a_group() -> None:
    videos = dict(a=video((0, 5), (1, 7), (2, 4), action=1), b=video((3, 6), (1, 3), (4, 5), action=1))
    pieces = pieces_by_appearance(videos)
    assert [(piece.video, piece.start, piece.end, piece.label) for piece in pieces] == [
        ('a', 0, 5, ''), ('a', 5, 12, 'Diving'), ('a', 12, 16, ''), ('b', 0, 6, ''), ('b', 6, 9, 'Diving'),
        ('b', 9, 14, '')]
    assert pieces[1].group == pieces[4].group and len({piece.group for piece in pieces}) == 5


def test_an_instance_stays_whole_though_its_appearance_changes_and_links_what_its_pieces_look_like() -> None:
    whole = video((0, 4), (1, 5), (2, 6))
    borders = np.array([[4, 15]])  # clips 1 and 2
    pieces = pieces_by_appearance(dict(a=TimedVideo(whole.features, borders, ['Diving']), b=video((1, 5), (5, 4)),
                                       c=video((6, 4), (2, 5))))
    assert len({group_of(pieces, *place) for place in (('a', 4), ('a', 14), ('b', 0), ('c', 5))}) == 1
    assert group_of(pieces, 'a', 0) not in {group_of(pieces, *place) for place in (('a', 4), ('b', 6), ('c', 0))}


def test_pieces_of_two_actions_at_once_have_no_label() -> None:
    both = TimedVideo(video((0, 6), (1, 6)).features, np.array([[0, 6], [0, 6]]), ['Diving', 'CliffDiving'])
    assert [piece.label for piece in pieces_by_appearance(dict(a=both))] == ['', '']
    whole, = pieces_by_video(dict(a=both))
    assert (whole.start, whole.end, whole.label) == (0, 12, 'CliffDiving + Diving')


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 20), st.sampled_from(['', 'A', 'B'])), min_size=1),
       st.integers(2, 4), st.integers(0, 3))
def test_every_group_is_in_one_fold_and_loads_differ_by_at_most_the_largest_group(drawn, folds, seed) -> None:
    label_of = {group: label for group, _, label in drawn}
    pieces = [Piece('v', 0, length, group, label_of[group]) for group, length, _ in drawn]
    fold = deal_groups(pieces, folds, seed)
    assert set(fold[[piece.group for piece in pieces]]) <= set(range(folds))
    assert (fold == deal_groups(pieces, folds, seed)).all()
    for label in set(label_of.values()):
        of_label = [piece for piece in pieces if piece.label == label]
        loads = np.bincount([fold[piece.group] for piece in of_label], [piece.end for piece in of_label],
                            minlength=folds)
        largest = max(sum(piece.end for piece in of_label if piece.group == group)
                      for group in {piece.group for piece in of_label})
        assert loads.max() - loads.min() <= largest


@pytest.mark.parametrize('labels, folds, expected', [
    ([f'class {video}' for video in range(30)], 3, [10, 10, 10]),
    ([f'class {video // 2}' for video in range(30)], 3, [10, 10, 10]),
    (['A'] * 9 + [f'class {video}' for video in range(9)], 3, [6, 6, 6]),
])
def test_labels_of_few_groups_do_not_pile_up_in_one_fold(labels, folds, expected) -> None:
    pieces = [Piece(f'v{group}', 0, 10, group, label) for group, label in enumerate(labels)]
    assert np.bincount(deal_groups(pieces, folds, 0)).tolist() == expected


def test_the_nearest_similarity_is_the_largest_cosine_without_the_mean() -> None:
    queries, others = RNG.standard_normal((3, 5)), RNG.standard_normal((4, 5))
    mean = others.mean(axis=0)
    expected = [max(float((query - mean) @ (other - mean) / np.linalg.norm(query - mean) / np.linalg.norm(other - mean))
                    for other in others) for query in queries]
    assert nearest_similarity(queries, others) == pytest.approx(expected)
