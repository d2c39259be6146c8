"""Plans keep what they promise for any clips: each once, in its subset, in the lengths and frequencies asked for."""
from __future__ import annotations

import dataclasses
import itertools

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpn_plugin.datasets.composition.clips import Clip
from rpn_plugin.datasets.composition.plan import SHORTEST_REST, plan_subset
from rpn_plugin.datasets.composition.settings import CompositionSettings
from rpn_plugin.structures import SnippetClock

CLOCK = SnippetClock(fps=1, stride_frames=1)  # seconds are snippets


def clips_of(counts: dict[str, int], length: int = 30) -> list[Clip]:
    """So many clips of each class in each subset."""
    return [Clip(f'{label}_{subset}_{index}', label, subset, length)
            for label, number in counts.items() for subset in ('train', 'test') for index in range(number)]


def settings_of(*classes: str, **changes: object) -> CompositionSettings:
    return CompositionSettings(classes, CLOCK, **{'video_sec': (40, 300), 'instance_sec': (5, 25)} | changes)


@st.composite
def tasks(draw) -> tuple[CompositionSettings, list[Clip]]:
    classes = ['a', 'b', 'c'][:draw(st.integers(1, 3))]
    counts = {label: draw(st.integers(1, 12)) for label in classes} | dict(ground=draw(st.integers(1, 40)))
    clips = [Clip(f'{label}{index}', label, draw(st.sampled_from(['train', 'train', 'test'])), draw(st.integers(1, 30)))
             for label, number in counts.items() for index in range(number)]
    shortest = draw(st.integers(1, 6))
    pairs = {pair: draw(st.floats(0, 0.5)) for pair in itertools.permutations(classes, 2) if draw(st.booleans())}
    videos = st.fixed_dictionaries(dict(train=st.integers(1, 9), test=st.just(1)))
    settings = settings_of(*classes, pairs=pairs, mixed=draw(st.floats(0, 1)), share=draw(st.floats(0.2, 1)),
                           instance_sec=(shortest, shortest + draw(st.integers(0, 12))), soft_snippets=0,
                           video_sec=(10, 10 + draw(st.integers(0, 60))), seed=draw(st.integers(0, 99)),
                           videos=draw(st.none() | videos))
    return settings, clips


def summed(pieces, kind: bool, settings: CompositionSettings) -> int:
    return sum(piece.end - piece.start for piece in pieces if (piece.clip.label in settings.classes) is kind)


@hypothesis.settings(max_examples=150, deadline=None)
@given(tasks(), st.randoms())
def test_plans_of_any_clips(task, random) -> None:
    settings, clips = task
    own = [clip for clip in clips if clip.subset == 'train']
    try:
        plan = plan_subset(settings, clips, 'train')
    except ValueError as error:
        assert str(error).startswith('Too few') and 'train' in str(error)
        return
    pieces = [piece for video in plan.videos for piece in video]
    names = [piece.clip.name for piece in pieces]
    assert len(set(names)) == len(names) and {piece.clip for piece in pieces} <= set(own)
    assert plan.used.total() + plan.unused.total() == len(own) and plan.used.total() == len(pieces)
    low, high = settings.instance_snippets
    for video in plan.videos:
        assert video[0].start == 0 and all(first.end == second.start for first, second in zip(video, video[1:]))
        assert any(piece.clip.label in settings.classes for piece in video)
        for piece in video:
            length = piece.end - piece.start
            assert piece.clip_start >= 0 and length > 0 and piece.clip_start + length <= piece.clip.length
            assert piece.clip.label not in settings.classes or low <= length <= high
    if settings.videos:
        assert len(plan.videos) == settings.videos['train']
    if not plan.remarks:  # nothing ran out: the share is exact to the snippets that are due in the end
        wish = summed(pieces, True, settings) * (1 - settings.share) / settings.share
        assert wish - SHORTEST_REST < summed(pieces, False, settings) <= wish + 1
    random.shuffle(clips)
    assert plan_subset(settings, clips, 'train') == plan


def test_without_a_number_every_action_clip_is_used() -> None:
    counts = dict(a=40, b=25, c=33, ground=400)
    plan = plan_subset(settings_of('a', 'b', 'c', pairs={('a', 'b'): 0.5}), clips_of(counts), 'train')
    used = [piece.clip.label for video in plan.videos for piece in video]
    assert {label: used.count(label) for label in 'abc'} == {label: counts[label] for label in 'abc'}
    assert not plan.remarks and plan.unused['actions to spare'] == 0


