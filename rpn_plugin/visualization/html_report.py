"""One self-contained page of detections, ground truth and curves: nothing is loaded from anywhere.

The page's parts lie in ``report_page``. Names come from files, so none becomes markup: the data are JSON in a block
that nothing in them can end, the script writes them as text, and the page's policy lets no other script run.
"""
from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import printable
from rpn_plugin.structures import LONGEST_SEC, VideoSegments
from rpn_plugin.visualization.curves import Curves

PARTS = Path(__file__).parent / 'report_page'
MAX_CURVE_POINTS = 800


@dataclass(frozen=True)
class ReportVideo:
    """One video as the page shows it.

    Args:
        name: Of the video.
        detections: With scores.
        duration_sec: End of the time axis; None ends it where the last segment or curve does.
        truth: Annotated segments; None if there is no ground truth at all.
        curves: Class activation sequence.
        url: Of the video file, relative to the page.
    """

    name: str
    detections: VideoSegments
    duration_sec: float | None = None
    truth: VideoSegments | None = None
    curves: Curves | None = None
    url: str | None = None


def write_report(path: str | Path, title: str, videos: Sequence[ReportVideo], threshold: float | None = None) -> None:
    """Write the page, whole or not at all.

    Args:
        path: Where to.
        title: Heading.
        videos: One row each, in this order.
        threshold: Weakest score that shows at first; None shows as many detections as the ground truth has instances,
            or without one five per video.

    Raises:
        ValueError: If a video ends beyond :data:`LONGEST_SEC`: the page could not draw its time axis. Names it.
    """
    classes = sorted({str(label) for video in videos for segments in (video.detections, video.truth)
                      if segments is not None for label in segments.labels})
    place = {name: index for index, name in enumerate(classes)}
    data = dict(classes=classes, threshold=threshold, annotated=any(video.truth is not None for video in videos),
                videos=[_plain_video(video, place) for video in videos])
    style, script = ((PARTS / f'page.{kind}').read_text(encoding='utf-8') for kind in ('css', 'js'))
    policy = (f"default-src 'none'; style-src '{_source_hash(style)}'; script-src '{_source_hash(script)}'; "
              f"media-src 'self' file:; base-uri 'none'; form-action 'none'")
    page = (PARTS / 'page.html').read_text(encoding='utf-8')
    parts = dict(policy=policy, title=html.escape(printable(title)), style=style, script=script,
                 data=_json_for_script(data))
    page = re.sub(r'\{(' + '|'.join(parts) + r')\}', lambda match: parts[match.group(1)], page)
    with written_whole(path) as temporary:
        temporary.write_text(page, encoding='utf-8')


def _plain_video(video: ReportVideo, place: dict[str, int]) -> dict[str, Any]:
    return dict(
        name=video.name,
        duration=_duration_sec(video),
        truth=_rows(video.truth, place),
        found=_rows(video.detections, place),
        curves=_plain_curves(video.curves, place) if video.curves else None,
        url=video.url)


def _duration_sec(video: ReportVideo) -> float:
    ends = [float(segments.segments[:, 1].max()) for segments in (video.detections, video.truth)
            if segments is not None and len(segments.labels)]
    if video.curves:
        ends.append(video.curves.start_sec + len(video.curves.values) * video.curves.step_sec)
    end_sec = max([video.duration_sec or 0.0, *ends, 0.001])
    if not end_sec <= LONGEST_SEC:
        raise ValueError(f'Video {video.name} would end at {end_sec:g} s; {LONGEST_SEC:.0f} s are the most. Its '
                         f'detections, annotations or curves are damaged, or in other units than seconds.')
    return round(end_sec, 3)


def _rows(segments: VideoSegments | None, place: dict[str, int]) -> list[list[float]]:
    """[class, start, end] or [class, start, end, score] of each."""
    if segments is None:
        return []
    rows = [[place[str(label)], round(start, 3), round(end, 3)]
            for (start, end), label in zip(segments.segments.tolist(), segments.labels)]
    if segments.scores is not None:
        rows = [[*row, float(f'{score:.6g}')] for row, score in zip(rows, segments.scores.tolist())]
    return rows


def _plain_curves(curves: Curves, place: dict[str, int]) -> dict[str, Any]:
    """Curves for the page: at most ``MAX_CURVE_POINTS`` points of each, in thousandths of its own range.

    A point is the maximum of its part.
    """
    known = [index for index, label in enumerate(curves.labels) if label in place]
    values = curves.values[:, known].astype(np.float64)  # differences of float32 may not be finite
    size = max(1, -(-len(values) // MAX_CURVE_POINTS))
    values = np.maximum.reduceat(values, np.arange(0, len(values), size), axis=0)
    low, high = values.min(axis=0), values.max(axis=0)
    permille = np.rint(1000 * (values - low) / np.maximum(high - low, 1e-12)).astype(int)
    return dict(start=curves.start_sec, step=curves.step_sec * size,
                values=[[place[curves.labels[index]], column] for index, column in zip(known, permille.T.tolist())])


def _json_for_script(data: Any) -> str:
    """JSON that may stand in a script element: no ``<`` that could end it, nor ``&``."""
    text = json.dumps(data, separators=(',', ':'), allow_nan=False)  # ASCII: U+2028 and the like are escaped
    return text.replace('<', '\\u003c').replace('>', '\\u003e').replace('&', '\\u0026')


def _source_hash(text: str) -> str:
    return 'sha256-' + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
