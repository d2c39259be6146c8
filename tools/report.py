"""Make one HTML page of detections that opens anywhere, without a network.

python tools/report.py detections.json other.json --ground-truth annotations.json --subset test
    --curves work_dirs/localized/curves --video-dir videos/ --out report.html
"""
from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Detections, ground truth and curves as one HTML page.')
    parser.add_argument('detections', nargs='+', help='JSON with "results", as tools/localize.py and WTALMetric write '
                        'it; further files are shown beside the first')
    parser.add_argument('--ground-truth', metavar='ANN', help='JSON with "database"')
    parser.add_argument('--subset', help='show the videos of this subset of the ground truth only; all by default')
    parser.add_argument('--tiou', type=float, default=0.5, help='threshold of a match, for the marks of errors')
    parser.add_argument('--curves', metavar='DIR', help='folder of <video>.npz, as tools/localize.py writes it')
    parser.add_argument('--video-dir', metavar='DIR', help='folder of video files, named as the videos; the page links '
                        'to them, so keep them where they are')
    parser.add_argument('--threshold', type=float, help='weakest score that shows at first; by default as many '
                        'detections as the ground truth has instances, or five per video')
    parser.add_argument('--title', help='heading; by default the names of the files')
    parser.add_argument('--out', required=True, help='page to write')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

import numpy as np

from rpn_plugin.command_line import one_line_errors
from rpn_plugin.evaluation import GroundTruth
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.files import path_inside
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import Curves, ReportVideo, write_report

VIDEO_SUFFIXES = ('.mp4', '.webm', '.mkv', '.mov', '.m4v', '.ogv', '.avi')
NO_INSTANCES = VideoSegments.from_annotations([])
NO_DETECTIONS = VideoSegments(NO_INSTANCES.segments, [], np.zeros(0))


def video_url(folder: str | None, name: str, page: Path) -> str | None:
    """Return the address of a video's file as seen from the page; None if there is no file."""
    files = [path_inside(folder, name, suffix) for suffix in VIDEO_SUFFIXES] if folder else []
    found = next((file for file in files if file.is_file()), None)
    return quote(Path(os.path.relpath(found, page.parent)).as_posix()) if found else None


def names_of_files(paths: Sequence[str]) -> list[str]:
    """Return the shortest names by which the files can be told apart: with as many folders as that takes."""
    parts = [Path(path).absolute().parts for path in paths]
    for count in range(1, max(map(len, parts)) + 1):
        names = [str(Path(*of[-count:])) for of in parts]
        if len(set(names)) == len(names):
            return names
    raise ValueError(f'{", ".join(paths)}: expected each file of detections once.')


def read_truth(options: argparse.Namespace) -> GroundTruth | None:
    """Read the ground truth that the options name."""
    if options.ground_truth is None and options.subset is not None:
        raise ValueError('--subset needs --ground-truth, which says which videos are in the subset.')
    return GroundTruth.read(options.ground_truth, options.subset) if options.ground_truth else None


def run(options: argparse.Namespace) -> None:
    """Read, write, say what was done."""
    files = dict(zip(names_of_files(options.detections), map(read_detections, options.detections)))
    truth, out = read_truth(options), Path(options.out)
    for name, folder in (('--curves', options.curves), ('--video-dir', options.video_dir)):
        if folder and not Path(folder).is_dir():
            raise ValueError(f'{name} {folder}: no such folder.')
    detected = dict.fromkeys(name for detections in files.values() for name in detections)
    annotated = truth.segments if truth else {}
    left_out = [name for name in detected if options.subset is not None and name not in annotated]
    names = dict.fromkeys([*detected, *annotated])
    for name in left_out:
        del names[name]
    videos = []
    for name in names:
        curves = path_inside(options.curves, name, '.npz') if options.curves else None
        videos.append(ReportVideo(
            name, {file: detections.get(name, NO_DETECTIONS) for file, detections in files.items()},
            truth.duration_sec(name) if truth else None, annotated.get(name, NO_INSTANCES) if truth else None,
            Curves.read(curves) if curves and curves.is_file() else None, video_url(options.video_dir, name, out)))
    write_report(out, options.title or ' and '.join(files), videos, options.threshold, options.tiou)
    if left_out:
        print(f'{len(left_out)} videos with detections are not in subset {options.subset} and not on the page: '
              f'{", ".join(left_out[:3])}{", ..." if len(left_out) > 3 else ""}')
    print(f'{out}: {len(videos)} videos, {sum(video.curves is not None for video in videos)} with curves, '
          f'{sum(video.url is not None for video in videos)} with a video file')


@one_line_errors()
def main() -> None:
    options = parse()
    run(options)


if __name__ == '__main__':
    main()
