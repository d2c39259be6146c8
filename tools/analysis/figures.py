"""Draw the paper's figures about prototypes from a trained model or from scores. (Fig. 1(b) and 4: visualize.py.)

`cost` is no figure of the paper: mAP of all methods over the time of their training.

python tools/analysis/figures.py gain --table table3.json --out gain.png
python tools/analysis/figures.py gain --full full_0.json full_1.json --random random_0.json random_1.json --out gain.png
python tools/analysis/figures.py tsne CONFIG CHECKPOINT --videos A B --out tsne.png
python tools/analysis/figures.py prototypes CONFIG CHECKPOINT --out prototypes.png
python tools/analysis/figures.py cooccurrence work_dirs/NAME/cooccurrence.csv --out cooccurrence.png
python tools/analysis/figures.py cost --table methods.json --out cost.png
"""
from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmengine.config import DictAction


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw the paper's figures about prototypes.")
    figures = parser.add_subparsers(dest='figure', required=True)
    gain = figures.add_parser('gain', help='Fig. 3 top: AP of each class over that with random prototypes')
    gain.add_argument('--table', type=Path, help='table3.json as reproduce.py writes it')
    gain.add_argument('--data', help='which data of the table, if it holds several')
    gain.add_argument('--full', type=Path, nargs='+', help='scores of the full model, one file per seed')
    gain.add_argument('--random', type=Path, nargs='+', help='scores with random prototypes, in the same order')
    gain.add_argument('--top', type=int, default=10, help='draw so many of the classes that gain most')
    for name, text in (('tsne', 'Fig. 3 bottom: features and prototypes of videos'),
                       ('prototypes', 'distances between prototypes')):
        figure = figures.add_parser(name, help=text)
        figure.add_argument('config')
        figure.add_argument('checkpoint')
        figure.add_argument('--cfg-options', nargs='+', action=DictAction, help='override settings of the config')
        if name == 'tsne':
            figure.add_argument('--videos', nargs='+', default=[], help='test videos; the first by default')
            figure.add_argument('--seed', type=int, default=0, help='of t-SNE')
    matrix = figures.add_parser('cooccurrence', help='the co-occurrence matrix')
    matrix.add_argument('matrix', help='cooccurrence.csv of a work directory')
    cost = figures.add_parser('cost', help='mAP of methods over the time of their training')
    cost.add_argument('--table', type=Path, required=True, help='methods.json as reproduce.py methods writes it')
    for name, figure in figures.choices.items():
        figure.add_argument('--out', default=f'{name}.png', help='picture to write')
    return parser.parse_args()


if __name__ == '__main__':
    with suppress(ValueError):  # main reports it
        parse_args()  # --help and wrong options are answered before the imports below, which take seconds

import numpy as np
from matplotlib.figure import Figure

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.analysis.method_report import mean_cost, read_method_report, runs_of
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.files import read_json
from rpn_plugin.inspection import TrainedModel, embedded_videos, prototypes_of
from rpn_plugin.models.necks import read_cooccurrence_table
from rpn_plugin.structures import EmbeddedVideo, SeedValues
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.cost import CostPoint, draw_scores_over_cost
from rpn_plugin.visualization.embedding import draw_embedding
from rpn_plugin.visualization.gain import class_gains, draw_class_gains
from rpn_plugin.visualization.heat_map import HeatMap, draw_heat_maps, prototype_distances

FULL, RANDOM = ['GCN'], ['Random Initialization']
"""Cells of the two rows of Table 3 that Fig. 3 compares."""

SCORES = {'ap', 'tiou', 'averaged_over', 'protocol'}
"""Keys of a file of scores."""

WRITERS = {frozenset({'rows'}): 'reproduce.py', frozenset(SCORES): 'evaluate.py --out'}
"""Tools by the keys of what they write."""


def draw_gain(options: argparse.Namespace) -> Figure:
    """Fig. 3 top."""
    given = [bool(options.table), bool(options.full), bool(options.random)]
    if given not in ([True, False, False], [False, True, True]):
        raise ValueError('Expected either --table or both --full and --random.')
    if options.table:
        full, random = (_measured_row(options.table, options.data, cells) for cells in (FULL, RANDOM))
    else:
        full, random = ([_read_results(path, SCORES) for path in paths] for paths in (options.full, options.random))
    gains = class_gains(full, random)
    for gain in gains:
        values = ', '.join(f'{value:+.2f}' for value in gain.values)
        print(f'{gain.label:<25} {gain.mean:+6.2f}' + ('' if gain.std is None else f' ± {gain.std:.2f}  ({values})'))
    shown, result = gains[:options.top], full[0]
    over = f'{min(result["averaged_over"]):g}-{max(result["averaged_over"]):g}'
    seeds = f'mean of {len(full)} seeds, dots: each, whiskers: ± sample standard deviation' if len(full) > 1 else \
        'one seed'
    return draw_class_gains(shown, f'Relational over random prototypes, best {len(shown)} of {len(gains)} classes\n'
                            f'({seeds})', f'gain in AP, averaged over tIoU {over},\nin percentage points')


