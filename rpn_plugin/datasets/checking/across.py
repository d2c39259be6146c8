"""Checks between subsets: training videos against test videos."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from rpn_plugin.datasets.checking.between import check_between
from rpn_plugin.datasets.checking.contents import Contents
from rpn_plugin.datasets.checking.copies import copies, videos_twice
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Finding


def check_across(all_checked: Sequence[CheckedSubset], contents: Sequence[Contents]) -> list[Finding]:
    """Find class orders that differ, classes that are not trained or not there, and videos that are there twice.

    The features of each subset that is tested on are compared with those of the first that is trained on.

    Args:
        all_checked: Every subset.
        contents: What :func:`check_values` returned for each.
    """
    if not all_checked:
        return []
    findings = _class_orders(all_checked) or _classes(all_checked)
    for first, second in combinations(range(len(all_checked)), 2):
        findings += videos_twice(all_checked[first], all_checked[second], contents[first], contents[second])
    for checked, found in zip(all_checked, contents):
        findings += copies(checked, found)
    training = next((place for place, checked in enumerate(all_checked) if checked.subset.training), None)
    for place, checked in enumerate(all_checked):
        if training is not None and not checked.subset.training:
            findings += check_between(all_checked[training], checked, contents[training], contents[place])
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
    if tested and all(len(checked.labels) == len(checked.subset.videos) for checked in all_checked):
        findings += [Finding('class-untested', f'{classes[label]}: {_number(all_checked, label)} training videos')
                     for label in sorted(trained - tested)]
    findings += [Finding('class-unused', classes[label]) for label in range(len(classes))
                 if label not in trained | tested]
    return findings


def _number(all_checked: Sequence[CheckedSubset], label: int) -> int:
    return sum(label in labels for checked in all_checked for labels in checked.labels.values())
