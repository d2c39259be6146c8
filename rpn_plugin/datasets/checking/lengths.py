"""Checks of numbers of snippets against durations, where the recipe fits most videos."""
from __future__ import annotations

from collections.abc import Sequence

from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.structures import SnippetClock

SHARE_OF_ROUNDING = 0.02
"""A duration and the frames that were decoded agree to about so much; the usual frame rates differ by 4 % and more."""
SHARE_OF_MISMATCH = 0.1
SNIPPETS_OF_MISMATCH = 3
"""A video whose T is off by more than both is named."""
USUAL_RATIOS = {**{first / second: f'{first} instead of {second} frames per second'
                   for first in (24, 25, 30) for second in (24, 25, 30) if first != second},
                2: 'half the stride', 4: 'a quarter of the stride', 1 / 4: 'four times the stride'}
"""Of the frame rates and strides that features are extracted at, with what they mean for the number of snippets."""
AGREEING = 0.8
"""Where such a share of the videos fits, small differences tell something, too."""
EXCHANGED = 0.95
"""Of the videos so many fit once their features are in the order of the durations, if they were given wrong names."""
FEWEST_EXCHANGED = 8


def fits(clock: SnippetClock, duration_sec: float, num_snippets: int) -> bool:
    """Return whether a video has as many snippets as a clock gives it, to one snippet of rounding at either end.

    Counted are whole windows (the fewest) up to windows that begin inside the video (the most).

    Args:
        clock: Of the features.
        duration_sec: Of the video.
        num_snippets: T.
    """
    fewest = clock.num_snippets(duration_sec) - 1
    most = duration_sec / clock.seconds_per_snippet + 1
    return fewest * (1 - SHARE_OF_ROUNDING) <= num_snippets <= most * (1 + SHARE_OF_ROUNDING)


def check_names_of_features(checked: CheckedSubset, videos: Sequence[str]) -> bool:
    """Find features that belong to other videos than they are named after; returns whether they do.

    They do where few numbers of snippets fit the durations, and nearly all once both are in order.

    Args:
        checked: Its clocks are known.
        videos: Those with a duration and a clock.
    """
    clocks, durations = checked.clocks, checked.durations
    wrong = [video for video in videos if not fits(clocks[video], durations[video], checked.num_snippets(video))]
    if len(videos) < FEWEST_EXCHANGED or len(wrong) < 0.25 * len(videos):
        return False
    by_duration = sorted(videos, key=lambda video: durations[video] / clocks[video].seconds_per_snippet)
    by_length = sorted(checked.num_snippets(video) for video in videos)
    fitting = sum(fits(clocks[video], durations[video], length) for video, length in zip(by_duration, by_length))
    if fitting < EXCHANGED * len(videos) or by_length[0] == by_length[-1]:
        return False
    checked.add('features-exchanged', f'{checked.subset.annotations.path}: the numbers of snippets of {len(wrong)} of '
                                      f'{len(videos)} videos, such as {wrong[0]} and {wrong[1]}, fit the durations of '
                                      f'other videos', *wrong)
    return True


def check_lengths(checked: CheckedSubset, videos: Sequence[str]) -> None:
    """Find videos whose number of snippets does not fit, and tell what it would fit.

    Args:
        checked: Its clocks are known.
        videos: Those with a duration and a clock.
    """
    clocks, durations = checked.clocks, checked.durations
    lengths = {video: checked.num_snippets(video) for video in videos}
    expected = {video: clocks[video].num_snippets(durations[video]) for video in videos}
    wrong = [video for video in videos if not fits(clocks[video], durations[video], lengths[video])]
    agreeing = len(videos) - len(wrong) >= AGREEING * len(videos)
    exchanged = _exchanged(checked, wrong)
    for video in wrong:
        length, right = lengths[video], expected[video]
        has = (f'{checked.subset.annotations.path}: video {video} of {durations[video]:g} s has {length} snippets; '
               f'expected about {right}')
        off = abs(length - right) > SNIPPETS_OF_MISMATCH
        ratio = next((words for ratio, words in USUAL_RATIOS.items()
                      if abs(length - ratio * right) <= max(1, 0.01 * right)), None)
        if video in exchanged:
            other = exchanged[video]
            if video < other:
                checked.add('features-exchanged', f'{has}. Video {other} of {durations[other]:g} s has '
                                                  f'{lengths[other]}; expected about {expected[other]}', video, other)
        elif off and abs(2 * length - right) <= max(2, SHARE_OF_ROUNDING * right):
            checked.add('features-half', has, video)
        elif off and agreeing and ratio is not None:
            checked.add('video-rate', f'{has}. It fits {ratio}', video)
        elif abs(length - right) > max(SHARE_OF_MISMATCH * right, SNIPPETS_OF_MISMATCH):
            checked.add('duration-mismatch', has, video)


def _exchanged(checked: CheckedSubset, wrong: Sequence[str]) -> dict[str, str]:
    """Return the videos, each with the only other one, that would fit if they exchanged their features."""
    clocks, durations, partners = checked.clocks, checked.durations, {}
    for video in wrong:
        found = [other for other in wrong if other != video
                 and fits(clocks[video], durations[video], checked.num_snippets(other))
                 and fits(clocks[other], durations[other], checked.num_snippets(video))]
        if len(found) == 1:
            partners[video] = found[0]
    return {video: other for video, other in partners.items() if partners.get(other) == video}
