"""Evaluation protocols by name: what a number called mAP means."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Protocol:
    """Rules of an evaluation.

    Args:
        name: What configs and results call it.
        tiou_thresholds: H thresholds at which mAP is reported.
        average_over: Those of them that the average takes in.
    """

    name: str
    tiou_thresholds: tuple[float, ...]
    average_over: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.average_over or self.averaged.sum() != len(self.average_over):
            raise ValueError(f'Protocol {self.name} averages over {list(self.average_over)}, which are not all among '
                             f'its tIoU thresholds {list(self.tiou_thresholds)}.')

    @property
    def averaged(self) -> np.ndarray:
        """(H,) bool, the thresholds that the average takes in."""
        return np.isin(np.round(self.tiou_thresholds, 4), np.round(self.average_over, 4))


def _grid(first: float, last: float, number: int) -> tuple[float, ...]:
    return tuple(np.linspace(first, last, number).tolist())


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol('activitynet', _grid(0.5, 0.95, 10), _grid(0.5, 0.95, 10)),
        Protocol('activitynet-thumos14', _grid(0.1, 0.7, 7), _grid(0.1, 0.5, 5)),
    )
}
"""Both are ActivityNet's rules (``functional.match_detections``, interpolated AP); the second on THUMOS14's grid,
0.1:0.1:0.7 averaged over 0.1:0.1:0.5, as in Table 1 of the paper."""


def get_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        ValueError: If there is none; the message lists the known.
    """
    if name not in PROTOCOLS:
        raise ValueError(f'Unknown protocol {name!r}; known are {sorted(PROTOCOLS)}.')
    return PROTOCOLS[name]
