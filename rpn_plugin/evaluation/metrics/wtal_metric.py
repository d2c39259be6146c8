"""The runner's metric for weakly-supervised temporal action localization."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from rpn_plugin.evaluation.functional import VideoSegments, classification_average_precision, evaluate_localization
from rpn_plugin.evaluation.protocols import get_protocol
from rpn_plugin.evaluation.report import format_notes, format_table
from rpn_plugin.evaluation.results_file import read_ambiguous, write_detections
from rpn_plugin.evaluation.video_sets import get_video_set


@METRICS.register_module()
class WTALMetric(BaseMetric):
    """mAP of the detected segments and of the videos' class scores.

    Keys, all in [0, 1]: ``wtal/mAP@0.50`` and so on for each tIoU, ``wtal/mAP_avg`` over the protocol's averaging
    range, ``wtal/video_mAP`` for video-level classification. The table per class goes to the log, with the protocol,
    the video set and the counts of what was not scored.

    Args:
        protocol: A name in ``evaluation.protocols``.
        video_set: A name in ``evaluation.video_sets``; None is that of the protocol. ``video_mAP`` is over all videos.
        ambiguous_file: JSON with ``ambiguous: {video: [[start, end], ...]}`` in seconds, as a ground truth may have it
            beside its ``database``. Samples do not carry these intervals: without the file, a protocol that looks at
            them finds none, and the log says so.
        out_file: Where to write the detections as ActivityNet-style JSON, so that they can be scored again without the
            model; None does not.
        collect_device: As :class:`BaseMetric`.
        prefix: As :class:`BaseMetric`.
    """

    default_prefix = 'wtal'

    def __init__(self,
                 protocol: str = 'activitynet',
                 video_set: str | None = None,
                 ambiguous_file: str | None = None,
                 out_file: str | None = None,
                 collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.protocol = get_protocol(protocol)
        if video_set is not None:
            self.protocol = replace(self.protocol, video_set=get_video_set(video_set))
        self.ambiguous = read_ambiguous(ambiguous_file) if ambiguous_file else {}
        self.out_file = out_file

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the predictions and the ground truth of a batch of videos."""
        for sample in data_samples:
            found = sample['pred_instances']
            self.results.append(
                dict(
                    video=sample['video_name'],
                    segments=found['segments'].cpu().numpy(),
                    labels=found['labels'].cpu().numpy(),
                    scores=found['scores'].cpu().numpy(),
                    video_score=sample['pred_score'].cpu().numpy(),
                    video_label=sample['gt_label'].cpu().numpy(),
                    annotations=sample['annotations']))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Score all videos of the set.

        Raises:
            ValueError: If no video has a ground-truth segment, or a score is NaN.
        """
        classes = self.dataset_meta['classes']
        detections = {result['video']: VideoSegments(result['segments'],
                                                     [classes[label] for label in result['labels']], result['scores'])
                      for result in results}
        ground_truth = {result['video']: VideoSegments(
            np.array([annotation['segment'] for annotation in result['annotations']]).reshape(-1, 2),
            [annotation['label'] for annotation in result['annotations']]) for result in results}
        if self.out_file is not None:
            write_detections(self.out_file, detections)
        result = evaluate_localization(detections, ground_truth, self.protocol, self.ambiguous)
        logger = MMLogger.get_current_instance()
        logger.info('\n' + format_table(result) + '\n' + format_notes(result))
        if self.protocol.ambiguous != 'ignored' and not self.ambiguous:
            logger.warning(f'Protocol {self.protocol.name} looks at ambiguous intervals, and none are known here; name '
                           f'the file that has them by WTALMetric(ambiguous_file=...).')
        metrics = {f'mAP@{threshold:.2f}': float(value)
                   for threshold, value in zip(self.protocol.tiou_thresholds, result.mean_ap)}
        return {**metrics, 'mAP_avg': result.average_map, 'video_mAP': _video_map(results, len(classes))}


def _video_map(results: Sequence[dict[str, Any]], num_classes: int) -> float:
    """Mean over the classes that occur of the average precision of the video scores."""
    scores = np.stack([result['video_score'] for result in results])  # (V, C)
    positive = np.zeros((len(results), num_classes), dtype=bool)
    for row, result in zip(positive, results):
        row[result['video_label']] = True
    return float(np.mean([classification_average_precision(scores[:, label], positive[:, label])
                          for label in np.flatnonzero(positive.any(axis=0))]))