@pytest.mark.parametrize('probability', [0.0, 0.3, 0.8, 1.0])
def test_companions_come_as_often_as_asked(probability) -> None:
    settings = settings_of('a', 'b', 'c', pairs={('a', 'b'): probability}, mixed=0, videos=dict(train=60, test=1),
                       video_sec=(10, 200))  # some are too short for two instances, and get two all the same
    plan = plan_subset(settings, clips_of(dict(a=300, b=300, c=300, ground=1500)), 'train')
    held = [{piece.clip.label for piece in video} - {'ground'} for video in plan.videos]
    both = sum({'a', 'b'} <= labels for labels in held)
    of_a = sum('a' in labels for labels in held)
    assert of_a > 10 and abs(both - probability * of_a) <= 2
    assert all(len(labels) == 1 or labels == {'a', 'b'} for labels in held)


def test_mixed_videos_hold_any_second_class_as_often_as_asked() -> None:
    settings = settings_of('a', 'b', 'c', mixed=0.25, videos=dict(train=80, test=1))
    plan = plan_subset(settings, clips_of(dict(a=300, b=300, c=300, ground=2000)), 'train')
    pairs = [labels for labels in ({piece.clip.label for piece in video} - {'ground'} for video in plan.videos)
             if len(labels) == 2]
    assert len(pairs) == pytest.approx(20, abs=4) and len({frozenset(labels) for labels in pairs}) == 3


def test_a_class_with_too_few_clips_for_a_video_is_left_alone_while_another_has_enough() -> None:
    counts = {label: 10 for label in 'abcdef'}
    settings = settings_of(*counts, mixed=0, video_sec=(300, 300), videos=dict(train=6, test=1))
    plan = plan_subset(settings, clips_of(counts | dict(ground=200)), 'train')
    assert all(summed(video, True, settings) == pytest.approx(300 * settings.share, abs=13) for video in plan.videos)


def test_a_longest_clip_gets_a_longest_wish_and_videos_the_length_asked_for() -> None:
    clips = [dataclasses.replace(clip, length=3 + index % 40) for index, clip in
             enumerate(clips_of(dict(a=400, ground=1200)))]
    plan = plan_subset(settings_of('a', share=0.4, video_sec=(100, 200)), clips, 'train')
    lengths = [(piece.clip.length, piece.end - piece.start) for video in plan.videos for piece in video
               if piece.clip.label == 'a']
    assert all(taken >= min(length, 5) for length, taken in lengths)
    assert [taken for _, taken in sorted(lengths)] == sorted(taken for _, taken in lengths)
    assert plan.unused['shorter than an instance'] == 2 * 10  # lengths 3 and 4
    lengths = sorted(video[-1].end for video in plan.videos)
    assert 120 < lengths[len(lengths) // 2] < 180


def test_too_few_clips_are_told_by_class() -> None:
    settings = settings_of('a', 'b', videos=dict(train=30, test=1))
    short = Clip('short', 'a', 'train', 4)
    with pytest.raises(ValueError, match=r'train: a needs at least \d+, has 3 \(and 1 of less than 5 snippets\); b '
                                         r'needs at least \d+, has 5\. Ask for fewer'):
        plan_subset(settings, [*clips_of(dict(a=3, b=5, ground=900)), short], 'train')
    with pytest.raises(ValueError, match='subset test: b needs at least 1, has 0'):
        plan_subset(settings, clips_of(dict(a=300, ground=900)), 'test')


def test_too_little_background_is_an_error_for_a_number_of_videos_and_a_remark_without() -> None:
    clips = clips_of(dict(a=100, ground=10))
    with pytest.raises(ValueError, match=r'need \d+ of background, the clips have 300, .* more background classes'):
        plan_subset(settings_of('a', videos=dict(train=20, test=1)), clips, 'train')
    plan = plan_subset(settings_of('a'), clips, 'train')
    assert 0 < len(plan.videos) < 20 and 'the background clips suffice for' in plan.remarks[0]
    with pytest.raises(ValueError, match='need .* of background, the clips have 0'):
        plan_subset(settings_of('a'), clips_of(dict(a=100)), 'train')
