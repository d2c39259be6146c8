"""Draw a video's ground truth, detections, localization sequence and attention on one time axis.

python tools/analysis/visualize.py CONFIG CHECKPOINT --video NAME --out timeline.png
"""
from __future__ import annotations

import argparse

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmaction.registry import DATASETS, MODELS
from rpn_plugin.evaluation.functional import VideoSegments
from rpn_plugin.visualization import draw_timeline, save_figure


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Draw the timeline of one test video.')
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--video', help='name of a test video; the first by default')
    parser.add_argument('--out', default='timeline.png', help='picture to write')
    parser.add_argument('--top', type=int, default=30, help='draw so many of the best detections')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override settings of the config')
    return parser.parse_args()


def main() -> None:
    options = parse_args()
    config = Config.fromfile(options.config)
    config.merge_from_dict(options.cfg_options or {})
    init_default_scope(config.default_scope)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    names = [dataset.get_data_info(index)['video_name'] for index in range(len(dataset))]
    if options.video and options.video not in names:
        raise SystemExit(f'No test video {options.video!r}; there are {names[:5]} ... {len(names)} in all.')
    model = MODELS.build(config.model).eval()
    load_checkpoint(model, options.checkpoint, map_location='cpu')
    batch = pseudo_collate([dataset[names.index(options.video) if options.video else 0]])
    save_figure(draw(model, batch, dataset.metainfo['classes'], options.top), options.out)
    print(options.out)


@torch.no_grad()
def draw(model: torch.nn.Module, batch: dict, classes: tuple[str, ...], top: int):
    """Figure of the one video in ``batch``."""
    data = model.data_preprocessor(batch)
    sample = model(**data, mode='predict')[0]
    outputs = model(**data, mode='tensor')
    outputs = outputs if isinstance(outputs, dict) else {'stream': outputs}
    localizers = dict(getattr(model, 'localizers', {'stream': model}).items())
    found = sample.pred_instances[:top].to_dict()
    rows = {
        'ground truth': VideoSegments(
            np.array([annotation['segment'] for annotation in sample.annotations]).reshape(-1, 2),
            [annotation['label'] for annotation in sample.annotations]),
        'detected': VideoSegments(found['segments'].numpy(), [classes[label] for label in found['labels']],
                                  found['scores'].numpy()),
    }
    best = int(sample.pred_score.argmax())
    sequences = {}
    for name, output in outputs.items():
        times = sample.clock.to_seconds(np.arange(len(output.cas)) + 0.5)
        sequences[f'{name} CAS\n{classes[best]}'] = (times, output.cas[:, best].numpy())
        weighted = localizers[name].localization_sequence(output)
        if weighted is not output.cas:
            sequences[f'{name} weighted'] = (times, weighted[:, best].numpy())
        if output.attention is not None:
            sequences[f'{name} attention'] = (times, output.attention.numpy())
    return draw_timeline(sample.video_name, sample.duration_second, rows, sequences)


if __name__ == '__main__':
    main()
