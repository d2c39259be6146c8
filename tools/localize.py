"""Localize actions in untrimmed videos.

python tools/localize.py features/ --checkpoint published.pth --out work_dirs/localized
python tools/localize.py features/rgb/video.npy --config CONFIG --checkpoint CHECKPOINT --out work_dirs/localized
python tools/localize.py videos/ --checkpoint published.pth --feature-config rgb=RECOGNIZER flow=RECOGNIZER
    --feature-checkpoint rgb=WEIGHTS flow=WEIGHTS --out work_dirs/localized

Writes for each video, as soon as it is done, subtitles/<video>.srt and .vtt and pictures/<video>.png with the
detections that score at least --min-score, curves/<video>.npz with the class activation sequence, for tools/report.py,
and detections/<video>.json; at the end detections.json (ActivityNet's result format) and detections.csv with all.
A video that cannot be read, localized or written is named, the others are done, and the exit status is 1.
"""
from __future__ import annotations

import argparse
import sys
from contextlib import suppress

from mmengine.config import DictAction


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Localize actions in untrimmed videos.')
    parser.add_argument('inputs', nargs='+', help='videos, feature files (.npy) or folders of them; with several '
                        'streams, a folder with one folder per stream, or the file of one stream')
    parser.add_argument('--checkpoint', required=True, help='as training or publish_model.py writes it')
    parser.add_argument('--config', help='config of the training; by default what the checkpoint says')
    parser.add_argument('--trust', action='store_true', help='the checkpoint is your own: build whatever it describes, '
                        'other parts than those of this project among them')
    parser.add_argument('--allow-partial', action='store_true',
                        help='load the weights that fit and leave the others as they are')
    parser.add_argument('--recipe', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='fps=... snippet_stride=... of the features, where nothing states them')
    parser.add_argument('--feature-config', nargs='+', action=DictAction, default={}, metavar='STREAM=CONFIG',
                        help='for videos: recognizer that makes the features of each stream, as for the training')
    parser.add_argument('--feature-checkpoint', nargs='+', action=DictAction, default={}, metavar='STREAM=WEIGHTS',
                        help='its weights, or "random" for a dry run')
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument('--resume', action='store_true', help='leave alone what is done already in --out with the same '
                        'checkpoint and settings; refused where they differ')
    parser.add_argument('--min-score', type=float, default=0.6, help='weakest detection in subtitles and pictures; the '
                        'default had the best F1 on the training videos of ucf101-untrimmed (tIoU 0.5)')
    parser.add_argument('--batch-size', type=int, default=1, help='videos that run together')
    parser.add_argument('--device', help='by default a GPU if there is one')
    parser.add_argument('--amp', action='store_true', help='half precision where it is safe')
    return parser.parse_args()


if __name__ == '__main__':
    with suppress(ValueError):  # main reports it
        parse()  # --help and wrong options are answered before the imports below, which take seconds

import numpy as np

from rpn_plugin.apis import FeatureExtractor, ResultFolder, UntrimmedInput, WTALInferencer, find_inputs
from rpn_plugin.command_line import one_line_errors, reason
from rpn_plugin.config_files import read_config
from rpn_plugin.files import unsafe_name
from rpn_plugin.shown_names import one_line
from rpn_plugin.structures import SnippetClock, VideoSegments


def extractors(options: argparse.Namespace, inferencer: WTALInferencer) -> dict[str, FeatureExtractor]:
    """Extractors of the features of each stream, at the model's clock."""
    if options.feature_config.keys() != options.feature_checkpoint.keys():
        raise ValueError(f'--feature-config names the streams {list(options.feature_config)}, but --feature-checkpoint '
                         f'{list(options.feature_checkpoint)}.')
    made = {}
    for stream, path in options.feature_config.items():
        config = read_config(path)
        made[stream] = FeatureExtractor(config, options.feature_checkpoint[stream],
                                        SnippetClock.from_recipe(inferencer.recipe), stream,
                                        device=str(inferencer.device))
    return made


def run(options: argparse.Namespace) -> int:
    """Localize every video, name those that fail; the exit status."""
    config = read_config(options.config) if options.config else None
    inferencer = WTALInferencer(config, options.checkpoint, options.device, options.recipe,
                                amp=options.amp, trust=options.trust, allow_partial=options.allow_partial)
    inferencer.extractors = extractors(options, inferencer)
    results = ResultFolder(options.out, inferencer.settings, options.min_score)
    if options.resume:
        results.require_same_settings()
    videos = find_inputs(options.inputs, inferencer.streams)
    detections: dict[str, VideoSegments] = {}
    failed: dict[str, bool] = {}
    waiting = []
    for video in videos:
        wrong = unsafe_name(video.name)
        before = results.done(video) if options.resume and not wrong else None
        if wrong:
            failed[video.name] = True
            say_error(video, ValueError(f'its name cannot name a file of results: {wrong}. Rename the video.'))
        elif before is not None:
            detections[video.name] = before
            print(f'{video.name}: done already')
        else:
            waiting.append(video)
    for video, outcome in inferencer.outcomes(waiting, options.batch_size) if waiting else ():
        try:
            if isinstance(outcome, Exception):
                raise outcome
            found = inferencer.detections(outcome)
            unwritten = results.write(inferencer, video, outcome, found)
            detections[video.name] = found
            for error in unwritten:
                failed[video.name] = True
                say_error(video, error)
            print(f'{video.name}: {int(np.sum(found.scores >= options.min_score))} detections of at least '
                  f'{options.min_score:g}, {len(found.labels)} in all')
        except Exception as error:  # one video ends no run
            failed[video.name] = True
            say_error(video, error)
    if detections:
        results.finish({video.name: detections[video.name] for video in videos if video.name in detections})
    for note in sorted(results.notes):
        print(f'{note}.')
    print(f'{len(detections)} videos localized, {len(failed)} failed' +
          (f'; written to {options.out}' if detections else ''))
    return 1 if failed else 0


def say_error(video: UntrimmedInput, error: Exception) -> None:
    """Name a video that failed, or something of it that could not be written, with the reason."""
    print(f'error: video {one_line(video.name)}: {reason(error)}', file=sys.stderr)


@one_line_errors()
def main() -> None:
    raise SystemExit(run(parse()))


if __name__ == '__main__':
    main()
