"""Checks of annotated segments. No training reads them, so that in a training subset most of it is a warning."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import WARNING, Fault
from rpn_plugin.structures import SnippetClock

SHARE_OUTSIDE = 0.25
FEW_OUTSIDE = 3
"""With more of its segments outside than both, a file is not in seconds."""
SLACK_SEC = 0.64
"""How far beyond its video a segment may reach where no recipe says how long a snippet is."""
FAR_OUTSIDE, FARTHER_OUTSIDE = 3, 10
"""A video is in another unit if the last segment ends so many durations late, and all or, with the second, two of them
end outside."""
SAME_INSTANCE = 0.9
"""IoU above which two instances of one class are one."""
NEXT_STARTS = 8
"""Instances that start next after one, among which the same one is looked for."""
SHORT = 0.5
"""Snippets; a shorter segment cannot be found."""
FEWEST_VIDEOS = 4
EARLY_SHARE = 0.05
"""Of the video; in no subset do all segments end so early."""
COVERED_SHARE, COVERED_VIDEOS = 0.95, 0.9
"""Where segments cover such a share of such a share of the videos, there is nothing to localize."""
COPIED = 3
"""So many equal segments of two videos are no chance."""

Instance = tuple[str, float, float]


def check_segments(checked: CheckedSubset) -> None:
    """Find segments that are no intervals, are there twice, cannot be found, or do not fit their videos."""
    severity = WARNING if checked.subset.training else ''
    instances: dict[str, list[Instance]] = {}
    for video in checked.labels:
        instances[video] = []
        for annotation in checked.subset.annotations.annotations(video):
            try:
                segment = checked.subset.annotations.segment(video, annotation)
                instances[video].append((annotation['label'], *segment))
            except Fault as fault:
                checked.add_fault(fault, video, severity=severity)
        _check_instances(checked, video, instances[video])
    _check_outside(checked, instances, severity)
    _check_shares(checked, instances, severity)
    _check_copied(checked, instances)


def _describe(found: Sequence[Instance]) -> str:
    label, start, end = found[0]
    return f'{label} [{start:g}, {end:g}]' + (f' to [{found[-1][1]:g}, {found[-1][2]:g}]' if len(found) > 1 else '')


def _check_instances(checked: CheckedSubset, video: str, found: Sequence[Instance]) -> None:
    has = f'{checked.subset.annotations.path}: video {video} has {{}} [{{:g}}, {{:g}}]'
    clock = checked.clocks.get(video)
    # where features are spread over a duration, snippets are as long as each video makes them
    spread = (checked.subset.recipe or {}).get('spread_over_duration')
    counted = Counter(found)
    for instance, times in counted.items():
        length = instance[2] - instance[1]
        if length == 0:
            checked.add('segment-empty', has.format(*instance), video)
        elif clock is not None and not spread and length < SHORT * clock.seconds_per_snippet:
            checked.add('segment-short', f'{has.format(*instance)}, and a snippet is {clock.seconds_per_snippet:.3g} s',
                        video)
        if times > 1:
            checked.add('segment-duplicated', f'{has.format(*instance)} {times} times', video)
    pairs = _near_duplicates(list(counted))
    if pairs:
        first, second = pairs[0]
        checked.add('segment-near-duplicate', f'{has.format(*first)} and [{second[1]:g}, {second[2]:g}]'
                                              + (f', and {len(pairs) - 1} more' if len(pairs) > 1 else ''), video)


def _near_duplicates(found: Sequence[Instance]) -> list[tuple[Instance, Instance]]:
    """Find different instances of one class that overlap nearly wholly, each with the next such."""
    ordered = sorted(found, key=lambda instance: (str(instance[0]), *instance[1:]))
    pairs = []
    for place, first in enumerate(ordered):
        for second in ordered[place + 1:place + 1 + NEXT_STARTS]:
            if second[0] == first[0] and _iou(first, second) > SAME_INSTANCE:
                pairs.append((first, second))
                break
    return pairs


def _iou(first: Instance, second: Instance) -> float:
    overlap = min(first[2], second[2]) - max(first[1], second[1])
    union = max(first[2], second[2]) - min(first[1], second[1])
    return overlap / union if overlap > 0 else 0.0


def _check_outside(checked: CheckedSubset, instances: Mapping[str, Sequence[Instance]], severity: str) -> None:
    """Find segments outside their videos; of many of them, or of all of a video, the unit is to blame."""
    subset, outside = checked.subset, {}
    clocks = {} if checked.found('recipe-contradicted') else checked.clocks
    total = sum(map(len, instances.values()))
    for video, found in instances.items():
        limit_sec, what, beyond = _outside(checked, video, clocks.get(video), found)
        if beyond:
            outside[video] = len(beyond), _is_scaled(found, beyond, limit_sec), (
                f'{subset.annotations.path}: video {video} of {limit_sec:g} s ({what}): {len(beyond)} of {len(found)} '
                f'segments, {_describe(beyond)}')
    number = sum(count for count, _, _ in outside.values())
    if number > max(SHARE_OUTSIDE * total, FEW_OUTSIDE):
        checked.add('segments-unit', f'{subset.annotations.path}: {number} of {total} segments, in {len(outside)} '
                                     f'videos, such as {next(iter(outside.values()))[2]}', *outside, severity=severity)
        return
    for video, (_, scaled, message) in outside.items():
        checked.add('segment-unit' if scaled else 'segment-outside', message, video,
                    severity=severity if scaled else '')


def _is_scaled(found: Sequence[Instance], beyond: Sequence[Instance], limit_sec: float) -> bool:
    """Return whether the segments of a video look as if all were in another unit than seconds."""
    last_sec = max(end for _, _, end in found)
    if len(found) == 1:
        return found[0][1] > limit_sec and last_sec > FAR_OUTSIDE * limit_sec
    return (all(end > limit_sec for _, _, end in found) and last_sec > FAR_OUTSIDE * limit_sec
            or len(beyond) > 1 and last_sec > FARTHER_OUTSIDE * limit_sec)


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


def _check_shares(checked: CheckedSubset, instances: Mapping[str, Sequence[Instance]], severity: str) -> None:
    """Find a subset whose segments all lie at the very start of their videos, or cover nearly all of them."""
    path, timed = checked.subset.annotations.path, {video: found for video, found in instances.items()
                                                    if found and video in checked.durations}
    if len(timed) < FEWEST_VIDEOS or checked.found('segments-unit'):
        return
    latest = {video: max(end for _, _, end in found) / checked.durations[video] for video, found in timed.items()}
    if max(latest.values()) < EARLY_SHARE:
        checked.add('segments-early', f'{path}: the last segments of the {len(latest)} videos of {checked.subset.name} '
                                      f'end after at most {max(latest.values()):.1%} of the duration, the median after '
                                      f'{median(latest.values()):.1%}', severity=severity)
    whole = [video for video, found in timed.items()
             if max(end - start for _, start, end in found) > COVERED_SHARE * checked.durations[video]]
    if len(whole) > COVERED_VIDEOS * len(timed):
        checked.add('segments-whole', f'{path}: in {len(whole)} of {len(timed)} videos of {checked.subset.name} one '
                                      f'segment covers at least {COVERED_SHARE:.0%} of the duration')


def _check_copied(checked: CheckedSubset, instances: Mapping[str, Sequence[Instance]]) -> None:
    """Find videos of which every segment is also one of another video."""
    holders: dict[tuple[Instance, ...], list[str]] = {}
    for video, found in instances.items():
        if len(set(found)) >= COPIED:
            holders.setdefault(tuple(sorted(found)), []).append(video)
    for found, videos in holders.items():
        for first, second in zip(videos, videos[1:]):
            checked.add('annotations-copied', f'{checked.subset.annotations.path}: {first} and {second} have the same '
                                              f'{len(found)} segments, {_describe(found)}', first, second)
