"""Contradictory wishes are refused before anything is read."""
from __future__ import annotations

import pytest

from rpn_plugin.datasets.composition import CompositionSettings
from rpn_plugin.structures import SnippetClock

CLOCK = SnippetClock(fps=25, stride_frames=16)


@pytest.mark.parametrize('changes, message', [
    (dict(background=('Diving', )), 'Diving: both an action class and background'),
    (dict(classes=('Diving', 'Diving')), 'classes Diving are named more than once'),
    (dict(background=('Biking', 'Biking')), 'background Biking are named more than once'),
    (dict(classes=()), 'at least one action class'),
    (dict(pairs={('Diving', 'Biking'): 0.5}), 'pair of two action classes, but got Diving and Biking'),
    (dict(pairs={('Diving', 'Diving'): 0.5}), 'pair of two action classes'),
    (dict(pairs={('Diving', 'HighJump'): 1.5}), 'companions of Diving'),
    (dict(pairs={('Diving', 'HighJump'): 0.7, ('Diving', 'LongJump'): 0.4}), 'sum to at most 1'),
    (dict(share=0), r'share of action in \(0, 1\]'),
    (dict(mixed=1.1), 'mixed as a probability'),
    (dict(video_sec=(20, 10)), 'video_sec as shortest and longest'),
    (dict(instance_sec=(0, 10)), 'instance_sec as shortest and longest'),
    (dict(videos=dict(train=3, test=0)), 'positive number for each of train, test'),
    (dict(soft_snippets=3), 'half the shortest instance, which has 5 snippets, but got 3'),
    (dict(dtype='int8'), 'dtype of float16, float32, float64'),
])
def test_bad_wishes(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        CompositionSettings(**dict(classes=('Diving', 'HighJump', 'LongJump'), clock=CLOCK) | changes)


def test_seconds_become_snippets_of_the_clock() -> None:
    assert CompositionSettings(('Diving', ), CLOCK).instance_snippets == (5, 25)
    assert CompositionSettings(('Diving', ), SnippetClock(25, 4, 64)).instance_snippets == (20, 100)
