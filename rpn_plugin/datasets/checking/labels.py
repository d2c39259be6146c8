"""Checks of video-level labels. No time is read."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.structures import same_video_names

FEWEST_VIDEOS = 4
"""With less, labels are the same by chance."""
FEWEST_TOGETHER = 3
"""Classes of fewer videos come together by chance."""
MORE_VIDEOS = ('Add videos of other classes, or without this one; those that show none of the classes get one of their '
               'own, such as "background".')


def check_labels(checked: CheckedSubset) -> None:
    """Find unknown and missing labels, labels that disagree or say nothing, and videos under two names.

    Fills in ``labels``.
    """
    subset = checked.subset
    for video, entry in subset.videos.items():
        try:
            labels, annotated = subset.annotations.video_labels(video), subset.annotations.annotated_labels(video)
        except Fault as fault:
            checked.add_fault(fault, video)
            continue
        checked.labels[video] = labels
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
    if subset.training:
        _check_signal(checked)


def _check_signal(checked: CheckedSubset) -> None:
    """Find label sets from which nothing, or not one class, can be learned."""
    path, classes = checked.subset.annotations.path, checked.subset.annotations.classes
    presence = np.array([[label in labels for label in range(len(classes))]
                         for labels in checked.labels.values() if labels]).reshape(-1, len(classes))
    if len(classes) == 1:
        checked.add('classes-single', f'{path}: the only class is {classes[0]}')
        return
    if len(presence) < FEWEST_VIDEOS:
        return
    reason = reason_for_no_signal(list(checked.labels.values()), classes)
    if reason:
        checked.add('labels-constant', f'{path}: {reason}')
        return
    everywhere = presence.all(0)
    for label in np.flatnonzero(everywhere):
        checked.add('class-everywhere', f'{path}: all {len(presence)} videos of {checked.subset.name} have '
                                        f'{classes[label]}')
    columns: dict[bytes, list[str]] = {}
    for label in np.flatnonzero(~everywhere & (presence.sum(0) >= FEWEST_TOGETHER)):
        columns.setdefault(presence[:, label].tobytes(), []).append(classes[label])
    for names in columns.values():
        if len(names) > 1:
            checked.add('classes-inseparable', f'{path}: {" and ".join(names)} are in the same videos of '
                                               f'{checked.subset.name}')


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
