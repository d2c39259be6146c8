"""Checks of durations and of the recipe of the features."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rpn_plugin.datasets.checking.lengths import check_lengths, check_names_of_features, fits
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.structures import SnippetClock, describe_recipe

USUAL_RECIPES = tuple(dict(fps=fps, snippet_stride=stride, window=16) for fps in (25, 30, 24, 15, 10, 'video')
                      for stride in (16, 8, 4))
"""Of the feature releases of this field: windows of 16 frames."""
LONGEST_SEC = 86400
"""A day: a longer video is not stated in seconds."""
SHORTEST_SNIPPET_SEC = 1e-6
"""Nothing is recorded at such a rate."""
LONG_SEC, LONG_RATIO = 3600, 100
"""Neither is one of more than an hour and so many times the median."""
FEWEST_VIDEOS = 4
"""With less there is no usual duration."""


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
    _check_plausible(checked)


def _check_plausible(checked: CheckedSubset) -> None:
    """Find durations that nobody can mean, which count as not stated, and frame rates that are none."""
    path = checked.subset.annotations.path
    known = [duration_sec for duration_sec in checked.durations.values() if duration_sec <= LONGEST_SEC]
    usual_sec = float(np.median(known)) if len(known) >= FEWEST_VIDEOS else np.inf
    for video, duration_sec in list(checked.durations.items()):
        if duration_sec > min(LONGEST_SEC, max(LONG_SEC, LONG_RATIO * usual_sec)):
            del checked.durations[video]
            checked.add('duration-implausible', f'{path}: video {video} is said to last {duration_sec:g} s'
                                                + (f'; the median is {usual_sec:g} s' if usual_sec < np.inf else ''),
                        video)
    for video, entry in checked.subset.videos.items():
        fps = entry.get('fps')
        if fps is not None and (isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps < np.inf):
            checked.add('fps-invalid', f'{path}: video {video} has the frame rate {fps!r:.100}', video)


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
    if check_names_of_features(checked, timed):
        return
    fit = [fits(checked.clocks[video], checked.durations[video], checked.num_snippets(video)) for video in timed]
    if sum(fit) < 0.5 * len(fit):
        checked.add('recipe-contradicted', f'{path}: the recipe is {describe_recipe(subset.recipe)}, but '
                                           f'{describe_fit(checked, timed)}')
        return
    check_lengths(checked, timed)


def _clock(checked: CheckedSubset, recipe: Mapping[str, Any], video: str) -> SnippetClock:
    clock = SnippetClock.from_recipe(recipe, duration_sec=checked.durations.get(video),
                                     num_snippets=checked.num_snippets(video),
                                     video_fps=checked.subset.annotations.database[video].get('fps'))
    if not SHORTEST_SNIPPET_SEC < clock.seconds_per_snippet < LONGEST_SEC:
        raise ValueError(f'expected snippets of more than {SHORTEST_SNIPPET_SEC:g} s and less than a day, but got one '
                         f'per {clock.seconds_per_snippet:g} s')
    return clock


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
