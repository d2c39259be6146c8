"""Check annotations and features before training: exits with 1 if training or scoring would be wrong.

python tools/data/check_dataset.py configs/rpn_synthetic.py --plot work_dirs/dataset.png
python tools/data/check_dataset.py gt.json --layout basnet --features rgb=i3d/rgb flow=i3d/flow --recipe fps=25 stride=16
"""
from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import track_iter_progress

import rpn_plugin  # noqa: F401  (registers the dataset)
from rpn_plugin.datasets.checking import DatasetCheck, check_dataset, extra_videos
from rpn_plugin.datasets.checking.report import as_json, as_text
from rpn_plugin.datasets.checking.sources import Sources, subsets_of_annotations, subsets_of_config
from rpn_plugin.datasets.formats import LAYOUTS
from rpn_plugin.evaluation.video_sets import VIDEO_SETS
from rpn_plugin.files import written_whole
from rpn_plugin.structures import SnippetClock, describe_recipe
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.dataset import draw_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Check annotations and features before training.')
    parser.add_argument('source', help='config of a training (.py), or annotations')
    parser.add_argument('--layout', default='plugin', choices=sorted(LAYOUTS), help='of annotations; default plugin')
    parser.add_argument('--features', nargs='+', type=pair, default=[], metavar='STREAM=WHERE',
                        help='of annotations: a folder, a pattern with {} for the video, or one .npy or .h5 file')
    parser.add_argument('--recipe', nargs='+', type=pair, metavar='KEY=NUMBER',
                        help='of annotations: fps=25 stride=16 [window=16] [offset=0]')
    parser.add_argument('--json', metavar='FILE', help='write everything that was found; - writes to standard output')
    parser.add_argument('--plot', metavar='FILE', help='draw one page of pictures')
    return parser.parse_args()


def pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition('=')
    if not key or not value:
        raise argparse.ArgumentTypeError(f'expected KEY=VALUE, but got {text!r}')
    return key, value


def read_recipe(pairs: list[tuple[str, str]] | None) -> dict[str, float] | None:
    """Numbers by the keys of a recipe; ``stride`` is short for ``snippet_stride``."""
    if pairs is None:
        return None
    return {'snippet_stride' if key == 'stride' else key: float(value) for key, value in pairs}


def open_sources(options: argparse.Namespace) -> Sources:
    if not options.source.endswith('.py'):
        return subsets_of_annotations(options.source, options.layout, dict(options.features),
                                      read_recipe(options.recipe))
    if options.features or options.recipe or options.layout != 'plugin':
        raise ValueError('a config states layout, features and recipe itself; leave --layout, --features and --recipe '
                         'out.')
    config = Config.fromfile(options.source)
    init_default_scope(config.get('default_scope', 'mmaction'))
    return subsets_of_config(config)


def extra_rows(check: DatasetCheck) -> dict[str, list[str]]:
    """Features without annotations, and how many test videos the named video sets hold."""
    extra = extra_videos(checked.subset for checked in check.checked)
    rows = {f'features of {stream}: found, missing, extra': [] for checked in check.checked
            for stream in checked.subset.stores}
    for checked in check.checked:
        for stream, store in checked.subset.stores.items():
            there = len(set(store.videos()) & checked.labels.keys() | set(store.videos()) & checked.headers.keys())
            rows[f'features of {stream}: found, missing, extra'].append(
                f'{there}, {len(checked.subset.videos) - there}, {len(extra[store.where("*")])}')
    return rows
