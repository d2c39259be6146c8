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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rpn_plugin.evaluation.functional.error_analysis import KINDS
from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import printable
from rpn_plugin.structures import LONGEST_SEC, VideoSegments
from rpn_plugin.visualization.curves import Curves
from rpn_plugin.visualization.error_marks import ErrorMarks, mark_errors

PARTS = Path(__file__).parent / 'report_page'
SCRIPTS = ('elements', 'choice', 'time_window', 'lane', 'moving_pictures', 'card', 'keys', 'link', 'save', 'page')
"""In the order in which the page runs them, as one script."""
MAX_CURVE_POINTS = 4000


@dataclass(frozen=True)
class ReportVideo:
    """One video as the page shows it.

    Args:
        name: Of the video.
        detections: With scores, by the name of the file that they come from; the page shows the files side by side.
        duration_sec: End of the time axis; None ends it where the last segment or curve does.
        truth: Annotated segments; None if there is no ground truth at all.
        curves: Class activation sequence.
        url: Of the video file, relative to the page.
    """

    name: str
    detections: Mapping[str, VideoSegments]
    duration_sec: float | None = None
    truth: VideoSegments | None = None
    curves: Curves | None = None
    url: str | None = None


def write_report(path: str | Path, title: str, videos: Sequence[ReportVideo], threshold: float | None = None,
                 tiou: float = 0.5) -> None:
    """Write the page, whole or not at all.

    Args:
        path: Where to.
        title: Heading.
        videos: One row each, in this order; their names differ, and each has detections of the same files.
        threshold: Weakest score that shows at first; None shows as many detections of each file as the ground truth has
            instances, or without one five per video.
        tiou: Threshold of a match, in (0.1, 1], at which detections and instances are marked if there is ground truth.

    Raises:
        ValueError: If a video ends beyond :data:`LONGEST_SEC`: the page could not draw its time axis; if two videos
            have one name; or if a video lacks a file that another one has. Names the video.
    """
    files = _files(videos)
    classes = sorted({str(label) for video in videos for segments in (*video.detections.values(), video.truth)
                      if segments is not None for label in segments.labels})
    place = {name: index for index, name in enumerate(classes)}
    annotated = any(video.truth is not None for video in videos)
    marks = [_marks(videos, file, tiou) if annotated else {} for file in files]
    data = dict(classes=classes, files=files, kinds=KINDS, tiou=tiou, threshold=threshold, annotated=annotated,
                videos=[_plain_video(video, place, files, [of.get(video.name) for of in marks]) for video in videos])
    style = (PARTS / 'page.css').read_text(encoding='utf-8')
    script = "'use strict';\n(() => {\n" + '\n'.join(
        (PARTS / f'{name}.js').read_text(encoding='utf-8') for name in SCRIPTS) + '})();\n'
    policy = (f"default-src 'none'; style-src '{_source_hash(style)}'; script-src '{_source_hash(script)}'; "
              f"img-src data:; media-src 'self' file:; base-uri 'none'; form-action 'none'")
    page = (PARTS / 'page.html').read_text(encoding='utf-8')
    parts = dict(policy=policy, title=html.escape(printable(title)), style=style, script=script,
                 data=_json_for_script(data))
    page = re.sub(r'\{(' + '|'.join(parts) + r')\}', lambda match: parts[match.group(1)], page)
    with written_whole(path) as temporary:
        temporary.write_text(page, encoding='utf-8')


def _files(videos: Sequence[ReportVideo]) -> list[str]:
    files, names = list(videos[0].detections) if videos else [], set()
    for video in videos:
        if list(video.detections) != files:
            raise ValueError(f'Video {video.name} has detections of the files {list(video.detections)}; expected those '
                             f'of the first video, {files}.')
        if video.name in names:
            raise ValueError(f'Video {video.name} comes twice; expected each once.')
        names.add(video.name)
    return files


def _marks(videos: Sequence[ReportVideo], file: str, tiou: float) -> dict[str, ErrorMarks]:
    nothing = VideoSegments.from_annotations([])
    return mark_errors({video.name: video.detections[file] for video in videos},
                       {video.name: nothing if video.truth is None else video.truth for video in videos}, tiou)


