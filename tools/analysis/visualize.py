"""Draw a video's ground truth, detections, localization sequence and attention on one time axis: Fig. 1(b) and 4.

python tools/analysis/visualize.py CONFIG CHECKPOINT --video NAME --frames NAME.mp4 --out timeline.png
"""
from __future__ import annotations

import argparse
from contextlib import suppress

from mmengine.config import DictAction


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Draw the timeline of one test video.')
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--video', help='name of a test video; the first by default')
    parser.add_argument('--frames', help='video file to take thumbnails from')
    parser.add_argument('--out', default='timeline.png', help='picture to write')
    parser.add_argument('--top', type=int, default=30, help='draw so many of the best detections')
    parser.add_argument('--allow-partial', action='store_true',
                        help='load the weights that fit and leave the others as they are')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override settings of the config')
    return parser.parse_args()


if __name__ == '__main__':
    with suppress(ValueError):  # main reports it
        parse_args()  # --help and wrong options are answered before the imports below, which take seconds

import torch

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.datasets.videos import read_thumbnails
from rpn_plugin.inspection import TrainedModel, curves_of
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.predictions import draw_prediction


@torch.no_grad()
@one_line_errors(TypeError, ImportError)
def main() -> None:
    options = parse_args()
    trained = TrainedModel.load(options.config, options.checkpoint, options.cfg_options, options.allow_partial)
    data = trained.preprocessed([options.video] if options.video else [])
    sample = trained.model(**data, mode='predict')[0]
    thumbnails = read_thumbnails(options.frames, sample.duration_second) if options.frames else []
    curves = curves_of(trained.model, data)[0]
    save_figure(draw_prediction(sample, curves, trained.classes, options.top, thumbnails), options.out)
    print(options.out)


if __name__ == '__main__':
    main()