def draw_tsne(options: argparse.Namespace) -> Figure:
    """Fig. 3 bottom."""
    trained = TrainedModel.load(options.config, options.checkpoint, options.cfg_options)
    prototypes, videos = prototypes_of(trained), embedded_videos(trained, options.videos)
    for name, of_network in videos.items():
        _print_distances(name, dict(zip(trained.classes, prototypes[name])), trained.classes, of_network)
    names = ', '.join(video.name for video in next(iter(videos.values())))
    return draw_embedding({name: (prototypes[name], videos[name]) for name in videos}, trained.classes,
                          f't-SNE of embedded features and prototypes: {names}', options.seed)


def draw_prototypes(options: argparse.Namespace) -> Figure:
    """Distances between prototypes."""
    trained = TrainedModel.load(options.config, options.checkpoint, options.cfg_options)
    maps = {name: HeatMap(prototype_distances(prototypes), trained.classes, 'Euclidean distance',
                                          colours='Blues_r')
            for name, prototypes in prototypes_of(trained).items()}
    return draw_heat_maps(maps, 'Distances between prototypes')


def draw_cooccurrence(options: argparse.Namespace) -> Figure:
    """The matrix of eq. 2."""
    matrix, classes = read_cooccurrence_table(options.matrix)
    shown = HeatMap(matrix, classes, 'share of videos with i that also hold j', 'class i', 'class j', (0.0, 1.0))
    return draw_heat_maps({'': shown}, 'Co-occurrence in the training labels')


def draw_cost(options: argparse.Namespace) -> Figure:
    """Mean mAP of each method over sets, and over seeds, over the processor time of a training."""
    report, points = read_method_report(options.table), {}
    for method in report['configs']:
        seconds = mean_cost(runs_of(report, method), 'cpu_seconds')
        if not seconds:
            print(f'{method} is left out: its trainings were resumed, so that nothing tells their time.')
            continue
        means = tuple(100 * float(np.mean([run['mAP_avg'] for run in runs_of(report, method) if run['seed'] == seed]))
                      for seed in report['seeds'])
        points[method] = CostPoint(seconds, SeedValues(means))
        print(f'{method:<20}{seconds:>8.0f} s   {points[method].scores}')
    if not points:
        raise ValueError(f'{options.table}: no method whose time is known.')
    return draw_scores_over_cost(points, report['against'], f'Mean over {len(report["data"])} data sets',
                                 'processor time of a training in seconds', 'average mAP in %')


FIGURES = dict(gain=draw_gain, tsne=draw_tsne, prototypes=draw_prototypes, cooccurrence=draw_cooccurrence,
               cost=draw_cost)


def _measured_row(path: Path, data: str | None, cells: Sequence[str]) -> list[dict[str, Any]]:
    """Results of a row of a table that ``reproduce.py`` wrote, one per seed."""
    rows = {row['data']: row['results'] for row in _read_results(path, {'rows'})['rows']
            if row['cells'] == cells and row['results']}
    if not rows:
        raise ValueError(f'{path}: no measured row {cells}. Expected table3.json as tools/analysis/reproduce.py table3 '
                         f'writes it.')
    if data not in rows and (data or len(rows) > 1):
        raise ValueError(f'{path}: expected --data to be one of {sorted(rows)}, which it holds, but got {data!r}.')
    return rows[data] if data else next(iter(rows.values()))


def _read_results(path: Path, keys: Set[str]) -> dict[str, Any]:
    expected = (f'{path}: expected what {WRITERS[frozenset(keys)]} in tools/analysis writes as JSON, with the keys '
                f'{sorted(keys)}')
    try:
        content = read_json(path)
    except ValueError as error:
        raise ValueError(f'{expected}; {error}') from None
    if not keys <= content.keys():
        raise ValueError(f'{expected}.')
    return content


def _print_distances(name: str, prototypes: Mapping[str, np.ndarray], classes: Sequence[str],
                     videos: Sequence[EmbeddedVideo]) -> None:
    """Print the distance of each annotated class's prototype from the centre of its features, also after updating."""
    for video in videos:
        for label in video.classes:
            before = np.linalg.norm(prototypes[label] - video.centre(label))
            line = f'{name} {video.name} {label}: {before:.3f} from the centre of its features'
            if video.updated is not None:
                after = np.linalg.norm(video.updated[classes.index(label)] - video.centre(label))
                line += f', {after:.3f} after updating'
            print(line)


@one_line_errors(TypeError, ImportError)
def main() -> None:
    options = parse_args()
    save_figure(FIGURES[options.figure](options), options.out)
    print(options.out)


if __name__ == '__main__':
    main()
