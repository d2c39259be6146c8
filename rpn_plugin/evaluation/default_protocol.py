"""The protocol that fits a ground truth, for those who name none."""
from __future__ import annotations

import re

from rpn_plugin.evaluation.ground_truth import GroundTruth
from rpn_plugin.evaluation.protocols import Protocol, get_protocol
from rpn_plugin.evaluation.thumos_files import CLASS_OF_INDEX

THUMOS_VIDEO = r'video_(validation|test)_\d{7}'


def default_protocol(truth: GroundTruth) -> tuple[Protocol, str]:
    """Choose ``thumos14`` for THUMOS14 and ``activitynet`` for anything else.

    Returns:
        The protocol, and the reason as a sentence.
    """
    reason = _why_not_thumos(truth)
    if reason is None:
        return get_protocol('thumos14'), (
            'protocol thumos14: the ground truth is that of THUMOS14. --protocol activitynet-thumos14 scores by '
            "ActivityNet's rules on the same thresholds")
    return get_protocol('activitynet'), (
        f"protocol activitynet, the default: the ground truth is not THUMOS14's, since {reason}. --protocol names "
        'another')


def _why_not_thumos(truth: GroundTruth) -> str | None:
    other = next((video for video in truth.segments if not re.fullmatch(THUMOS_VIDEO, video)), None)
    if other is not None:
        return f"the video {other} is not called as THUMOS14's are"
    annotated = {label for found in truth.segments.values() for label in found.labels}
    unknown = sorted(annotated - {*CLASS_OF_INDEX.values()})
    if unknown:
        return f'the class {unknown[0]} is none of its 20, though the videos are called as its are'
    return None
