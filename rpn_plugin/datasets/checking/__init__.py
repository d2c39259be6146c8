"""Checks of a data set before it is trained on; ``rpn_plugin.datasets.faults`` lists them."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rpn_plugin.datasets.checking.across import check_across
from rpn_plugin.datasets.checking.headers import check_headers, extra_videos
from rpn_plugin.datasets.checking.labels import check_labels
from rpn_plugin.datasets.checking.names import check_spellings
from rpn_plugin.datasets.checking.segments import check_segments
from rpn_plugin.datasets.checking.statistics import count
from rpn_plugin.datasets.checking.subset import CheckedSubset, VideoSubset, agreed_recipe, open_stores
from rpn_plugin.datasets.checking.times import check_durations, check_recipe
from rpn_plugin.datasets.checking.values import check_values
from rpn_plugin.datasets.faults import Fault, Finding
from rpn_plugin.structures import SubsetStatistics, describe_recipe

__all__ = ['CheckedSubset', 'DatasetCheck', 'VideoSubset', 'agreed_recipe', 'check_dataset',
           'check_subset', 'open_stores']


def check_subset(subset: VideoSubset, segments: bool) -> CheckedSubset:
    """Check labels, durations and the headers of the features, as is done whenever a dataset is built.

    Args:
        subset: What to check.
        segments: Whether to check annotated segments, too. Never for training.

    Raises:
        ValueError: If there is no such subset.
    """
    checked = CheckedSubset(subset)
    check_labels(checked)
    check_durations(checked)
    check_headers(checked)
    check_recipe(checked)
    if segments:
        check_segments(checked)
    return checked


@dataclass(frozen=True)
class DatasetCheck:
    """The findings of a whole data set, with its statistics.

    Args:
        checked: One per subset that has videos.
        statistics: Of the same.
        findings: Of all.
        remarks: What the readers of the annotations mended or found odd, and the recipe.
    """

    checked: list[CheckedSubset]
    statistics: list[SubsetStatistics]
    findings: list[Finding]
    remarks: list[str]


def check_dataset(subsets: Sequence[VideoSubset],
                  progress: Callable[[list[str]], Iterable[str]] = iter) -> DatasetCheck:
    """Check all: labels, segments, headers, each feature value once, and subsets against each other.

    Args:
        subsets: All of a data set.
        progress: Wraps the names of the videos while their features are read, one subset after the other.
    """
    all_checked, findings = [], []
    for file in {subset.annotations.path: subset.annotations for subset in subsets}.values():
        findings += check_spellings(file)
    for subset in subsets:
        try:
            all_checked.append(check_subset(subset, segments=True))
        except Fault as fault:
            findings.append(Finding(fault.code, str(fault), subset.name))
    contents = [check_values(checked, progress) for checked in all_checked]
    extra = extra_videos(checked.subset for checked in all_checked)
    for checked in all_checked:
        findings += checked.findings
    findings += check_across(all_checked, contents)
    findings += [Finding('features-extra', f'{place}: {name}', videos=(name, ))
                 for place, names in extra.items() for name in names]
    remarks = [f'{subset.annotations.path}: {remark}' for subset in subsets for remark in subset.annotations.remarks]
    remarks += [f'{subset.annotations.path}: {describe_recipe(subset.recipe)}' for subset in subsets
                if subset.stores and subset.recipe is not None]
    return DatasetCheck(all_checked, [count(checked, extra) for checked in all_checked], findings,
                        list(dict.fromkeys(remarks)))
