"""Checks between subsets: training videos against test videos."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.checking.values import Contents
from rpn_plugin.datasets.faults import Finding
from rpn_plugin.structures import same_video_names


def check_across(all_checked: Sequence[CheckedSubset], contents: Sequence[Contents]) -> list[Finding]:
    """Find class orders that differ, classes that are not trained or not there, and videos that are there twice.

    Args:
        all_checked: Every subset.
        contents: What :func:`check_values` returned for each.
    """
    if not all_checked:
        return []
    findings = _class_orders(all_checked) or _classes(all_checked)
    for first, second in combinations(range(len(all_checked)), 2):
        findings += _videos_twice(all_checked[first], all_checked[second], contents[first], contents[second])
    for checked, found in zip(all_checked, contents):
        findings += _copies(checked, found)
    return findings


def _class_orders(all_checked: Sequence[CheckedSubset]) -> list[Finding]:
    first = all_checked[0]
    return [Finding('class-order', f'{first.subset.annotations.path} has {list(first.subset.annotations.classes)}, but '
                                   f'{other.subset.annotations.path} has {list(other.subset.annotations.classes)}',
                    other.subset.name)
            for other in all_checked[1:] if other.subset.annotations.classes != first.subset.annotations.classes]


def _classes(all_checked: Sequence[CheckedSubset]) -> list[Finding]:
    """Find classes without video and, where there is a training subset, classes with test videos only."""
    findings, classes = [], all_checked[0].subset.annotations.classes
    trained, tested = ({label for checked in all_checked if checked.subset.training == training
                        for labels in checked.labels.values() for label in labels} for training in (True, False))
    if any(checked.subset.training for checked in all_checked):
        findings += [Finding('class-unseen', f'{classes[label]}: {_number(all_checked, label)} test videos')
                     for label in sorted(tested - trained)]
    findings += [Finding('class-unused', classes[label]) for label in range(len(classes))
                 if label not in trained | tested]
    return findings


def _number(all_checked: Sequence[CheckedSubset], label: int) -> int:
    return sum(label in labels for checked in all_checked for labels in checked.labels.values())


def _videos_twice(first: CheckedSubset, second: CheckedSubset, first_contents: Contents,
                  second_contents: Contents) -> list[Finding]:
    """Find videos in two subsets: by name, by another form of the name, or by equal features."""
    if first.subset.training == second.subset.training:
        return []
    one, two = first.subset, second.subset
    reasons = {(name, name): 'by name' for name in one.videos.keys() & two.videos.keys()}
    reasons |= {pair: 'two names of one video' for pair in same_video_names(one.videos, two.videos)}
    for name, other, streams in _equal_features(first_contents, second_contents):
        reasons.setdefault((name, other), f'equal features ({streams})')
    return [Finding('train-test-overlap', f'{name} in {one.name} of {one.annotations.path} is {other} in {two.name} of '
                                          f'{two.annotations.path}: {reason}', videos=tuple(dict.fromkeys(pair)))
            for pair, reason in sorted(reasons.items()) for name, other in [pair]]


def _copies(checked: CheckedSubset, contents: Contents) -> list[Finding]:
    """Find videos of one subset with equal features, unless their names have told already."""
    known = {finding.videos for finding in checked.findings if finding.code == 'duplicated-video'}
    return [Finding('duplicated-video', f'{first} and {second} have equal features ({streams})', checked.subset.name,
                    (first, second))
            for first, second, streams in _equal_features(contents, contents)
            if first < second and (first, second) not in known]


def _equal_features(first: Contents, second: Contents) -> list[tuple[str, str, str]]:
    """Find pairs of different videos that hold the same values in a stream, and the streams."""
    holders: dict[tuple[str, bytes], list[str]] = {}
    for video, found in second.items():
        for stream, content in found.items():
            holders.setdefault((stream, content.digest), []).append(video)
    pairs: dict[tuple[str, str], list[str]] = {}
    for video, found in first.items():
        for stream, content in found.items():
            for other in holders.get((stream, content.digest), ()):
                if other != video:
                    pairs.setdefault((video, other), []).append(stream)
    return [(*pair, ', '.join(streams)) for pair, streams in pairs.items()]
