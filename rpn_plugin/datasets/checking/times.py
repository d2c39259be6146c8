"""Checks of durations, of the recipe of the features, and of annotated segments."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import WARNING, Fault
from rpn_plugin.structures import SnippetClock, describe_recipe

USUAL_RECIPES = tuple(dict(fps=fps, snippet_stride=stride, window=16) for fps in (25, 30, 24, 15, 10, 'video')
                      for stride in (16, 8, 4))
"""Of the feature releases of this field: windows of 16 frames."""
SHARE_OF_ROUNDING = 0.02
"""A duration and the frames that were decoded agree to about so much; the usual frame rates differ by 4 % and more."""
SHARE_OF_MISMATCH = 0.1
SNIPPETS_OF_MISMATCH = 3
"""A video whose T is off by more than both is named."""
SHARE_OUTSIDE = 0.25
FEW_OUTSIDE = 3
"""With more of its segments outside than both, a file is not in seconds."""
SLACK_SEC = 0.64
"""How far beyond its video a segment may reach where no recipe says how long a snippet is."""


def check_durations(checked: CheckedSubset) -> None:
    """Find durations that are missing or invalid; fill in ``durations``."""
    subset, missing = checked.subset, []
    for video in subset.videos:
        try:
            duration = subset.annotations.video_duration_sec(video)
        except Fault as fault:
            checked.add_fault(fault, video)
            continue
        if duration is None:
            missing.append(video)
        else:
            checked.durations[video] = duration
    if len(missing) == len(subset.videos):
        checked.add('duration-missing', f'{subset.annotations.path}: none of the {len(missing)} videos has a duration',
                    *missing)
        return
    for video in missing:
        checked.add('duration-missing', f'{subset.annotations.path}: video {video} has no duration', video)


def check_recipe(checked: CheckedSubset) -> None:
    """Find a recipe that is missing, or that durations and lengths contradict; else the videos that contradict it.

    Fills in ``clocks``.
    """
    subset = checked.subset
    if not subset.stores:
        return
    path, timed = subset.annotations.path, [video for video in checked.headers if video in checked.durations]
    if subset.recipe is None:
        checked.add('recipe-missing', f'{path}: {describe_fit(checked, timed)}')
        return
    for video in checked.headers:
        try:
            checked.clocks[video] = _clock(checked, subset.recipe, video)
        except ValueError as error:
            checked.add('recipe-invalid', f'{path}: video {video}: {error}', video)
    if subset.recipe.get('spread_over_duration'):
        return
    timed = [video for video in timed if video in checked.clocks]
    fit = [fits(checked.clocks[video], checked.durations[video], checked.num_snippets(video)) for video in timed]
    if sum(fit) < 0.5 * len(fit):
        checked.add('recipe-contradicted', f'{path}: the recipe is {describe_recipe(subset.recipe)}, but '
                                           f'{describe_fit(checked, timed)}')
        return
    for video in timed:
        length, expected = checked.num_snippets(video), checked.clocks[video].num_snippets(checked.durations[video])
        if abs(length - expected) > max(SHARE_OF_MISMATCH * expected, SNIPPETS_OF_MISMATCH):
            checked.add('duration-mismatch', f'{path}: video {video} of {checked.durations[video]:g} s has {length} '
                                             f'snippets; expected about {expected}', video)


def _clock(checked: CheckedSubset, recipe: Mapping[str, Any], video: str) -> SnippetClock:
    return SnippetClock.from_recipe(recipe, duration_sec=checked.durations.get(video),
                                    num_snippets=checked.num_snippets(video),
                                    video_fps=checked.subset.annotations.database[video].get('fps'))


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


def describe_fit(checked: CheckedSubset, videos: Sequence[str]) -> str:
    """Name the recipes that fit the durations and lengths of videos, as half a sentence."""
    if not videos:
        return 'no video has a duration that would tell'
    durations = np.array([checked.durations[video] for video in videos])
    lengths = np.array([checked.num_snippets(video) for video in videos])
    if len(videos) > 2 and np.ptp(lengths) == 0 and np.ptp(durations) > 0.1 * durations.max():
        return (f'every video has T={lengths[0]}, whatever its duration: features spread over the duration, '
                f'recipe=dict(fps=..., spread_over_duration=True)')
    seconds = durations / lengths
    tell = f'durations and lengths tell {np.median(seconds):.4g} s per snippet (median of {len(videos)} videos)'
    shares = [_share_that_fits(checked, recipe, videos) for recipe in USUAL_RECIPES]
    if max(shares) < 0.5:
        low, high = np.quantile(seconds, [0.1, 0.9])
        return f'{tell}, which is none of the usual recipes; 80 % of the videos have {low:.4g} to {high:.4g} s'
    names = [f'{_rate(recipe["fps"])} / stride {recipe["snippet_stride"]} (fits {100 * share:.0f} % of the videos)'
             for recipe, share in zip(USUAL_RECIPES, shares) if share > max(shares) - 0.05]
    return f'{tell}, as {" or ".join(names)} would give'


def _rate(fps: float | str) -> str:
    return 'the frame rate of each video' if fps == 'video' else f'{fps:g} fps'


def _share_that_fits(checked: CheckedSubset, recipe: Mapping[str, Any], videos: Sequence[str]) -> float:
    """Return the share of videos that a recipe fits; 0 where it needs frame rates that are not known."""
    try:
        return float(np.mean([fits(_clock(checked, recipe, video), checked.durations[video],
                                   checked.num_snippets(video)) for video in videos]))
    except ValueError:
        return 0.0


def check_segments(checked: CheckedSubset) -> None:
    """Find segments that are no intervals, empty, annotated twice, or outside their videos. Reads segment times.

    No training reads them, so that in a training subset all of it is a warning.
    """
    subset, outside, total = checked.subset, {}, 0
    clocks = {} if checked.found('recipe-contradicted') else checked.clocks
    severity = WARNING if subset.training else ''
    for video in checked.labels:
        found = []
        for annotation in subset.annotations.annotations(video):
            try:
                found.append((annotation['label'], *subset.annotations.segment(video, annotation)))
            except Fault as fault:
                checked.add_fault(fault, video, severity=severity)
        total += len(found)
        _check_instances(checked, video, found)
        limit_sec, what, beyond = _outside(checked, video, clocks.get(video), found)
        if beyond:
            outside[video] = len(beyond), (f'{subset.annotations.path}: video {video} of {limit_sec:g} s ({what}): '
                                           f'{len(beyond)} of {len(found)} segments, {_describe(beyond)}')
    number = sum(count for count, _ in outside.values())
    if number > max(SHARE_OUTSIDE * total, FEW_OUTSIDE):
        checked.add('segments-unit', f'{subset.annotations.path}: {number} of {total} segments, in {len(outside)} '
                                     f'videos, such as {next(iter(outside.values()))[1]}', *outside, severity=severity)
        return
    for video, (_, message) in outside.items():
        checked.add('segment-outside', message, video)


Instance = tuple[str, float, float]


def _describe(found: Sequence[Instance]) -> str:
    label, start, end = found[0]
    return f'{label} [{start:g}, {end:g}]' + (f' to [{found[-1][1]:g}, {found[-1][2]:g}]' if len(found) > 1 else '')


def _check_instances(checked: CheckedSubset, video: str, found: Sequence[Instance]) -> None:
    has = f'{checked.subset.annotations.path}: video {video} has {{}} [{{:g}}, {{:g}}]'
    for instance, times in Counter(found).items():
        if instance[1] == instance[2]:
            checked.add('segment-empty', has.format(*instance), video)
        if times > 1:
            checked.add('segment-duplicated', f'{has.format(*instance)} {times} times', video)


def _outside(checked: CheckedSubset, video: str, clock: SnippetClock | None,
             found: Sequence[Instance]) -> tuple[float, str, list[Instance]]:
    """Return a video's end in seconds, what states it, and the segments outside by more than one snippet."""
    limit_sec, what, slack_sec = checked.durations.get(video, np.inf), 'duration', SLACK_SEC
    if clock is not None:
        slack_sec = clock.seconds_per_snippet
        covered_sec = clock.duration_sec(checked.num_snippets(video))
        if covered_sec < limit_sec - slack_sec:
            limit_sec, what = covered_sec, 'features'
    return limit_sec, what, [instance for instance in found
                             if instance[1] < -slack_sec or instance[2] > limit_sec + slack_sec]
