"""Checks of each video against the other videos of its subset, by the numbers that are kept of their features."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from rpn_plugin.datasets.checking.contents import Content, Contents, of_stream
from rpn_plugin.datasets.checking.signatures import Signatures, swap_margin
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.checking.usual import usual_and_deviation

FEWEST_VIDEOS = 4
"""With less there is nothing usual."""
FEWEST_SNIPPETS = 8
"""Shorter videos have no statistics of their own."""
SCALE_RATIO, LEAST_SCALE_RATIO, SCALE_DEVIATIONS = 4, 2, 8
"""Magnitudes of one network differ by less from video to video: by the first, and where the second is so many standard
deviations, by the second."""
FEWEST_KNOWN = 12
"""With less, it is not known by how much videos differ."""
EQUAL_NORMS, USUAL_NORMS = 0.01, 0.1
"""Lengths of snippets differ by such shares of their median: at most if they are normalized, at least if not."""
NEGLIGIBLE = 1e-3
"""Values below zero by such a share of the usual magnitude are rounding."""
FROZEN_SHARE = 0.05
"""No video changes so little over time, compared with the others."""
ORDERED, UNORDERED = 0.45, 0.8
"""Roughness of features that follow each other, and of features in no order."""
FEWEST_UNORDERED = 32
"""Snippets from which on the roughness of a video is certain enough."""
SPIKE, USUAL_SPIKES = 25, 5
"""A snippet so many times the median one of its video, and the peak of its video so many times the usual peak."""
DEAD_SHARE, RECTIFIED_SHARE, RARE_SHARE = 0.16, 0.25, 0.02
"""A video has dead channels if such a share of them is constant, or the second where no value is below zero as after a
ReLU, and each of these is constant in so few of the videos."""
MANY_VIDEOS, DEAD_SHARE_OF_MANY = 80, 0.05
"""Of so many videos it is certain which channels are rarely constant, so that a smaller share tells."""
OFFSET = 3
"""Means of one network move from video to video by fewer standard deviations."""
UNLIKE, UNLIKE_DEVIATIONS, USUALLY_LIKE = 0.4, 7, 0.6
"""Agreement of a video's channels with those of the others: of permuted channels, how many standard deviations it lies
below the median at least, and the least median that tells something."""
LONG_ENOUGH = 64
"""Snippets from which on the channels of a video tell something."""
SWAPPED, LEAST_MARGIN = -0.5, 1.0
"""Swapped streams fit each other's place by such a share of the usual margin, where that is at least so large."""


def check_among(checked: CheckedSubset, contents: Contents) -> None:
    """Find videos whose features are not like those of the others."""
    signatures: dict[str, Signatures] = {}
    for stream in checked.subset.stores:
        found = of_stream(contents, stream)
        _check_scale(checked, stream, found)
        if len(found) < FEWEST_VIDEOS:
            continue
        _check_zeros(checked, stream, found)
        _check_norms(checked, stream, found)
        _check_signs(checked, stream, found)
        # what a spike or dead channels do to the other numbers is not told again
        spoilt = _check_spikes(checked, stream, found)
        _check_course(checked, stream, {video: content for video, content in found.items() if video not in spoilt})
        spoilt |= _check_dead(checked, stream, found)
        _check_means(checked, stream, found)
        signatures[stream] = Signatures({video: content for video, content in found.items() if video not in spoilt})
    swapped = _check_swapped(checked, signatures)
    for stream, known in signatures.items():
        _check_channels(checked, stream, known, swapped)


