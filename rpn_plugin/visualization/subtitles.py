"""Detections as subtitles, so that any player shows them."""
from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import one_line
from rpn_plugin.structures import VideoSegments

Cue = tuple[int, int, list[str]]
"""Start and end in milliseconds, and a line for each action in between."""


def subtitle_cues(detections: VideoSegments, min_score: float = -np.inf) -> list[Cue]:
    """Cut the time axis wherever an action starts or ends, so that no two cues overlap.

    A cue has a line for every class detected there, best first, with the score of its best detection. Neighbouring cues
    of the same lines are one; borders are rounded to the nearest millisecond.

    Args:
        detections: Of one video, segments in seconds.
        min_score: Leave out weaker detections.
    """
    scores = np.ones(len(detections.labels)) if detections.scores is None else detections.scores
    borders_ms = np.rint(detections.segments.clip(min=0) * 1000).astype(np.int64)
    kept = np.flatnonzero((scores >= min_score) & (borders_ms[:, 1] > borders_ms[:, 0]))
    kept = kept[np.argsort(-scores[kept], kind='stable')]
    cuts = np.unique(borders_ms[kept])
    active: list[list[int]] = [[] for _ in cuts[1:]]
    for row in kept.tolist():  # best first, and so is every list
        for place in range(*np.searchsorted(cuts, borders_ms[row])):
            active[place].append(row)
    cues: list[Cue] = []
    for start, end, rows in zip(cuts.tolist(), cuts[1:].tolist(), active):
        best: dict[str, float] = {}
        for row in rows:
            best.setdefault(one_line(detections.labels[row]), float(scores[row]))
        lines = [f'{label} {score:.2f}' for label, score in best.items()]
        if cues and cues[-1][1:] == (start, lines):
            cues[-1] = (cues[-1][0], end, lines)
        elif lines:
            cues.append((start, end, lines))
    return cues


def write_srt(path: str | Path, cues: list[Cue]) -> None:
    """Write SubRip, whole or not at all."""
    blocks = [f'{number}\n{_clock(start, ",")} --> {_clock(end, ",")}\n' + '\n'.join(lines) + '\n'
              for number, (start, end, lines) in enumerate(cues, start=1)]
    _write(path, '\n'.join(blocks))


def write_webvtt(path: str | Path, cues: list[Cue]) -> None:
    """Write WebVTT, whole or not at all; ``&``, ``<`` and ``>`` in names are escaped, as the format wants."""
    blocks = [f'{_clock(start, ".")} --> {_clock(end, ".")}\n' + escape('\n'.join(lines), quote=False) + '\n'
              for start, end, lines in cues]
    _write(path, '\n'.join(['WEBVTT\n', *blocks]))


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f'{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{milliseconds:03}'


def _write(path: str | Path, text: str) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding='utf-8')
