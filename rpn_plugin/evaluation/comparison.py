"""A comparison of two protocols on the same detections, rule by rule."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rpn_plugin.evaluation.functional import LocalizationResult, evaluate_localization
from rpn_plugin.evaluation.protocols import Protocol
from rpn_plugin.evaluation.rules import RULES
from rpn_plugin.structures import VideoSegments

_BEFORE = dict(other_videos='video_set', borders='clock')
STEPS = tuple(step for category in RULES for step in (_BEFORE.get(category), category) if step)
"""Fields of a protocol in the order in which they are exchanged: the rules in the order of their table, each after what
it depends on."""


@dataclass(frozen=True)
class Comparison:
    """Two results and the way from one to the other.

    Args:
        first: The result under the first protocol.
        second: The result under the second.
        tiou_thresholds: (K,) thresholds that both report, equal to four digits.
        steps: The rules that differ, in the order of :data:`STEPS` and the thresholds' last bits at the end, each with
            the mean over the common thresholds of mAP after the first protocol took this one over, too; the first
            entry is the first protocol itself. The worth of a rule depends on the rules exchanged before it.
    """

    first: LocalizationResult
    second: LocalizationResult
    tiou_thresholds: tuple[float, ...]
    steps: tuple[tuple[str, float], ...]


def compare_protocols(detections: Mapping[str, VideoSegments], ground_truth: Mapping[str, VideoSegments],
                      first: Protocol, second: Protocol,
                      ambiguous: Mapping[str, np.ndarray] | None = None) -> Comparison:
    """Score under both protocols and exchange their rules one after the other.

    Args:
        detections: By video name.
        ground_truth: By video name.
        first: The protocol to start from.
        second: The protocol to arrive at.
        ambiguous: (N, 2) intervals in seconds by video name.

    Raises:
        ValueError: If there is no ground truth at all, or a score is NaN.
    """
    common = [(ours, theirs) for ours in first.tiou_thresholds for theirs in second.tiou_thresholds
              if round(ours, 4) == round(theirs, 4)]
    steps = []
    if common:
        grids = tuple(zip(*common))
        current = replace(first, tiou_thresholds=grids[0], average_over=grids[0])
        changes: list[tuple[str, dict[str, Any]]] = [('', {})]
        changes += [(rule, {rule: getattr(second, rule)}) for rule in STEPS
                    if getattr(first, rule) != getattr(second, rule)]
        if grids[0] != grids[1]:
            changes.append(('tIoU grid', dict(tiou_thresholds=grids[1], average_over=grids[1])))
        for rule, change in changes:
            current = replace(current, **change)
            result = evaluate_localization(detections, ground_truth, current, ambiguous)
            steps.append((rule or first.name, result.average_map))
    return Comparison(
        evaluate_localization(detections, ground_truth, first, ambiguous),
        evaluate_localization(detections, ground_truth, second, ambiguous), tuple(ours for ours, _ in common),
        tuple(steps))
