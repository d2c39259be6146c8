"""Checks in time by where features change: streams against each other, and annotated borders against features."""
from __future__ import annotations

from itertools import combinations

import numpy as np

from rpn_plugin.datasets.checking.contents import Content, Contents
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Fault

MOST_LAG = 32
"""Snippets by which one stream is moved against the other."""
SLACK = 4
"""Snippets by which two streams of one video may truly differ, as windows of different lengths do."""
SHORTEST = 60
"""Snippets; the changes of shorter videos agree by chance."""
RELATED, UNRELATED = 0.5, 0.25
"""Correlation of the changes of two streams: median of videos that tell something, and of streams of two videos."""
MOST_SHIFT = 64
"""Snippets by which annotated borders are moved against the features."""
BORDER_SLACK = 3
"""Snippets by which borders lie beside the changes of features in sets that are right."""
FEWEST_BORDERS = 40
CERTAIN = 10
"""Standard errors of a certain peak."""
LEFT_SHARE = 0.5
"""Of the peak so much at most is left where the borders are, if they are shifted."""
VARIANCE = 127**2 / 3
"""Of evenly distributed ranks."""


def check_alignment(checked: CheckedSubset, contents: Contents) -> None:
    """Find streams that are not of one time or one video, and annotated borders that are shifted as a whole."""
    for one, two in combinations(checked.subset.stores, 2):
        both = {video: (found[one], found[two]) for video, found in contents.items() if one in found and two in found}
        _check_streams(checked, one, two, both)
    if checked.clocks and not checked.found('recipe-contradicted'):
        _check_borders(checked, contents)


def lag_correlations(first: np.ndarray, second: np.ndarray, most: int = MOST_LAG) -> np.ndarray:
    """Return the correlation of ranks (T, ) int8 with others moved to the left by -most to most, (2 * most + 1, )."""
    length = min(len(first), len(second))
    first, second = (np.asarray(ranks[:length], dtype=np.float64) for ranks in (first, second))
    return np.array([first[max(0, -lag):length - max(0, lag)] @ second[max(0, lag):length - max(0, -lag)]
                     / ((length - abs(lag)) * VARIANCE) for lag in range(-most, most + 1)])


def _check_streams(checked: CheckedSubset, one: str, two: str, both: dict[str, tuple[Content, Content]]) -> None:
    curves = {video: lag_correlations(first.changes, second.changes) for video, (first, second) in both.items()
              if min(first.length, second.length) >= SHORTEST and first.digest != second.digest}
    if len(curves) < 4:
        return
    total = np.median(list(curves.values()), axis=0)
    peak = int(total.argmax())
    lag = peak - MOST_LAG
    near = slice(max(0, peak - SLACK), peak + SLACK + 1)
    values = {video: float(curve[near].max()) for video, curve in curves.items()}
    usual = float(np.median(list(values.values())))
    if usual < RELATED:
        return
    if abs(lag) > SLACK:
        checked.add('streams-shifted', f'{checked.subset.annotations.path}: {two} changes {abs(lag)} snippets '
                                       f'{"after" if lag > 0 else "before"} {one} in most of {len(curves)} videos')
    for video, value in values.items():
        if value < UNRELATED:
            checked.add('streams-unrelated',
                        f'{checked.where(one, video)} and {checked.where(two, video)} change at different times '
                        f'(correlation {value:.2f}, and the median of the videos is {usual:.2f})', video)


def _check_borders(checked: CheckedSubset, contents: Contents) -> None:
    """Find borders that as a whole lie beside the changes of the features. Reads segment times."""
    lags = np.arange(-MOST_SHIFT, MOST_SHIFT + 1)
    sums, numbers, seconds = np.zeros(len(lags)), np.zeros(len(lags)), []
    for video, found in contents.items():
        if not found or video not in checked.clocks or video not in checked.labels:
            continue
        clock, length = checked.clocks[video], checked.num_snippets(video) - 1
        seconds.append(clock.seconds_per_snippet)
        changes = np.mean([content.changes[:length] for content in found.values()], axis=0)
        places = np.rint(clock.to_borders(_borders_sec(checked, video))).astype(np.int64)[:, None] - 1 + lags
        inside = (places >= 0) & (places < length)
        if length:
            sums += np.where(inside, changes[places.clip(0, length - 1)], 0).sum(0)
            numbers += inside.sum(0)
    if numbers[MOST_SHIFT] < FEWEST_BORDERS:
        return
    errors = sums / np.sqrt(np.maximum(numbers, 1) * VARIANCE)
    peak = int(errors.argmax())
    here = errors[MOST_SHIFT - BORDER_SLACK:MOST_SHIFT + BORDER_SLACK + 1].max()
    if abs(lags[peak]) > BORDER_SLACK and errors[peak] > CERTAIN and here < LEFT_SHARE * errors[peak]:
        checked.add('segments-shifted',
                    f'{checked.subset.annotations.path}: features change most {abs(lags[peak])} snippets (about '
                    f'{abs(lags[peak]) * np.median(seconds):.3g} s) {"after" if lags[peak] > 0 else "before"} the '
                    f'annotated borders, in {len(seconds)} videos')


def _borders_sec(checked: CheckedSubset, video: str) -> np.ndarray:
    """Return starts and ends of a video's usable segments that a video of this length can have, (2 * N, )."""
    annotations, borders = checked.subset.annotations, list[float]()
    for annotation in annotations.annotations(video):
        try:
            borders += annotations.segment(video, annotation)
        except Fault:  # listed by check_segments
            continue
    values = np.array(borders, dtype=np.float64)
    most_sec = 2 * checked.clocks[video].duration_sec(checked.num_snippets(video))
    return values[np.abs(values) <= most_sec]
