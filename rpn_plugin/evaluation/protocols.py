"""Evaluation protocols by name: what a number called mAP means.

A protocol only names its rules; ``evaluation.rules`` has each as a sentence and a function. Two rules hold everywhere,
because the originals leave them to the sorting algorithm: equal scores keep their input order (that of the videos in
the file, then that in the video), and of equally good instances the first in the file is taken. Segments overlap only
over a positive length: a tIoU of 0/0 is no match.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from rpn_plugin.command_line import did_you_mean, nearest
from rpn_plugin.evaluation.rules import AMBIGUOUS, RULES, BordersRule, Rule
from rpn_plugin.evaluation.video_sets import VideoSet, get_video_set
from rpn_plugin.structures import SnippetClock


@dataclass(frozen=True)
class Protocol:
    """The rules of an evaluation; the defaults are those of ActivityNet's detection task.

    Args:
        name: Its name in configs and results.
        tiou_thresholds: H thresholds at which mAP is reported, to the bit.
        average_over: The thresholds among them that the average takes in.
        matching: Key of ``RULES['matching']``.
        comparison: Key of ``RULES['comparison']``.
        interpolation: Key of ``RULES['interpolation']``.
        ambiguous: Key of ``RULES['ambiguous']``.
        other_videos: Key of ``RULES['other_videos']``.
        borders: Key of ``RULES['borders']``; with a clock the grid decides.
        clock: Snippet grid on which overlaps are counted; None counts in seconds.
        video_set: Videos that are scored unless the caller names others.
        source: Origin of the rules.

    Raises:
        ValueError: If a rule is unknown or has no implementation, or the average takes in a threshold that is not
            reported.
    """

    name: str
    tiou_thresholds: tuple[float, ...]
    average_over: tuple[float, ...]
    matching: str = 'detection_takes_best'
    comparison: str = '>='
    interpolation: str = 'envelope'
    ambiguous: str = 'ignored'
    other_videos: str = 'false_positives'
    borders: str = 'as_given'
    clock: SnippetClock | None = None
    video_set: VideoSet = get_video_set('all')
    source: str = ''

    def __post_init__(self) -> None:
        if not self.average_over or self.averaged.sum() != len(self.average_over):
            raise ValueError(f'Protocol {self.name} averages over {list(self.average_over)}, which are not all among '
                             f'its tIoU thresholds {list(self.tiou_thresholds)}.')
        for category in RULES:
            self._check_rule(category)

    def _check_rule(self, category: str) -> None:
        name, known = getattr(self, category), RULES[category]
        has = f'Protocol {self.name} has the {category} {name!r}'
        if name not in known:
            raise ValueError(f'{has}; known are {sorted(known)}.')
        kind = BordersRule if category == 'borders' else Rule
        if not isinstance(known[name], kind):
            raise ValueError(f'{has}, which has no implementation: expected a {kind.__name__} with a sentence and a '
                             f'function, but got {known[name]!r}.')

    @property
    def averaged(self) -> np.ndarray:
        """Mask (H,) of the thresholds that the average takes in."""
        return np.isin(np.round(self.tiou_thresholds, 4), np.round(self.average_over, 4))

    @property
    def uses_ambiguous(self) -> bool:
        """Tell whether the protocol treats a detection that is an ambiguous interval otherwise than another."""
        removed, forgiven = AMBIGUOUS[self.ambiguous].apply(np.ones(1))
        return bool(removed.any() or forgiven.any())

    def described(self) -> dict[str, str]:
        """State every rule as a sentence, by the name of its field."""
        rules = {category: known[getattr(self, category)].description for category, known in RULES.items()}
        if self.clock is not None:
            rules['borders'] = (f'borders are rounded to snippets, {self.clock.fps:g}/{self.clock.stride_frames:g} a '
                                f'second; a detection has at least one')
        rules['tIoU grid'] = _shown_grid(self.tiou_thresholds)
        rules['average'] = ', '.join(str(rounded_tiou(threshold)) for threshold in self.average_over)
        rules['video set'] = self.video_set.description
        return rules


def linear_grid(first: float, last: float, number: int) -> tuple[float, ...]:
    """Make thresholds with the very doubles of ``np.linspace``.

    >>> linear_grid(0.1, 0.7, 7)[2], linear_grid(0.1, 0.9, 9)[2]
    (0.3, 0.30000000000000004)
    """
    return tuple(np.linspace(first, last, number).tolist())


def rounded_tiou(threshold: float) -> float:
    """Round a threshold to the four digits that results state, whichever double next to them decides.

    >>> rounded_tiou(0.30000000000000004)
    0.3
    """
    return round(float(threshold), 4)


def tiou_name(threshold: float) -> str:
    """Write a threshold with two digits, or with up to four where it has them, as the names of metrics have it.

    >>> tiou_name(0.30000000000000004), tiou_name(0.525)
    ('0.30', '0.525')
    """
    rounded = rounded_tiou(threshold)
    return f'{rounded:.2f}' if round(rounded, 2) == rounded else f'{rounded:g}'


def _shown_grid(thresholds: Iterable[float]) -> str:
    shown = {threshold: str(rounded_tiou(threshold)) for threshold in thresholds}
    beside = [name for threshold, name in shown.items() if threshold != rounded_tiou(threshold)]
    return ', '.join(shown.values()) + (f'; {", ".join(beside)} differ from what is written here in their last bits'
                                        if beside else '')


def _by_name(protocols: Iterable[Protocol]) -> dict[str, Protocol]:
    return {protocol.name: protocol for protocol in protocols}


_TEN = linear_grid(0.5, 0.95, 10)
_SEVEN = linear_grid(0.1, 0.7, 7)  # the doubles of the literals 0.1, 0.2, 0.3, ...
_SEVEN_OF_OCTAVE = linear_grid(0.1, 0.9, 9)[:7]  # those of 0.1:0.1:0.7 in Octave: 0.30000000000000004, ...
_WTALC = Protocol('on the grid of W-TALC', _SEVEN, _SEVEN[:5], other_videos='dropped',
                  clock=SnippetClock(fps=25, stride_frames=16), video_set=get_video_set('annotated'))

PROTOCOLS = _by_name((
    Protocol('activitynet', _TEN, _TEN, source='ActivityNet toolkit, detection task'),
    Protocol('activitynet-thumos14', _SEVEN, _SEVEN[:5],
             source='the same rules on THUMOS14 with the grid of Table 1 of the paper'),
    Protocol('thumos14', _SEVEN_OF_OCTAVE, _SEVEN_OF_OCTAVE[:5], matching='instance_takes_best', comparison='>',
             interpolation='none', ambiguous='drop_unmatched', borders='min_max',
             video_set=get_video_set('thumos14-213'), source='TH14evalDet, the kit of the THUMOS14 challenge'),
    replace(_WTALC, name='wtalc', matching='detection_takes_first', interpolation='none', ambiguous='drop_first',
            source='W-TALC, getLocMAP; there everything is 0 as soon as one class has no detection, here that class '
            'is'),
    replace(_WTALC, name='facnet',
            source='RSKP, getLocMAP; detections come to it without those in ambiguous intervals'),
    replace(_WTALC, name='facnet-filtered', ambiguous='drop_first',
            source='RSKP, getActLoc and getLocMAP: the removal that precedes scoring there is done here'),
))
"""By name. ``activitynet`` and ``activitynet-thumos14`` differ in their grid only; so do ``facnet`` and
``facnet-filtered`` in one rule: the repository removes detections in ambiguous intervals while it makes proposals, not
in the function that scores them. ``facnet`` scores a file as that function does, ``facnet-filtered`` as the whole
repository would."""


def get_protocol(name: str) -> Protocol:
    """Return the protocol of that name.

    Raises:
        ValueError: If there is none; the message names the nearest and lists the known.
    """
    if name not in PROTOCOLS:
        raise ValueError(f'Unknown protocol {name!r}{did_you_mean(nearest(name, PROTOCOLS))} Known are '
                         f'{", ".join(PROTOCOLS)}.')
    return PROTOCOLS[name]
