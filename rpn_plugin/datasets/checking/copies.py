"""Checks for videos that are there twice: under two names, as equal or nearly equal features, or in parts."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from rpn_plugin.datasets.checking.contents import HASHES, Content, Contents, of_stream
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.checking.values import SAME_COURSE, SHORTEST_COURSE, course
from rpn_plugin.datasets.faults import Finding
from rpn_plugin.structures import same_video_names

SAME_LENGTH = 0.1
"""Copies differ in length by at most this share."""
SHARED, FEWEST_SHARED = 0.3, 8
"""A test video of which such a share of the snippets, and of at least so many, is trained on."""
ROWS = 256
"""So many videos are compared with all at a time."""

Pairs = dict[tuple[str, str], list[str]]
"""Streams by two videos."""


def videos_twice(first: CheckedSubset, second: CheckedSubset, first_contents: Contents,
                 second_contents: Contents) -> list[Finding]:
    """Find videos of a training and a test subset that are one, or share snippets.

    Names and equal features are looked at first; what they tell is not told again.
    """
    one, two = first.subset, second.subset
    if one.training == two.training:
        return []
    reasons = {(name, name): ('train-test-overlap', 'by name') for name in one.videos.keys() & two.videos.keys()}
    for pair in same_video_names(one.videos, two.videos):
        reasons[pair] = 'train-test-overlap', 'two names of one video'
    for code, find, words in (
            ('train-test-overlap', equal_features, 'equal features'),
            ('train-test-near-copy', near_features, 'features that rise and fall together')):
        for pair, streams in find(first_contents, second_contents).items():
            reasons.setdefault(pair, (code, f'{words} ({", ".join(streams)})'))
    copied = {video for pair in reasons for video in pair}
    for pair, streams in shared_snippets(first_contents, second_contents).items():
        if copied.isdisjoint(pair):  # else the video shares what its copy shares
            reasons[pair] = 'train-test-snippets', (f'at least {SHARED:.0%} of the snippets of one are in the other '
                                                    f'({", ".join(streams)})')
    return [Finding(code, f'{name} in {one.name} of {one.annotations.path} is {other} in {two.name} of '
                          f'{two.annotations.path}: {reason}', videos=tuple(dict.fromkeys((name, other))))
            for (name, other), (code, reason) in sorted(reasons.items())]


def copies(checked: CheckedSubset, contents: Contents) -> list[Finding]:
    """Find videos of one subset with equal or nearly equal features, unless their names have told already."""
    known = {finding.videos for finding in checked.findings if finding.code == 'duplicated-video'}
    findings = []
    find: tuple[tuple[str, Callable[[Contents, Contents], Pairs], str], ...] = (
        ('duplicated-video', equal_features, 'equal features'),
        ('near-copy', near_features, 'features that rise and fall together'))
    for code, search, words in find:
        for (first, second), streams in search(contents, contents).items():
            if first < second and (first, second) not in known:
                known.add((first, second))
                findings.append(Finding(code, f'{checked.subset.annotations.path}: {first} and {second} have {words} '
                                              f'({", ".join(streams)})', checked.subset.name, (first, second)))
    return findings


def equal_features(first: Contents, second: Contents) -> Pairs:
    """Find pairs of different videos that hold the same values in a stream, and the streams."""
    holders: dict[tuple[str, bytes], list[str]] = {}
    for video, found in second.items():
        for stream, content in found.items():
            holders.setdefault((stream, content.digest), []).append(video)
    pairs: Pairs = {}
    for video, found in first.items():
        for stream, content in found.items():
            for other in holders.get((stream, content.digest), ()):
                if other != video:
                    pairs.setdefault((video, other), []).append(stream)
    return pairs


def near_features(first: Contents, second: Contents) -> Pairs:
    """Find pairs of different videos of nearly one length that take the same course in a stream, up to scale."""
    pairs: Pairs = {}
    for stream in _streams(first):
        names, courses, lengths = _courses(of_stream(first, stream))
        others, other_courses, other_lengths = _courses(of_stream(second, stream))
        for start in range(0, len(names) if others else 0, ROWS):
            alike = courses[start:start + ROWS] @ other_courses.T > SAME_COURSE
            for row, column in zip(*np.nonzero(alike)):
                one, two = names[start + row], others[column]
                length, other = lengths[start + row], other_lengths[column]
                if one != two and abs(length - other) <= SAME_LENGTH * max(length, other):
                    pairs.setdefault((one, two), []).append(stream)
    return pairs


def _courses(found: dict[str, Content]) -> tuple[list[str], np.ndarray, list[int]]:
    """Return names, unit vectors (N, ...) and lengths of the videos that are long enough and change."""
    courses = {video: course(content) for video, content in found.items() if content.length >= SHORTEST_COURSE}
    norms = {video: np.linalg.norm(values) for video, values in courses.items()}
    names = [video for video in courses if norms[video] > 0]
    units = np.array([courses[video] / norms[video] for video in names], dtype=np.float32)
    return names, units, [found[video].length for video in names]


def shared_snippets(first: Contents, second: Contents) -> Pairs:
    """Find pairs of videos that share many snippets exactly.

    Of each video the snippets with the smallest hashes are known. Up to the smaller of the two largest hashes that are
    kept, what is known of both is complete.
    """
    pairs: Pairs = {}
    for stream in _streams(first):
        known, others = of_stream(first, stream), of_stream(second, stream)
        holders: dict[int, list[str]] = {}
        for video, content in known.items():
            for value in content.hashes.tolist():
                holders.setdefault(value, []).append(video)
        for other, content in others.items():
            common = Counter(video for value in content.hashes.tolist() for video in holders.get(value, ()))
            for video, number in common.items():
                if number >= SHARED * FEWEST_SHARED and _share(known[video], content) >= SHARED:
                    pairs.setdefault((video, other), []).append(stream)
    return pairs


def _share(first: Content, second: Content) -> float:
    """Estimate which share of the snippets of the shorter video is in the other; 0 where too few are known."""
    limits = [content.hashes[-1] for content in (first, second) if len(content.hashes) == HASHES]
    one, two = (content.hashes if not limits else content.hashes[content.hashes <= min(limits)]
                for content in (first, second))
    fewest = min(len(one), len(two))
    return len(np.intersect1d(one, two)) / fewest if fewest >= FEWEST_SHARED else 0.0


def _streams(contents: Contents) -> Iterator[str]:
    yield from dict.fromkeys(stream for found in contents.values() for stream in found)
