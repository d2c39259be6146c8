"""Checks of video-level labels. No time is read."""
from __future__ import annotations

from collections.abc import Sequence

from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.structures import same_video_names


def check_labels(checked: CheckedSubset) -> None:
    """Find unknown and missing labels, labels that disagree, and videos under two names; fill in ``labels``."""
    subset = checked.subset
    for video, entry in subset.videos.items():
        try:
            checked.labels[video] = subset.annotations.video_labels(video)
            annotated = subset.annotations.annotated_labels(video)
        except Fault as fault:
            checked.add_fault(fault, video)
            continue
        if subset.training and not checked.labels[video]:
            checked.add('unlabelled-video', f'{subset.annotations.path}: video {video} has no label', video)
        if not subset.training and not annotated:
            checked.add('no-instance', f'{subset.annotations.path}: video {video} has no instance', video)
        if annotated and entry.get('labels') is not None and annotated != set(entry['labels']):
            checked.add('labels-disagree', f'{subset.annotations.path}: video {video} has the labels '
                                           f'{sorted(entry["labels"])}, and segments of {sorted(annotated)}', video)
    for first, second in same_video_names(subset.videos, subset.videos):
        if first < second:
            checked.add('duplicated-video', f'{subset.annotations.path}: {first} and {second} are names of one video',
                        first, second)


def reason_for_no_signal(labels: Sequence[Sequence[int]], classes: Sequence[str]) -> str | None:
    """Say why the labels of training videos teach nothing: they are the same for every video; None if they differ.

    >>> reason_for_no_signal([[0], [0]], ('Diving', 'HighJump'))
    'each of the 2 training videos has the same label, Diving'

    Args:
        labels: Class indices of every training video.
        classes: C names.
    """
    kinds = {tuple(sorted(of_video)) for of_video in labels}
    if len(kinds) != 1 or not any(kinds):
        return None
    names = [classes[label] for label in kinds.pop()]
    if len(names) == 1:
        return f'each of the {len(labels)} training videos has the same label, {names[0]}'
    return f'each of the {len(labels)} training videos has the same {len(names)} labels, {", ".join(names[:4])}' + (
        ', ...' if len(names) > 4 else '')
