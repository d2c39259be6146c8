"""Labelled segments of a video: the form in which detections and ground truth go from one step to the next."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rpn_plugin.structures.arrays import to_numpy
from rpn_plugin.structures.segments import as_segments

if TYPE_CHECKING:
    from mmengine.structures import BaseDataElement


@dataclass(frozen=True)
class VideoSegments:
    """Labelled segments of one video: ground truth, or detections when ``scores`` is given.

    Args:
        segments: (N, 2), [start, end] in seconds.
        labels: N class names.
        scores: (N,), or None for ground truth.

    Raises:
        ValueError: If the lengths differ, or the segments are not (N, 2) and finite.

    >>> VideoSegments(np.array([[0, 4], [6, 8]]), ['Diving', 'HighJump']).segments.tolist()
    [[0.0, 4.0], [6.0, 8.0]]
    >>> VideoSegments(np.array([[0, 4], [6, 8]]), ['Diving'])
    Traceback (most recent call last):
    ValueError: Expected as many labels and scores as segments, but got 2 segments, 1 labels and no scores.
    """

    segments: np.ndarray
    labels: Sequence[str]
    scores: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, 'segments', as_segments(self.segments))
        lengths = {len(self.segments), len(self.labels), len(self.segments if self.scores is None else self.scores)}
        if len(lengths) > 1:
            raise ValueError(f'Expected as many labels and scores as segments, but got {len(self.segments)} segments, '
                             f'{len(self.labels)} labels and '
                             f'{"no" if self.scores is None else len(self.scores)} scores.')

    @classmethod
    def from_annotations(cls, annotations: Sequence[Mapping[str, Any]]) -> VideoSegments:
        """Make the ground truth of a video from its annotations; an empty list gives an empty ground truth.

        Args:
            annotations: N mappings with ``segment``, [start, end] in seconds, and ``label``, a class name.

        >>> VideoSegments.from_annotations([dict(segment=[0.5, 2], label='Diving')]).segments.tolist()
        [[0.5, 2.0]]
        >>> VideoSegments.from_annotations([]).segments.shape
        (0, 2)
        """
        return cls(as_segments([annotation['segment'] for annotation in annotations]),
                   [annotation['label'] for annotation in annotations])

    @classmethod
    def from_sample(cls, sample: BaseDataElement | Mapping[str, Any], classes: Sequence[str]) -> VideoSegments:
        """Make the detections of a video from what a localizer predicted.

        Args:
            sample: A data sample or the mapping that the runner makes of it. Its ``pred_instances`` have ``segments``
                (N, 2) in seconds, ``labels`` (N,), indices of classes, and ``scores`` (N,), tensors or arrays.
            classes: Names of the C classes.

        Raises:
            ValueError: If a label is not in [0, C).

        >>> found = dict(segments=np.array([[0, 4]]), labels=np.array([1]), scores=np.array([0.9]))
        >>> VideoSegments.from_sample(dict(pred_instances=found), ['Diving', 'HighJump']).labels
        ['HighJump']
        """
        found: Any = sample.get('pred_instances')
        labels = to_numpy(found['labels'])
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
            raise ValueError(f'Expected labels in [0, {len(classes)}), indices of the {len(classes)} classes, but got '
                             f'labels from {labels.min()} to {labels.max()}.')
        return cls(to_numpy(found['segments']), [classes[label] for label in labels.tolist()],
                   to_numpy(found['scores']))

    def take(self, rows: slice | np.ndarray) -> VideoSegments:
        """Choose rows by a slice, by indices or by a mask (N,).

        >>> VideoSegments(np.array([[0, 4], [6, 8]]), ['Diving', 'HighJump']).take(slice(1)).labels
        ['Diving']
        """
        chosen = np.arange(len(self.labels))[rows]
        return VideoSegments(self.segments[chosen], [self.labels[row] for row in chosen],
                             None if self.scores is None else self.scores[chosen])
