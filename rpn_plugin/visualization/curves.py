"""Curves over a video's time as files, for pictures and reports."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rpn_plugin.files import written_whole
from rpn_plugin.foreign_files import read_npz
from rpn_plugin.structures import LONGEST_SEC


@dataclass(frozen=True)
class Curves:
    """A class activation sequence for some classes of one video.

    Args:
        labels: C' class names.
        values: (T, C').
        start_sec: Left border of the first snippet.
        step_sec: Seconds from one snippet to the next.

    Raises:
        ValueError: If the shapes do not fit, a value is not finite, the step is not positive, or a time is beyond
            :data:`LONGEST_SEC`.
    """

    labels: tuple[str, ...]
    values: np.ndarray
    start_sec: float
    step_sec: float

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.labels) or not np.isfinite(self.values).all():
            raise ValueError(f'Expected finite curves of shape (T, {len(self.labels)}) for the classes '
                             f'{list(self.labels)}, but got shape {self.values.shape}.')
        end_sec = self.start_sec + len(self.values) * self.step_sec
        if not (abs(self.start_sec) <= LONGEST_SEC and self.step_sec > 0 and end_sec <= LONGEST_SEC):
            raise ValueError(f'Expected a finite start and a positive step in seconds, and an end of at most '
                             f'{LONGEST_SEC:.0f} s, but got {self.start_sec} and {self.step_sec} for '
                             f'{len(self.values)} values.')

    def write(self, path: str | Path) -> None:
        """Write a ``.npz``, whole or not at all."""
        with written_whole(path) as temporary:
            np.savez_compressed(temporary, labels=np.array(self.labels, dtype=np.str_),
                                values=self.values.astype(np.float32), start_sec=self.start_sec, step_sec=self.step_sec)

    @classmethod
    def read(cls, path: str | Path) -> Curves:
        """Read what :meth:`write` wrote.

        Raises:
            ValueError: If it is something else; names the file.
        """
        try:
            names = ('labels', 'values', 'start_sec', 'step_sec')
            labels, values, start_sec, step_sec = read_npz(path, lambda _: names)
            if labels.dtype.kind != 'U' or values.dtype.kind != 'f':
                raise ValueError('labels are no text, or values are no numbers')
            return cls(tuple(labels.tolist()), values, float(start_sec), float(step_sec))
        except (ValueError, OSError, TypeError, AttributeError) as error:
            raise ValueError(f'{path}: no curves as tools/localize.py writes them ({error}).') from error
