"""Checks in time by where features change: streams against each other, and annotated borders against features."""
from __future__ import annotations

from itertools import combinations

import numpy as np

from rpn_plugin.datasets.checking.contents import Content, Contents
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.checking.usual import usual_and_deviation
from rpn_plugin.datasets.faults import Fault

MOST_LAG = 32
"""Snippets by which one stream is moved against the other."""
SLACK = 4
"""Snippets by which two streams of one video may truly differ, as windows of different lengths do."""
SHORTEST = 60
"""Snippets; the changes of shorter videos agree by chance."""
RELATED, UNRELATED = 0.6, 0.25
"""Correlation of the changes of two streams: median of videos that tell something, and of streams of two videos."""
DEVIATIONS = 5
"""A video of which the correlation, or later the rank, is odd lies so many standard deviations below the median."""
SHIFTED_SHARE = 0.7
"""Of the usual correlation, where streams are shifted; and of that so much at most without the shift."""
MOST_SHIFT = 64
"""Snippets by which annotated borders are moved against the features."""
BORDER_SLACK = 3
"""Snippets by which borders lie beside the changes of features in sets that are right."""
FEWEST_BORDERS = 40
CERTAIN = 10
"""Standard errors of a certain peak."""
LEFT_SHARE = 0.5
"""Of the peak so much at most is left near the borders, if they are shifted."""
SHARP, SHARP_SLACK, SHARP_SHARE = 20, 1, 0.3
"""The same three for a sharp peak, which tells shifts of two snippets, too: errors, slack and share."""
FIT, NO_FIT = 0.7, 0.35
"""Rank of the changes at the borders of a video, from -1 to 1: median where borders are at changes, and of borders that
do not belong to the features."""
FEWEST_OF_VIDEO, FEWEST_VIDEOS = 4, 8
"""Borders of a video and videos with so many from which on this can be told."""
RANKS = 127
"""The largest rank of a change."""
VARIANCE = RANKS**2 / 3
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
    usual, deviation = usual_and_deviation(values.values())
    if usual < RELATED:
        return
    if abs(lag) > SLACK:
        checked.add('streams-shifted', f'{checked.subset.annotations.path}: {two} changes {abs(lag)} snippets '
                                       f'{"after" if lag > 0 else "before"} {one} in most of {len(curves)} videos')
    for video, value in values.items():
        best = int(curves[video].argmax())
        shifted = (abs(best - peak) > SLACK and curves[video][best] > SHIFTED_SHARE * usual
                   and curves[video][max(0, peak - 1):peak + 2].max() < SHIFTED_SHARE * curves[video][best])
        if value < min(UNRELATED, usual - DEVIATIONS * deviation) or shifted:
            checked.add('streams-unrelated',
                        f'{checked.where(one, video)} and {checked.where(two, video)} change at different times '
                        f'(correlation {value:.2f}, and the median of the videos is {usual:.2f})'
                        + (f'; they fit with {abs(best - peak)} snippets between them' if shifted else ''), video)


def _check_borders(checked: CheckedSubset, contents: Contents) -> None:
    """Find borders that lie beside the changes of the features, of the whole subset or of a video.

    Reads segment times.
    """
    found = {video: _at_borders(checked, video, streams) for video, streams in contents.items()
             if streams and video in checked.clocks and video in checked.labels}
    if sum(map(len, found.values())) < FEWEST_BORDERS:
        return
    lags = np.arange(-MOST_SHIFT, MOST_SHIFT + 1)
    changes = np.concatenate(list(found.values()))
    errors = np.nansum(changes, axis=0) / np.sqrt(np.maximum(np.isfinite(changes).sum(0), 1) * VARIANCE)
    peak = int(errors.argmax())
    for certain, slack, share in ((CERTAIN, BORDER_SLACK, LEFT_SHARE), (SHARP, SHARP_SLACK, SHARP_SHARE)):
        here = errors[MOST_SHIFT - slack:MOST_SHIFT + slack + 1].max()
        if abs(lags[peak]) > slack and errors[peak] > certain and here < share * errors[peak]:
            seconds = np.median([checked.clocks[video].seconds_per_snippet for video in found])
            checked.add('segments-shifted',
                        f'{checked.subset.annotations.path}: features change most {abs(lags[peak])} snippets (about '
                        f'{abs(lags[peak]) * seconds:.3g} s) {"after" if lags[peak] > 0 else "before"} the annotated '
                        f'borders, in {len(found)} videos of {checked.subset.name}')
            return
    _check_fit(checked, found)


def _at_borders(checked: CheckedSubset, video: str, streams: dict[str, Content]) -> np.ndarray:
    """Return how much features change at each border and around it, (N, 2 * MOST_SHIFT + 1); NaN outside the video."""
    clock, length = checked.clocks[video], checked.num_snippets(video) - 1
    borders = np.unique(np.rint(clock.to_borders(_borders_sec(checked, video))).astype(np.int64))
    places = borders[:, None] - 1 + np.arange(-MOST_SHIFT, MOST_SHIFT + 1)
    if not length:
        return np.full(places.shape, np.nan)
    changes = np.mean([content.changes[:length] for content in streams.values()], axis=0)
    inside = (places >= 0) & (places < length)
    return np.where(inside, changes[places.clip(0, length - 1)], np.nan)


def _check_fit(checked: CheckedSubset, found: dict[str, np.ndarray]) -> None:
    """Find videos whose borders are at no changes, where those of the others are."""
    fits = {}
    for video, changes in found.items():
        near = changes[:, MOST_SHIFT - 1:MOST_SHIFT + 2]
        near = near[np.isfinite(near).any(1)]
        if len(near) >= FEWEST_OF_VIDEO:
            fits[video] = float(np.nanmax(near, axis=1).mean()) / RANKS
    if len(fits) < FEWEST_VIDEOS:
        return
    usual, deviation = usual_and_deviation(fits.values())
    for video, fit in fits.items():
        if usual > FIT and fit < min(NO_FIT, usual - DEVIATIONS * deviation):
            checked.add('segments-unrelated',
                        f'{checked.subset.annotations.path}: the features of video {video} do not change at its '
                        f'annotated borders (rank {fit:.2f} from -1 to 1, and the median of the videos is '
                        f'{usual:.2f})', video)


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
