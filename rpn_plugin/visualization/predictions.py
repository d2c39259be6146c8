"""Ground truth, detections and curves of one video as a timeline: Fig. 1(b) and 4."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from mmaction.structures import ActionDataSample

from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization.timeline import draw_timeline

MOST_CLASSES = 3
"""Curves are drawn for so many classes at most."""


def draw_prediction(sample: ActionDataSample,
                    curves: Mapping[str, np.ndarray],
                    classes: Sequence[str],
                    top: int = 30,
                    thumbnails: Sequence[tuple[float, np.ndarray]] = ()) -> Figure:
    """Ground truth, detections and curves of one video.

    Args:
        sample: As predicted, with the metainfo ``clock`` and, where the video is annotated, ``annotations``.
        curves: By name, see :func:`rpn_plugin.inspection.curves_of`. Curves of classes are drawn for those that are
            annotated or detected, up to :data:`MOST_CLASSES`; for the likeliest if there are none.
        classes: Names.
        top: Draw so many of the best detections.
        thumbnails: As for :func:`draw_timeline`.
    """
    detected = VideoSegments.from_sample(sample, classes).take(slice(top))
    truth = VideoSegments.from_annotations(sample.get('annotations', []))
    shown = list(dict.fromkeys([*truth.labels, *detected.labels]))[:MOST_CLASSES]
    shown = shown or [classes[int(sample.pred_score.argmax())]]
    sequences = {}
    for name, values in curves.items():
        times = sample.clock.to_seconds(np.arange(len(values)) + 0.5)
        sequences[name] = (times, values if values.ndim == 1 else
                           {label: values[:, list(classes).index(label)] for label in shown})
    return draw_timeline(sample.video_name, sample.duration_second, {'ground truth': truth, 'detected': detected},
                         sequences, thumbnails)
