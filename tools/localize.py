"""Localize actions in untrimmed videos.

python tools/localize.py features/ --checkpoint published.pth --out work_dirs/localized
python tools/localize.py features/rgb/video.npy --config CONFIG --checkpoint CHECKPOINT --out work_dirs/localized
python tools/localize.py videos/ --checkpoint published.pth --feature-config rgb=RECOGNIZER flow=RECOGNIZER
    --feature-checkpoint rgb=WEIGHTS flow=WEIGHTS --out work_dirs/localized

Writes detections.json (ActivityNet's result format) and detections.csv with every detection, and for each video
subtitles/<video>.srt and .vtt and pictures/<video>.png with those that score at least --min-score, and
curves/<video>.npz with the class activation sequence, for tools/report.py.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from mmaction.structures import ActionDataSample
from mmengine.config import Config, DictAction

from rpn_plugin.apis import FeatureExtractor, WTALInferencer
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.evaluation.results_file import write_detections, write_detections_csv
from rpn_plugin.files import path_inside
from rpn_plugin.structures import SnippetClock, VideoSegments
from rpn_plugin.visualization import Curves, save_figure, subtitle_cues, write_srt, write_webvtt


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Localize actions in untrimmed videos.')
    parser.add_argument('inputs', nargs='+', help='videos, feature files (.npy) or folders of them; with several '
                        'streams, a folder with one folder per stream, or the file of one stream')
    parser.add_argument('--checkpoint', required=True, help='as training or publish_model.py writes it')
    parser.add_argument('--config', help='config of the training; by default what the checkpoint says')
    parser.add_argument('--trust', action='store_true', help='the checkpoint is your own: build whatever it describes, '
                        'other parts than those of this project among them')
    parser.add_argument('--recipe', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='fps=... snippet_stride=... of the features, where nothing states them')
    parser.add_argument('--feature-config', nargs='+', action=DictAction, default={}, metavar='STREAM=CONFIG',
                        help='for videos: recognizer that makes the features of each stream, as for the training')
    parser.add_argument('--feature-checkpoint', nargs='+', action=DictAction, default={}, metavar='STREAM=WEIGHTS',
                        help='its weights')
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument('--min-score', type=float, default=0.6, help='weakest detection in subtitles and pictures; the '
                        'default had the best F1 on the training videos of ucf101-untrimmed (tIoU 0.5)')
    parser.add_argument('--batch-size', type=int, default=1, help='videos that run together')
    parser.add_argument('--device', help='by default a GPU if there is one')
    parser.add_argument('--amp', action='store_true', help='half precision where it is safe')
    return parser.parse_args()


def write_video(inferencer: WTALInferencer, sample: ActionDataSample, min_score: float, out: Path) -> VideoSegments:
    """Write what belongs to one video; its detections."""
    name, found = sample.video_name, inferencer.detections(sample)
    shown = int((found.scores >= min_score).sum())  # the best come first
    cues = subtitle_cues(found, min_score)
    write_srt(path_inside(out / 'subtitles', name, '.srt'), cues)
    write_webvtt(path_inside(out / 'subtitles', name, '.vtt'), cues)
    figure = inferencer.visualize([], [sample], return_vis=True, top=shown)[0]
    save_figure(figure, path_inside(out / 'pictures', name, '.png'))
    labels = tuple(dict.fromkeys(found.labels))
    values = sample.pred_cas.numpy()[:, [inferencer.classes.index(label) for label in labels]]
    curves = Curves(labels, values, sample.clock.start_sec, sample.clock.seconds_per_snippet)
    curves.write(path_inside(out / 'curves', name, '.npz'))
    return found


def extractors(options: argparse.Namespace, inferencer: WTALInferencer) -> dict[str, FeatureExtractor]:
    """Extractors of the features of each stream, at the model's clock."""
    if options.feature_config.keys() != options.feature_checkpoint.keys():
        raise ValueError(f'--feature-config names the streams {list(options.feature_config)}, but --feature-checkpoint '
                         f'{list(options.feature_checkpoint)}.')
    made = {}
    for stream, path in options.feature_config.items():
        config = Config.fromfile(path)
        made[stream] = FeatureExtractor(config, options.feature_checkpoint[stream],
                                        SnippetClock.from_recipe(inferencer.recipe), stream,
                                        device=str(inferencer.device))
    return made


def run(options: argparse.Namespace) -> int:
    """Localize every video, name those that fail; the exit status."""
    inferencer = WTALInferencer(options.config, options.checkpoint, options.device, options.recipe,
                                amp=options.amp, trust=options.trust)
    inferencer.extractors = extractors(options, inferencer)
    detections, failed = {}, 0
    for video, outcome in inferencer.outcomes(options.inputs, options.batch_size):
        if isinstance(outcome, Exception):
            failed += 1
            print(f'error: video {video.name}: {outcome}', file=sys.stderr)
            continue
        found = write_video(inferencer, outcome, options.min_score, Path(options.out))
        detections[video.name] = found
        print(f'{video.name}: {int(np.sum(found.scores >= options.min_score))} detections of at least '
              f'{options.min_score:g}, {len(found.labels)} in all')
    if detections:
        write_detections(Path(options.out) / 'detections.json', detections)
        write_detections_csv(Path(options.out) / 'detections.csv', detections)
    print(f'{len(detections)} videos localized, {failed} failed' +
          (f'; written to {options.out}' if detections else ''))
    return 1 if failed else 0


@one_line_errors()
def main() -> None:
    raise SystemExit(run(parse()))


if __name__ == '__main__':
    main()
