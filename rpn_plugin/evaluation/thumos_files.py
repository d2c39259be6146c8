"""THUMOS14's text files of detections: a line ``video start end class_index score`` each."""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from rpn_plugin.files import read_text
from rpn_plugin.structures import LONGEST_SEC, VideoSegments

CLASS_OF_INDEX = {
    7: 'BaseballPitch', 9: 'BasketballDunk', 12: 'Billiards', 21: 'CleanAndJerk', 22: 'CliffDiving',
    23: 'CricketBowling', 24: 'CricketShot', 26: 'Diving', 31: 'FrisbeeCatch', 33: 'GolfSwing', 36: 'HammerThrow',
    40: 'HighJump', 45: 'JavelinThrow', 51: 'LongJump', 68: 'PoleVault', 79: 'Shotput', 85: 'SoccerPenalty',
    92: 'TennisSwing', 93: 'ThrowDiscus', 97: 'VolleyballSpiking',
}  # yapf: disable
"""The challenge's ``detclasslist.txt``: the 20 classes of detection by their index among UCF101's."""


def read_thumos_detections(path: str | Path) -> dict[str, VideoSegments]:
    """Read a submission to the challenge; the ending .mp4 or .mpeg of a video's name is dropped, as its kit does.

    An index that is not in :data:`CLASS_OF_INDEX` becomes the label ``class <index>``.

    Raises:
        ValueError: Names file, line, video and value of the first line that is not of this form.
    """
    rows: dict[str, list[tuple[float, float, float, str]]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            name, start, end, index, score = words
            values = float(start), float(end), float(score)
            label = CLASS_OF_INDEX.get(int(index), f'class {int(index)}')
            if not np.isfinite(values).all() or not max(abs(values[0]), abs(values[1])) <= LONGEST_SEC:
                raise ValueError('not finite, or not plausible')
        except ValueError as error:
            raise ValueError(f'{path}: line {number}, video {words[0]}, has {line!r}; expected "video start end '
                             f'class_index score" with finite numbers, and times of at most {LONGEST_SEC:.0f} '
                             f'seconds.') from error
        rows.setdefault(re.sub(r'\.(mp4|mpeg)$', '', name), []).append((*values, label))
    if not rows:
        raise ValueError(f'{path}: no detection; expected lines "video start end class_index score".')
    return {video: VideoSegments(np.array([row[:2] for row in listed]), [row[3] for row in listed],
                                 np.array([row[2] for row in listed]))
            for video, listed in rows.items()}
