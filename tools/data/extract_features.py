"""Extract features of videos with an MMAction2 recognizer.

python tools/data/extract_features.py VIDEO_OR_DIR --recognizer TSN --out DIR
python tools/data/extract_features.py VIDEO_OR_DIR --config RECOGNIZER --checkpoint CKPT --stream rgb --out DIR
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from _options import add_encoder_options


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Write <video>.npy, (T, D) float32, and <video>.json for each video. '
                                                 'What is there already, made in the same way, is left alone.')
    parser.add_argument('videos', type=Path, help='a video or a folder of videos')
    add_encoder_options(parser)
    parser.add_argument('--out', required=True, type=Path, help='folder to write to')
    parser.add_argument('--fps', type=float, default=25, help='rate at which the video is looked at, whatever its own')
    parser.add_argument('--stride', type=int, default=16, help='frames from one feature to the next')
    parser.add_argument('--window', type=int, default=16, help='frames that a feature may see')
    parser.add_argument('--stream', choices=('rgb', 'flow'), default='rgb')
    parser.add_argument('--flow', choices=('tvl1', 'dis'), default='tvl1',
                        help='optical flow: TV-L1 as for I3D, or DIS, many times faster but other')
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong options are answered before the imports below, which take seconds

from _extraction import extract_all, make_extractor

from rpn_plugin.command_line import one_line_errors
from rpn_plugin.datasets.sidecars import dry_run_note
from rpn_plugin.datasets.videos import find_videos
from rpn_plugin.structures import VIDEO_SUFFIXES, SnippetClock


def videos_of(path: Path) -> list[Path]:
    """The file, or the videos of the folder; other files there are counted aloud."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f'No video or folder {path}.')
    videos = list(find_videos(path).values())
    others = sum(entry.is_file() for entry in path.iterdir()) - len(videos)
    if not videos:
        raise ValueError(f'{path}: no video file in this folder; known by {", ".join(VIDEO_SUFFIXES)}.')
    if others:
        print(f'{path}: {others} other files are left out; videos are known by {", ".join(VIDEO_SUFFIXES)}')
    return videos


@one_line_errors()
def main() -> None:
    options = parse_args()
    videos = videos_of(options.videos)
    clock = SnippetClock(options.fps, options.stride, options.window)
    extractor = make_extractor(options, clock, options.stream, options.flow)
    print(f'{len(videos)} videos, {clock}')
    failed = extract_all(extractor, videos, options.out)
    if options.random_weights:
        print(f'{dry_run_note([options.stream])}.')
    if failed:
        sys.exit(f'{len(failed)} of {len(videos)} videos could not be extracted:\n' +
                 '\n'.join(f'  {why}' for why in failed))


if __name__ == '__main__':
    main()