def _plain_video(video: ReportVideo, place: dict[str, int], files: Sequence[str],
                 marks: Sequence[ErrorMarks | None]) -> dict[str, Any]:
    shown = {str(label) for segments in (*video.detections.values(), video.truth) if segments is not None
             for label in segments.labels}
    return dict(
        name=video.name,
        duration=_duration_sec(video),
        truth=_instances(video.truth, place, marks),
        found=[_detections(video.detections[file], place, of) for file, of in zip(files, marks)],
        ap=[[[place[name], round(ap, 4)] for name, ap in of.average_precision.items()] if of else [] for of in marks],
        curves=_plain_curves(video.curves, place, shown) if video.curves else None,
        url=video.url)


def _duration_sec(video: ReportVideo) -> float:
    ends = [float(segments.segments[:, 1].max()) for segments in (*video.detections.values(), video.truth)
            if segments is not None and len(segments.labels)]
    if video.curves:
        ends.append(video.curves.start_sec + len(video.curves.values) * video.curves.step_sec)
    end_sec = max([video.duration_sec or 0.0, *ends, 0.001])
    if not end_sec <= LONGEST_SEC:
        raise ValueError(f'Video {video.name} would end at {end_sec:g} s; {LONGEST_SEC:.0f} s are the most. Its '
                         f'detections, annotations or curves are damaged, or in other units than seconds.')
    return round(end_sec, 3)


def _detections(found: VideoSegments, place: dict[str, int], marks: ErrorMarks | None) -> list[list[float | None]]:
    """[class, start, end, score] of each, and the number of its kind where it has one; the best first."""
    scores = np.zeros(0) if found.scores is None else found.scores
    rows = _rows(found, place)
    return [[*rows[index], _score(scores[index]), *([] if marks is None else [int(marks.kind[index])])]
            for index in np.argsort(-scores, kind='stable').tolist()]


def _instances(truth: VideoSegments | None, place: dict[str, int],
               marks: Sequence[ErrorMarks | None]) -> list[list[float | None]]:
    """[class, start, end] of each, and for each file the score of the detection that takes it, or None."""
    if truth is None:
        return []
    taken = [[None if np.isnan(score) else _score(score) for score in of.taken] for of in marks if of]
    return [[*row, *(scores[index] for scores in taken)] for index, row in enumerate(_rows(truth, place))]


def _rows(segments: VideoSegments, place: dict[str, int]) -> list[list[float]]:
    """[class, start, end] of each."""
    return [[place[str(label)], round(start, 3), round(end, 3)]
            for (start, end), label in zip(segments.segments.tolist(), segments.labels)]


def _score(score: float) -> float:
    return float(f'{score:.6g}')


def _plain_curves(curves: Curves, place: dict[str, int], shown: set[str]) -> dict[str, Any]:
    """Curves of the classes shown: at most ``MAX_CURVE_POINTS`` points of each, in thousandths of its own range.

    A point is the maximum of its part. Each is [class, points, lowest value, highest value].
    """
    known = [index for index, label in enumerate(curves.labels) if label in shown]
    values = curves.values[:, known].astype(np.float64)  # differences of float32 may not be finite
    size = max(1, -(-len(values) // MAX_CURVE_POINTS))
    values = np.maximum.reduceat(values, np.arange(0, len(values), size), axis=0)
    low, high = values.min(axis=0), values.max(axis=0)
    permille = np.rint(1000 * (values - low) / np.maximum(high - low, 1e-12)).astype(int)
    return dict(start=curves.start_sec, step=curves.step_sec * size,
                values=[[place[curves.labels[index]], points, _score(low[column]), _score(high[column])]
                        for column, (index, points) in enumerate(zip(known, permille.T.tolist()))])


def _json_for_script(data: Any) -> str:
    """JSON that may stand in a script element: no ``<`` that could end it, nor ``&``."""
    text = json.dumps(data, separators=(',', ':'), allow_nan=False)  # ASCII: U+2028 and the like are escaped
    return text.replace('<', '\\u003c').replace('>', '\\u003e').replace('&', '\\u0026')


def _source_hash(text: str) -> str:
    return 'sha256-' + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
