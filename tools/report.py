"""Make one HTML page of detections that opens anywhere, without a network.

python tools/report.py detections.json --ground-truth annotations.json --subset test --curves work_dirs/localized/curves
    --video-dir videos/ --out report.html
"""
from __future__ import annotations

import argparse
import os
from pathlib import Path
from urllib.parse import quote


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Detections, ground truth and curves as one HTML page.')
    parser.add_argument('detections', help='JSON with "results", as tools/localize.py and WTALMetric write it')
    parser.add_argument('--ground-truth', metavar='ANN', help='JSON with "database"')
    parser.add_argument('--subset', help='of the ground truth; all by default')
    parser.add_argument('--curves', metavar='DIR', help='folder of <video>.npz, as tools/localize.py writes it')
    parser.add_argument('--video-dir', metavar='DIR', help='folder of video files, named as the videos; the page links '
                        'to them, so keep them where they are')
    parser.add_argument('--threshold', type=float, help='weakest score that shows at first; by default as many '
                        'detections as the ground truth has instances, or five per video')
    parser.add_argument('--title', help='heading; by default the name of the file')
    parser.add_argument('--out', required=True, help='page to write')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from rpn_plugin.command_line import one_line_errors
from rpn_plugin.evaluation import GroundTruth
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.files import path_inside
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import Curves, ReportVideo, write_report

VIDEO_SUFFIXES = ('.mp4', '.webm', '.mkv', '.mov', '.m4v', '.ogv', '.avi')
NOTHING = VideoSegments.from_annotations([])


def video_url(folder: str | None, name: str, page: Path) -> str | None:
    """Return the address of a video's file as seen from the page; None if there is no file."""
    files = [path_inside(folder, name, suffix) for suffix in VIDEO_SUFFIXES] if folder else []
    found = next((file for file in files if file.is_file()), None)
    return quote(Path(os.path.relpath(found, page.parent)).as_posix()) if found else None


def run(options: argparse.Namespace) -> None:
    """Read, write, say what was done."""
    detections, out = read_detections(options.detections), Path(options.out)
    truth = GroundTruth.read(options.ground_truth, options.subset) if options.ground_truth else None
    for name, folder in (('--curves', options.curves), ('--video-dir', options.video_dir)):
        if folder and not Path(folder).is_dir():
            raise ValueError(f'{name} {folder}: no such folder.')
    videos = []
    for name in dict.fromkeys([*detections, *(truth.segments if truth else [])]):
        curves = path_inside(options.curves, name, '.npz') if options.curves else None
        videos.append(ReportVideo(
            name, detections.get(name, NOTHING), truth.duration_sec(name) if truth else None,
            truth.segments.get(name, NOTHING) if truth else None,
            Curves.read(curves) if curves and curves.is_file() else None, video_url(options.video_dir, name, out)))
    write_report(out, options.title or Path(options.detections).name, videos, options.threshold)
    print(f'{out}: {len(videos)} videos, {sum(video.curves is not None for video in videos)} with curves, '
          f'{sum(video.url is not None for video in videos)} with a video file')


@one_line_errors()
def main() -> None:
    options = parse()
    run(options)


if __name__ == '__main__':
    main()
