"""Extract features of videos with an MMAction2 recognizer.

python tools/data/extract_features.py VIDEO_OR_DIR --config RECOGNIZER --checkpoint CKPT --stream rgb --out DIR
"""
from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Write <video>.npy, (T, D) float32, and <video>.json for each video. '
                                                 'What is there already, made in the same way, is left alone.')
    parser.add_argument('videos', type=Path, help='a video or a folder of videos')
    parser.add_argument('--config', required=True, help='config of an MMAction2 recognizer')
    parser.add_argument('--checkpoint', required=True, help='its weights; a local file')
    parser.add_argument('--out', required=True, type=Path, help='folder to write to')
    parser.add_argument('--fps', type=float, default=25, help='rate at which the video is looked at, whatever its own')
    parser.add_argument('--stride', type=int, default=16, help='frames from one feature to the next')
    parser.add_argument('--window', type=int, default=16, help='frames that a feature may see')
    parser.add_argument('--stream', choices=('rgb', 'flow'), default='rgb')
    parser.add_argument('--flow', choices=('tvl1', 'dis'), default='tvl1',
                        help='optical flow: TV-L1 as for I3D, or DIS, many times faster but other')
    parser.add_argument('--batch-size', type=int, default=16, help='snippets encoded at once')
    parser.add_argument('--device', default='cpu', help='such as cuda')
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong options are answered before the imports below, which take seconds

from mmengine.config import Config
from rich.markup import escape
from rich.progress import Progress

from rpn_plugin.apis import FeatureExtractor
from rpn_plugin.command_line import one_line_errors, reason
from rpn_plugin.config_files import find_config
from rpn_plugin.datasets.videos import VideoError, VideoFile, find_videos
from rpn_plugin.shown_names import one_line
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


def extract_all(extractor: FeatureExtractor, videos: list[Path], out: Path) -> list[str]:
    """Extract one after the other, with a progress bar; which videos failed, and why."""
    failed = []
    with Progress() as bar:
        whole = bar.add_task('videos', total=len(videos))
        for path in videos:
            name = one_line(path.name)
            task = bar.add_task(escape(name), total=None)
            try:
                expected = extractor.decoder.clock.num_snippets(VideoFile(path).header['duration_sec'])
                bar.update(task, total=expected)
                written = extractor.extract_to(path, out, partial(bar.advance, task))
                outcome = 'written' if written else 'done already'
                bar.console.print(f'{name}: {outcome}', markup=False, soft_wrap=True)
            except Exception as error:  # whatever a file or a library comes up with, the other videos are done
                failed.append(reason(error) if isinstance(error, VideoError) else f'{name}: {reason(error)}')
                bar.console.print(f'error: {failed[-1]}', markup=False, soft_wrap=True)
            bar.remove_task(task)
            bar.advance(whole)
    return failed


@one_line_errors()
def main() -> None:
    options = parse_args()
    videos = videos_of(options.videos)
    config = Config.fromfile(find_config(options.config))
    clock = SnippetClock(options.fps, options.stride, options.window)
    extractor = FeatureExtractor(config, options.checkpoint, clock, options.stream, options.flow, options.batch_size,
                                 options.device)
    print(f'{len(videos)} videos, {clock}')
    failed = extract_all(extractor, videos, options.out)
    if failed:
        sys.exit(f'{len(failed)} of {len(videos)} videos could not be extracted:\n' +
                 '\n'.join(f'  {why}' for why in failed))


if __name__ == '__main__':
    main()
