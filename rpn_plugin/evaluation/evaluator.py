"""Evaluation that gathers videos one after the other and scores them in the end."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rpn_plugin.evaluation.functional import LocalizationResult, evaluate_localization
from rpn_plugin.evaluation.protocols import Protocol, get_protocol
from rpn_plugin.evaluation.video_sets import get_video_set
from rpn_plugin.structures import VideoSegments, to_numpy

ACTION = 'action'
"""The one class of a class-agnostic evaluation."""

Labelled = VideoSegments | Mapping[str, Any]
"""Segments of a video with their labels and, for detections, scores."""


class LocalizationEvaluator:
    """mAP of temporal action localization; it needs neither a model nor the host's runner.

    >>> evaluator = LocalizationEvaluator('activitynet-thumos14', classes=['Diving', 'HighJump'])
    >>> evaluator.update('va', dict(segments=[[0, 4], [6, 9]], labels=[0, 1], scores=[0.9, 0.8]),
    ...                  dict(segments=[[0, 5]], labels=['Diving']))
    >>> evaluator.update('vb', dict(segments=[], labels=[], scores=[]), dict(segments=[[2, 3]], labels=['HighJump']))
    >>> result = evaluator.compute()
    >>> result.classes, result.average_precision[:, 4].tolist(), result.metrics()['mAP@0.50']
    (('Diving', 'HighJump'), [1.0, 0.0], 0.5)

    Args:
        protocol: A name in ``evaluation.protocols``, or a protocol of one's own.
        video_set: A name in ``evaluation.video_sets``; None is that of the protocol.
        classes: Names of the C classes, for labels that are indices; None takes names only.
        ambiguous: (N, 2) intervals in seconds by video name, for the protocols that look at them.
        class_agnostic: Every segment, found and annotated, counts as one class ``action``; nobody looks at labels then.

    Raises:
        ValueError: If there is no protocol or video set of that name.
    """

    def __init__(self,
                 protocol: str | Protocol = 'activitynet',
                 video_set: str | None = None,
                 classes: Sequence[str] | None = None,
                 ambiguous: Mapping[str, np.ndarray] | None = None,
                 class_agnostic: bool = False) -> None:
        self.protocol = protocol if isinstance(protocol, Protocol) else get_protocol(protocol)
        if video_set is not None:
            self.protocol = replace(self.protocol, video_set=get_video_set(video_set))
        self.classes = classes
        self.ambiguous = ambiguous or {}
        self.class_agnostic = class_agnostic
        self.reset()

    def reset(self) -> None:
        """Forget every video."""
        self.detections: dict[str, VideoSegments] = {}
        self.ground_truth: dict[str, VideoSegments] = {}

    def update(self, video: str, detections: Labelled, ground_truth: Labelled) -> None:
        """Add a video, once, with everything that was found and annotated in it.

        Args:
            video: Its name.
            detections: ``segments`` (N, 2), [start, end] in seconds, ``labels`` (N,), names or indices of classes, and
                ``scores`` (N,); arrays, tensors or lists, or :class:`VideoSegments`. A video without any has N = 0.
            ground_truth: ``segments`` (M, 2) and ``labels`` (M,) likewise.

        Raises:
            ValueError: If the video was added before, a field is missing, the lengths differ, a segment is not finite,
                a score is NaN, or a label is neither a name nor an index of a class; names the video.
        """
        if video in self.ground_truth:
            raise ValueError(f'Video {video} was added before. Add each once, with all of its detections; reset() '
                             f'begins another evaluation.')
        try:
            found, annotated = self._labelled(detections, scored=True), self._labelled(ground_truth, scored=False)
        except (ValueError, TypeError) as error:
            raise ValueError(f'Video {video}: {error}') from error
        self.detections[video], self.ground_truth[video] = found, annotated

    def compute(self) -> LocalizationResult:
        """Score all videos that were added; more may be added afterwards.

        Raises:
            ValueError: If none of them has a ground-truth segment.
        """
        return evaluate_localization(self.detections, self.ground_truth, self.protocol, self.ambiguous)

    def _labelled(self, given: Labelled, scored: bool) -> VideoSegments:
        if isinstance(given, VideoSegments):
            segments, labels, scores = given.segments, given.labels, given.scores
        else:
            wanted = ('segments', 'labels', 'scores')[:3 if scored else 2]
            missing = [name for name in wanted if name not in given]
            if missing:
                raise ValueError(f'expected {", ".join(wanted)}, but there are no {" and no ".join(missing)}.')
            segments, labels = to_numpy(given['segments']), to_numpy(given['labels']).tolist()
            scores = to_numpy(given['scores']) if scored else None
        if scored and (scores is None or np.isnan(np.asarray(scores, dtype=np.float64)).any()):
            raise ValueError('a detection has a NaN score or none at all.')
        names = [ACTION] * len(labels) if self.class_agnostic else [self._name(label) for label in labels]
        return VideoSegments(segments, names, scores if scored else None)

    def _name(self, label: Any) -> str:
        if isinstance(label, str):
            return str(label)
        classes = self.classes or ()
        if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label < len(classes):
            indices = f'indices below {len(classes)}' if classes else \
                'indices, which need LocalizationEvaluator(classes=[...])'
            raise ValueError(f'expected labels that are names of classes or {indices}, but got {label!r}.')
        return classes[label]