def _check_scale(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> None:
    logarithm, deviation = usual_and_deviation(np.log([content.scale for content in found.values()]))
    usual, most = np.exp(logarithm), np.log(SCALE_RATIO)
    if len(found) >= FEWEST_KNOWN:
        most = min(most, max(np.log(LEAST_SCALE_RATIO), SCALE_DEVIATIONS * deviation))
    for video, content in found.items():
        if abs(np.log(content.scale / usual)) > most:
            checked.add('values-scale', f'{checked.where(stream, video)}: the root mean square is {content.scale:.3g}, '
                                        f'and the median of the videos is {usual:.3g}', video)


def _check_zeros(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> None:
    """Find snippets that are zero, unless most videos have some or a row of them was found already."""
    having = {video: content for video, content in found.items() if content.num_zero}
    known = {finding.videos for finding in checked.findings if finding.code == 'values-repeated'}
    if 2 * len(having) > len(found):
        return
    for video, content in having.items():
        if (video, ) not in known:
            listed = ', '.join(map(str, content.zero_snippets)) + (', ...' if content.num_zero > 10 else '')
            checked.add('snippets-zero', f'{checked.where(stream, video)}: {content.num_zero} of {content.length} '
                                         f'snippets are zero: {listed}', video)


def relative_spread(content: Content) -> float:
    """Return by how much the lengths of a video's snippets differ, relative to the median; 0 if they are normalized."""
    smallest, median, largest = content.norms
    return (largest - smallest) / median if median > 0 else np.inf


def _check_norms(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> None:
    spreads = {video: relative_spread(content) for video, content in found.items() if content.length >= FEWEST_SNIPPETS}
    usual = np.median(list(spreads.values())) if spreads else np.inf
    for video, spread in spreads.items():
        where, length = checked.where(stream, video), found[video].norms[1]
        if spread < EQUAL_NORMS and usual > USUAL_NORMS:
            checked.add('values-normalized', f'{where}: every snippet has the length {length:.4g}, which those of the '
                                             f'other videos have not', video)
        elif spread > USUAL_NORMS and usual < EQUAL_NORMS:
            checked.add('values-normalized', f'{where}: snippets have lengths of {found[video].norms[0]:.4g} to '
                                             f'{found[video].norms[2]:.4g}, and in other videos all the same', video)


def has_negatives(content: Content) -> bool:
    """Return whether values lie below zero by more than rounding."""
    return content.lowest < -NEGLIGIBLE * content.scale


def _check_signs(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> None:
    below = [video for video, content in found.items() if has_negatives(content)]
    if 0 < len(below) <= max(1, 0.1 * len(found)):
        for video in below:
            checked.add('values-negative', f'{checked.where(stream, video)}: the smallest value is '
                                           f'{found[video].lowest:.3g}, and the other videos have none below zero',
                        video)
    above = [video for video in found if video not in set(below)]
    if 0 < len(above) <= max(1, 0.1 * len(found)):
        for video in above:
            if found[video].length * found[video].width >= 64:
                checked.add('values-negative', f'{checked.where(stream, video)}: no value is below zero, and the other '
                                               f'videos have such', video)


def _check_course(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> None:
    """Find videos that hardly change over time, and videos whose snippets follow each other in no order."""
    if not found:
        return
    motions = {video: float(np.sqrt(np.square(content.stds).mean())) for video, content in found.items()}
    usual = np.median(list(motions.values()))
    usual_roughness = np.median([content.roughness for content in found.values()])
    for video, content in found.items():
        where = checked.where(stream, video)
        if motions[video] < FROZEN_SHARE * usual and content.length >= FEWEST_SNIPPETS:
            checked.add('values-frozen', f'{where}: values change over time by {motions[video]:.3g}, and the median of '
                                         f'the videos is {usual:.3g}', video)
        if content.roughness > UNORDERED and usual_roughness < ORDERED and content.length >= FEWEST_UNORDERED:
            checked.add('values-unordered', f'{where}: neighbouring snippets are as different as any two '
                                            f'({content.roughness:.2f}; the median of the videos is '
                                            f'{usual_roughness:.2f})', video)


def _check_spikes(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> set[str]:
    """Find videos with one snippet far larger than the others; returns them."""
    spiked = set()
    peaks = {video: content.norms[2] / content.norms[1] for video, content in found.items() if content.norms[1] > 0}
    usual = np.median(list(peaks.values())) if peaks else np.inf
    for video, peak in peaks.items():
        if peak > max(SPIKE, USUAL_SPIKES * usual):
            spiked.add(video)
            checked.add('values-spike', f'{checked.where(stream, video)}: snippet {found[video].longest} is {peak:.3g} '
                                        f'times the median one', video)
    return spiked


def _check_dead(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> set[str]:
    """Find videos in which channels are constant that vary in nearly all others; returns them."""
    stopped = set()
    known = {video: content for video, content in found.items() if content.length >= FEWEST_SNIPPETS}
    holders = Counter(int(channel) for content in known.values() for channel in content.constant)
    for video, content in known.items():
        dead = [int(channel) for channel in content.constant
                if holders[int(channel)] <= max(1, RARE_SHARE * len(known))]
        share = RECTIFIED_SHARE if not has_negatives(content) else (
            DEAD_SHARE_OF_MANY if len(known) >= MANY_VIDEOS else DEAD_SHARE)
        if len(dead) >= max(2, share * content.width):
            stopped.add(video)
            checked.add('channels-dead', f'{checked.where(stream, video)}: {len(dead)} of {content.width} channels, '
                                         f'such as {dead[0]}, are constant, and vary in the other videos', video)
    return stopped


def _check_means(checked: CheckedSubset, stream: str, found: Mapping[str, Content]) -> None:
    centre = np.median([content.means for content in found.values()], axis=0)
    deviation = np.median([content.stds for content in found.values()], axis=0)
    moving = deviation > 0
    for video, content in found.items() if moving.any() else ():
        # of the larger deviation: where only the scale differs, the means move with it
        larger = np.maximum(content.stds, deviation)[moving]
        offset = float(np.median(np.abs(content.means - centre)[moving] / larger))
        if offset > OFFSET and content.length >= FEWEST_SNIPPETS:
            checked.add('values-offset', f'{checked.where(stream, video)}: the means of the channels are {offset:.3g} '
                                         f'standard deviations from those of the other videos', video)


def _check_swapped(checked: CheckedSubset, signatures: Mapping[str, Signatures]) -> set[str]:
    """Find videos whose streams fit better in each other's place; returns them."""
    swapped = set()
    for one, two in combinations(signatures, 2):
        first, second = signatures[one], signatures[two]
        if not first.centre or not second.centre or first.width != second.width:
            continue
        margins = {video: swap_margin(first.videos[video], second.videos[video], first, second)
                   for video in first.videos if video in second.videos}
        usual = float(np.median(list(margins.values())))
        for video, margin in margins.items():
            if usual > LEAST_MARGIN and margin < SWAPPED * usual:
                swapped.add(video)
                checked.add('video-streams-swapped',
                            f'{checked.where(one, video)} looks like {two} of the other videos, and '
                            f'{checked.where(two, video)} like {one}', video)
    return swapped


def _check_channels(checked: CheckedSubset, stream: str, known: Signatures, swapped: set[str]) -> None:
    """Find videos whose channels are not those of the others."""
    if not known.reliable or len(known.videos) < FEWEST_KNOWN:
        return
    likeness = {video: known.likeness(found, known.reliable) for video, found in known.videos.items()}
    usual, deviation = usual_and_deviation(likeness.values())
    for video, like in likeness.items():
        length = checked.headers[video][stream].length
        unlike = usual > USUALLY_LIKE and like < min(UNLIKE, usual - UNLIKE_DEVIATIONS * deviation)
        if unlike and length >= LONG_ENOUGH and video not in swapped:
            checked.add('video-channels', f'{checked.where(stream, video)}: its channels agree by {like:.2f} with '
                                          f'those of the other videos, whose median is {usual:.2f}', video)
