"""Evaluation rules: each is one object, its sentence for people and the function that the evaluation calls.

A new rule of a category that is here is one more entry in its table; every protocol may name it then. A rule of one's
own needs no change in this package: ``MATCHING['optimal'] = Rule('matches have the highest sum of tIoU', optimal)``.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from rpn_plugin.evaluation.functional.average_precision import InterpolationFunction, envelope, uninterpolated
from rpn_plugin.evaluation.functional.matching import (
    ComparisonFunction,
    MatchingFunction,
    UnionFunction,
    detection_takes_best,
    detection_takes_first,
    instance_takes_best,
    union_by_hull,
    union_by_lengths,
)

OtherVideosFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Chooses the detections that are left out: (N,) bool. It is given (N,) bool, those on videos of the ground truth that
have no instance, and (N,) bool, those on videos that the ground truth lacks."""
BordersFunction = Callable[[np.ndarray], np.ndarray]
"""Turns (N, 2) segments as they are written into (N, 2) segments as they are scored."""
AmbiguousFunction = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Chooses the detections that are removed before matching, (N,) bool, and those that are no false positives when they
match nothing, (N,) bool. It is given the (N,) highest tIoU of each detection with an ambiguous interval of its video, 0
without one."""

Function = TypeVar('Function', bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule(Generic[Function]):
    """One rule of an evaluation.

    Args:
        description: The rule as a sentence.
        apply: The rule as a function, of the type that its table names.

    Raises:
        TypeError: If ``apply`` is no function.

    >>> Rule('a match needs tIoU > threshold', np.greater).apply(np.array([0.5, 0.6]), 0.5)
    array([False,  True])
    >>> Rule('a match needs luck', None)
    Traceback (most recent call last):
    TypeError: The rule 'a match needs luck' has no implementation: expected a function, but got None.
    """

    description: str
    apply: Function

    def __post_init__(self) -> None:
        if not callable(self.apply):
            raise TypeError(f'The rule {self.description!r} has no implementation: expected a function, but got '
                            f'{self.apply!r}.')


@dataclass(frozen=True)
class BordersRule(Rule[BordersFunction]):
    """A rule about borders, and how the union of two overlapping segments is computed, to the last bit.

    Args:
        union: The sum of the lengths less the intersection, or the hull.
    """

    union: UnionFunction = union_by_lengths


def _none(detections: np.ndarray) -> np.ndarray:
    return np.zeros(len(detections), dtype=bool)


OTHER_VIDEOS: dict[str, Rule[OtherVideosFunction]] = {
    'false_positives': Rule('detections on videos without instances or not in the ground truth are false positives',
                            lambda without_instances, unknown: _none(unknown)),
    'dropped': Rule('detections on videos without instances or not in the ground truth are left out', np.logical_or),
}

BORDERS: dict[str, BordersRule] = {
    'as_given': BordersRule('a segment whose end is not after its start overlaps nothing', lambda segments: segments),
    'min_max': BordersRule('a segment is [min, max] of its borders', lambda segments: np.sort(segments, axis=1),
                           union_by_hull),
}

AMBIGUOUS: dict[str, Rule[AmbiguousFunction]] = {
    'ignored': Rule('ambiguous intervals are not looked at', lambda tiou: (_none(tiou), _none(tiou))),
    'drop_unmatched': Rule('unmatched detections that overlap an ambiguous interval of the video are no false '
                           'positives', lambda tiou: (_none(tiou), tiou > 0)),
    'drop_first': Rule('detections that overlap an ambiguous interval of the video are removed before matching',
                       lambda tiou: (tiou > 0, _none(tiou))),
}

MATCHING: dict[str, Rule[MatchingFunction]] = {
    'detection_takes_best': Rule('in descending score, a detection takes the free instance with the highest tIoU',
                                 detection_takes_best),
    'detection_takes_first': Rule('in descending score, a detection takes the first free instance in the file that '
                                  'reaches the threshold', detection_takes_first),
    'instance_takes_best': Rule('in file order, an instance takes the free detection with the highest tIoU, whatever '
                                'its score (of equal ones the better scored)', instance_takes_best),
}

COMPARISON: dict[str, Rule[ComparisonFunction]] = {
    '>=': Rule('a match needs tIoU >= threshold', np.greater_equal),
    '>': Rule('a match needs tIoU > threshold', np.greater),
}

INTERPOLATION: dict[str, Rule[InterpolationFunction]] = {
    'envelope': Rule('AP is the mean over the instances of the precision envelope (VOC 2010)', envelope),
    'none': Rule('AP is the sum of the precision at each true positive over the number of instances', uninterpolated),
}

RULES: dict[str, Mapping[str, Rule[Any]]] = dict(
    other_videos=OTHER_VIDEOS, borders=BORDERS, ambiguous=AMBIGUOUS, matching=MATCHING, comparison=COMPARISON,
    interpolation=INTERPOLATION)
"""All rules by category, the field of ``Protocol`` that names one of them, in the order in which comparisons exchange
them."""
