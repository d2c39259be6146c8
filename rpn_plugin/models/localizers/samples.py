"""Labels out of the host's samples, and detections into them."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from rpn_plugin.models.interfaces import Proposals


def multi_hot_labels(data_samples: Sequence[ActionDataSample], like: Tensor) -> Tensor:
    """Video-level labels (B, C) in {0, 1} from each sample's ``gt_label`` indices, of the kind of ``like`` (B, C).

    Labels are read on the host, where the data preprocessor leaves them, so that nothing waits for the device.

    Raises:
        ValueError: If a video has no label, or one outside [0, C).
    """
    number, places = like.shape[1], []
    for row, sample in enumerate(data_samples):
        classes = sample.gt_label.tolist()
        if not classes or not 0 <= min(classes) <= max(classes) < number:
            raise ValueError(f'Training video {sample.video_name} has the labels {classes}; expected at least one, '
                             f"each below the model's {number} classes (num_classes of its neck or head).")
        places += [row * number + label for label in classes]
    labels = torch.zeros(like.shape, dtype=like.dtype)
    labels.view(-1)[torch.tensor(places)] = 1
    return labels.to(like.device, non_blocking=True)


def fill_sample(sample: ActionDataSample, detections: Proposals, video_score: Tensor | None = None) -> ActionDataSample:
    """Write detections, best first, and the video's class scores, where there are any, into its sample."""
    segments, labels, scores = detections
    sample.pred_instances = InstanceData(
        segments=torch.from_numpy(segments), labels=torch.from_numpy(labels), scores=torch.from_numpy(scores))
    if video_score is not None:
        sample.set_pred_score(video_score.detach())
    return sample


def best_first(proposals: Proposals) -> Proposals:
    """Sort by confidence, equal ones in input order."""
    segments, labels, scores = proposals
    order = np.argsort(-scores, kind='stable')
    return segments[order], labels[order], scores[order]
