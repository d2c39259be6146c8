"""Files of detections: ActivityNet-style JSON, THUMOS14's text files, ActionFormer's pickles, and CSV."""
from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rpn_plugin.evaluation.actionformer_results import read_actionformer_results
from rpn_plugin.evaluation.entries import read_entries
from rpn_plugin.evaluation.ground_truth import GroundTruth
from rpn_plugin.evaluation.thumos_files import read_thumos_detections
from rpn_plugin.files import json_object, read_text, written_whole
from rpn_plugin.json_text import parse_form
from rpn_plugin.shown_names import csv_cell
from rpn_plugin.structures import VideoSegments, same_video_names


def write_detections(path: str | Path, detections: Mapping[str, VideoSegments]) -> None:
    """Write ActivityNet's submission format, ``{"version", "results": {video: [{label, score, segment}]}}``.

    The file appears whole or not at all. Segments are in seconds; numbers keep their full precision.

    Raises:
        ValueError: If a video has no scores or one that is not finite; names it.
    """
    results = {video: as_entries(video, found) for video, found in detections.items()}
    content = dict(version='VERSION 1.3', results=results, external_data={})
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content), encoding='utf-8')


def as_entries(video: str, found: VideoSegments) -> list[dict[str, Any]]:
    """The detections of one video as ``[{label, score, segment}]``, which :func:`read_entries` reads.

    Raises:
        ValueError: If it has no scores or one that is not finite; names the video.
    """
    return [dict(label=label, score=float(score), segment=[float(border) for border in segment])
            for segment, label, score in zip(found.segments, found.labels, _scores(video, found))]


def write_detections_csv(path: str | Path, detections: Mapping[str, VideoSegments]) -> None:
    """Write a table with the columns video, label, start_sec, end_sec and score, whole or not at all.

    What a spreadsheet would take for a formula gets an apostrophe before it, see :func:`csv_cell`.

    Raises:
        ValueError: If a video has no scores or one that is not finite; names it.
    """
    with written_whole(path) as temporary, open(temporary, 'w', encoding='utf-8', newline='') as file:
        table = csv.writer(file)
        table.writerow(['video', 'label', 'start_sec', 'end_sec', 'score'])
        for video, found in detections.items():
            for (start, end), label, score in zip(found.segments.tolist(), found.labels,
                                                  _scores(video, found).tolist()):
                table.writerow([csv_cell(video), csv_cell(label), start, end, score])


def read_detections(path: str | Path, truth: GroundTruth | None = None) -> dict[str, VideoSegments]:
    """Read ActivityNet's submission format, which MMAction2 and OpenTAD write, too.

    A file whose name ends in ``.txt`` has the format of THUMOS14's challenge, and one that ends in ``.pkl`` is
    ActionFormer's ``eval_results.pkl``.

    Args:
        path: The file.
        truth: What the detections are about. ActionFormer numbers its classes, and the annotations say what they are.

    Raises:
        ValueError: If the file is not of that form or has a key twice; names it, and video and value of the first entry
            that is not ``{label, score, segment}``. If classes are numbered and ``truth`` does not name them.
        OSError: If it cannot be opened.
    """
    if Path(path).suffix == '.pkl':
        if truth is None:
            raise ValueError(f'{path}: its classes are numbers, which only a ground truth names. Give one.')
        return read_actionformer_results(path, truth.class_names())
    if Path(path).suffix == '.txt':
        return read_thumos_detections(path)
    text = read_text(path)
    detections = _submission(text)
    if detections is not None:
        return detections
    results = json_object(path, text).get('results')
    if not isinstance(results, dict):
        raise ValueError(f'{path}: expected a JSON object with "results": {{video: [...]}}.')
    return {video: read_entries(path, video, entries, scored=True) for video, entries in results.items()}


def called_as(names: Collection[str], detections: Mapping[str, VideoSegments]
              ) -> tuple[Mapping[str, VideoSegments], list[tuple[str, str]]]:
    """Give videos the names that the ground truth has for them, where the two files have no name in common.

    MMAction2 writes results without the ``v_`` that its annotations have; others have ``.mp4``.

    Args:
        names: Of the ground truth's videos.
        detections: By video name.

    Returns:
        The detections by their new names, and the pairs of old and new name. Where a single name is in both, or two
        videos would get one name, the detections are as they were, and there are no pairs.
    """
    pairs = same_video_names(detections, names) if not {*names} & {*detections} else []
    new_names = dict(pairs)
    renamed = [new_names.get(video, video) for video in detections]
    if len(new_names) < len(pairs) or len({*renamed}) < len(renamed):
        return detections, []
    return dict(zip(renamed, detections.values())), pairs


class _Detection(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    label: str
    segment: tuple[float, float]
    score: float


class _Submission(msgspec.Struct, forbid_unknown_fields=True):
    results: dict[str, list[_Detection]]
    version: Any = msgspec.UNSET
    external_data: Any = msgspec.UNSET


_SUBMISSION = msgspec.json.Decoder(_Submission)


def _count_keys(read: _Submission) -> int:
    detections = read.results.values()
    around = msgspec.json.encode(msgspec.structs.replace(read, results={}))
    return around.count(b':') + len(detections) + 3 * sum(map(len, detections))


def _submission(text: str) -> dict[str, VideoSegments] | None:
    """Read what :func:`write_detections` writes; None if it has another form, which may be right or wrong."""
    read = parse_form(text, _SUBMISSION, _count_keys)
    if read is None:
        return None
    try:
        return {video: VideoSegments(np.fromiter(chain.from_iterable([one.segment for one in found]), np.float64,
                                                 2 * len(found)).reshape(-1, 2),
                                     [one.label for one in found],
                                     np.fromiter([one.score for one in found], np.float64, len(found)))
                for video, found in read.results.items()}
    except ValueError:  # a time that is not plausible
        return None


def _scores(video: str, found: VideoSegments) -> np.ndarray:
    if found.scores is None or not np.isfinite(found.scores).all():
        raise ValueError(f'Detections of video {video} have a score that is not finite, or no scores.')
    return found.scores
