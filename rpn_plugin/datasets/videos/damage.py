"""Counts what is missing or damaged in a video while it is read, by time stamps and by what the decoder says."""
from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MOST_DAMAGED_SHARE = 0.05
"""A video of which more is missing or damaged is refused."""
CONSTANT_SHARE = 0.9
"""The rate is constant where so many of the steps from frame to frame are equal."""
MOST_NAMED = 5
"""Places that a message names."""


@dataclass(frozen=True)
class Damage:
    """A part of a video without the pictures that belong there.

    Args:
        what: ``missing``; ``damaged``, from what could not be decoded to the next key picture; or ``out of order``,
            frames whose time stamp goes back and which are left out.
        start_sec: On the video's time axis.
        end_sec: Likewise.
        counts: Whether it is certain. A gap between the frames of a variable rate may be meant.
    """

    what: str
    start_sec: float
    end_sec: float
    counts: bool = True

    def __str__(self) -> str:
        return f'{self.what} from {self.start_sec:.2f} to {self.end_sec:.2f} s'


class FrameLedger:
    """The times of a video's frames, 8 bytes of each, and what went wrong at which of them."""

    def __init__(self) -> None:
        self.times_sec = array('d')
        self._keys_sec = array('d')
        self._damaged_sec = array('d')
        self._back_sec = array('d')

    def add(self, time_sec: float, is_key: bool, is_corrupt: bool) -> None:
        """Note a frame that is shown, whether it needs no other, and whether the decoder says that it is damaged."""
        self.times_sec.append(time_sec)
        if is_key:
            self._keys_sec.append(time_sec)
        if is_corrupt:
            self._damaged_sec.append(time_sec)

    def add_undecoded(self, time_sec: float) -> None:
        """Note a packet that could not be decoded."""
        self._damaged_sec.append(time_sec)

    def add_back(self, time_sec: float) -> None:
        """Note a frame whose time stamp is not after the one before."""
        self._back_sec.append(time_sec)

    def damage(self, end_sec: float) -> list[Damage]:
        """List what is missing, damaged and out of order, each in order of time.

        Where at least 90 % of the steps between frames are equal, any step longer than one and a half of them is a
        hole; elsewhere one of more than a second that is also longer than eight usual ones.

        Args:
            end_sec: Where the frames ought to end.
        """
        times = np.array(self.times_sec)
        steps = np.diff(times)
        usual = float(np.median(steps)) if len(steps) else 0.0
        constant = len(steps) > 8 and float(np.mean(np.abs(steps - usual) <= 0.1 * usual + 2e-3)) >= CONSTANT_SHARE
        least = 1.5 * usual + 2e-3 if constant else max(1.0, 8 * usual)
        found = [Damage('missing', float(times[place]) + usual, float(times[place + 1]), constant)
                 for place in np.flatnonzero(steps > least)]
        if len(times) and times[0] > least:
            found.insert(0, Damage('missing', 0.0, float(times[0])))
        if len(times) and end_sec - times[-1] > max(1.0, 1.5 * usual):
            found.append(Damage('missing', float(times[-1]) + usual, end_sec))
        keys = np.sort(self._keys_sec)
        spans = [(time_sec, float(next(iter(keys[np.searchsorted(keys, time_sec, 'right'):]), end_sec)))
                 for time_sec in sorted(self._damaged_sec)]
        found += _joined('damaged', [(start, max(end, start + usual)) for start, end in spans])
        if self._back_sec:  # each stands where it was met; they count by their number
            start = min(self._back_sec)
            found.append(Damage('out of order', start, start + max(usual, 1e-3) * len(self._back_sec)))
        return found


def _joined(what: str, spans: list[tuple[float, float]]) -> Iterator[Damage]:
    """Spans in order of their start, those that touch as one."""
    start, end = spans[0] if spans else (0.0, 0.0)
    for next_start, next_end in spans[1:]:
        if next_start > end:
            yield Damage(what, start, end)
            start = next_start
        end = max(end, next_end)
    if spans:
        yield Damage(what, start, end)


def certain_sec(damage: list[Damage]) -> float:
    """Seconds that are certainly missing or damaged; a part that is both counts once."""
    spans = sorted((each.start_sec, each.end_sec) for each in damage if each.counts)
    return sum(each.end_sec - each.start_sec for each in _joined('', spans))


def in_words(damage: list[Damage]) -> str:
    """The first places, and how many there are."""
    more = f' and at {len(damage) - MOST_NAMED} more places' if len(damage) > MOST_NAMED else ''
    return ', '.join(map(str, damage[:MOST_NAMED])) + more
