"""The runner's metric for weakly-supervised temporal action localization."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from rpn_plugin.evaluation.evaluator import LocalizationEvaluator
from rpn_plugin.evaluation.functional import LocalizationResult, classification_average_precision
from rpn_plugin.evaluation.ground_truth import GroundTruth
from rpn_plugin.evaluation.report import format_notes, format_table
from rpn_plugin.evaluation.results_file import write_detections
from rpn_plugin.structures import to_numpy


@METRICS.register_module()
class WTALMetric(BaseMetric):
    """mAP of the detected segments and of the videos' class scores.

    Keys, all in [0, 1]: ``wtal/mAP@0.50`` and so on for each tIoU, ``wtal/mAP_avg`` over the protocol's averaging
    range, ``wtal/video_mAP`` for video-level classification. The table per class goes to the log, with the protocol,
    the video set and the counts of what was not scored.

    Samples of any localizer fit that have ``video_name``, ``annotations`` (dicts with ``segment`` in seconds and
    ``label``, a name), ``pred_instances`` (``segments`` (N, 2) in seconds, ``labels`` (N,), ``scores`` (N,)),
    ``pred_score`` (C,) and ``gt_label`` (class indices); nobody looks at the last two when ``class_agnostic``.

    Args:
        protocol: A name in ``evaluation.protocols``.
        video_set: A name in ``evaluation.video_sets``; None is that of the protocol. ``video_mAP`` is over all videos.
        ambiguous_file: Ground truth, JSON with ``ambiguous: {video: [[start, end], ...]}`` in seconds beside its
            ``database``. Samples do not carry these intervals: without the file, a protocol that looks at them finds
            none, and the log says so.
        class_agnostic: Every segment, found and annotated, counts as one class ``action``: scores proposals without
            classes, such as :class:`HostLocalizer` gives, and ours beside them. No ``video_mAP`` then.
        out_file: Where to write the detections as ActivityNet-style JSON, so that they can be scored again without the
            model; None does not.
        collect_device: As :class:`BaseMetric`.
        prefix: As :class:`BaseMetric`.

    Attributes:
        result: The numbers of the last evaluation, per class; on the main process, and None before.
    """

    default_prefix = 'wtal'

    def __init__(self,
                 protocol: str = 'activitynet',
                 video_set: str | None = None,
                 ambiguous_file: str | None = None,
                 class_agnostic: bool = False,
                 out_file: str | None = None,
                 collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        ambiguous = GroundTruth.read(ambiguous_file).ambiguous if ambiguous_file else {}
        self.evaluator = LocalizationEvaluator(protocol, video_set, None, ambiguous, class_agnostic)
        self.out_file = out_file
        self.result: LocalizationResult | None = None

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the predictions and the ground truth of a batch of videos."""
        for sample in data_samples:
            found = {name: to_numpy(sample['pred_instances'][name]) for name in ('segments', 'labels', 'scores')}
            result = dict(video=sample['video_name'], pred_instances=found, annotations=sample['annotations'])
            if not self.evaluator.class_agnostic:
                result.update(video_score=sample['pred_score'].cpu().numpy(),
                              video_label=sample['gt_label'].cpu().numpy())
            self.results.append(result)

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Score all videos of the set.

        Raises:
            ValueError: If no video has a ground-truth segment, a score is NaN, or the class names are not known.
        """
        evaluator, classes = self.evaluator, (self.dataset_meta or {}).get('classes') or ()
        if not evaluator.class_agnostic and not classes:
            raise ValueError('WTALMetric expects the class names in the metainfo of the data set, as '
                             'UntrimmedFeatureDataset gives them, but there are none. Name them (dataset=dict(metainfo='
                             'dict(classes=[...]))), or score proposals without classes with class_agnostic=True.')
        evaluator.reset()
        evaluator.classes = classes
        for video in results:
            annotations = video['annotations']
            evaluator.update(video['video'], video['pred_instances'], dict(
                segments=[annotation['segment'] for annotation in annotations],
                labels=[annotation.get('label') for annotation in annotations]))
        if self.out_file is not None:
            write_detections(self.out_file, evaluator.detections)
        self.result = result = evaluator.compute()
        logger, protocol = MMLogger.get_current_instance(), evaluator.protocol
        if any(len(found.labels) for found in evaluator.detections.values()):
            logger.info('\n' + format_table(result) + '\n' + format_notes(result))
        else:
            logger.warning(f'Nothing was detected in any video ({len(evaluator.detections)} in all), so that mAP is 0 '
                           f'at every tIoU.')
        if protocol.uses_ambiguous and not evaluator.ambiguous:
            logger.warning(f'Protocol {protocol.name} looks at ambiguous intervals, and none are known here; name '
                           f'the file that has them by WTALMetric(ambiguous_file=...).')
        metrics = result.metrics()
        if not evaluator.class_agnostic:
            metrics['video_mAP'] = _video_map(results, len(classes))
        return metrics


def _video_map(results: Sequence[dict[str, Any]], num_classes: int) -> float:
    """Mean over the classes that occur of the average precision of the video scores."""
    scores = np.stack([result['video_score'] for result in results])  # (V, C)
    positive = np.zeros((len(results), num_classes), dtype=bool)
    for row, result in zip(positive, results):
        row[result['video_label']] = True
    return float(np.mean([classification_average_precision(scores[:, label], positive[:, label])
                          for label in np.flatnonzero(positive.any(axis=0))]))
