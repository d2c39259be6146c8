"""What the error analysis says of every detection and instance, video by video: the marks of a page."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rpn_plugin.evaluation import Protocol
from rpn_plugin.evaluation.functional.error_analysis import KINDS, analyse_errors
from rpn_plugin.evaluation.functional.mean_ap import evaluate_localization, match_detections
from rpn_plugin.structures import VideoSegments


@dataclass(frozen=True)
class ErrorMarks:
    """The marks of one video with N detections and M instances.

    Args:
        kind: (N,) index into :data:`KINDS`.
        taken: (M,) score of the detection that takes the instance; NaN where none does. Matching goes by descending
            score, so the instance is missed exactly where only detections above this score are left.
        average_precision: Of each class that the video has instances of, from the detections of this video alone.
    """

    kind: np.ndarray
    taken: np.ndarray
    average_precision: Mapping[str, float]


def mark_errors(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                tiou: float) -> dict[str, ErrorMarks]:
    """Mark the detections of every video as :func:`analyse_errors` sorts them.

    Args:
        detections: By video name, with scores.
        ground_truth: By video name, of the same videos.
        tiou: Threshold of a match, in (0.1, 1].

    Raises:
        ValueError: If ``tiou`` is outside its range, or a score is NaN.

    >>> truth = {'va': VideoSegments.from_annotations([dict(segment=[0, 4], label='Diving')])}
    >>> found = {'va': VideoSegments(np.array([[5, 6], [0, 3]]), ['Diving', 'Diving'], np.array([0.9, 0.8]))}
    >>> marks = mark_errors(found, truth, 0.5)['va']
    >>> [KINDS[kind] for kind in marks.kind], marks.taken, marks.average_precision
    (['background', 'true positive'], array([0.8]), {'Diving': 0.5})
    """
    if not any(len(instances.labels) for instances in ground_truth.values()):
        nothing = KINDS.index('background')
        return {video: ErrorMarks(np.full(len(found.labels), nothing), np.zeros(0), {})
                for video, found in detections.items()}
    protocol = Protocol('marks', (tiou, ), (tiou, ))
    kind = analyse_errors(detections, ground_truth, tiou).kind
    matched = match_detections(detections, ground_truth, protocol)
    taken = np.full(len(matched.instances), np.nan)
    taken[matched.matches.instance] = matched.detections.scores[matched.ranking[matched.matches.detection]]
    kinds, takers = _by_video(kind, detections), _by_video(taken, ground_truth)
    return {video: ErrorMarks(kinds[video], takers[video],
                              _average_precision(found, ground_truth[video], protocol))
            for video, found in detections.items()}


def _by_video(values: np.ndarray, videos: Mapping[str, VideoSegments]) -> dict[str, np.ndarray]:
    ends = np.cumsum([len(segments.labels) for segments in videos.values()])
    return dict(zip(videos, np.split(values, ends[:-1])))


def _average_precision(found: VideoSegments, instances: VideoSegments, protocol: Protocol) -> dict[str, float]:
    if not len(instances.labels):
        return {}
    result = evaluate_localization({'video': found}, {'video': instances}, protocol)
    return dict(zip(result.classes, result.average_precision[:, 0].tolist()))
