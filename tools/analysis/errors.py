"""Say where the errors of a file of detections are.

python tools/analysis/errors.py detections.json annotations.json --subset test --tiou 0.5 --out work_dirs/errors
"""
from __future__ import annotations

import argparse
from pathlib import Path


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Kinds of errors, misses and precision over recall of detections.')
    parser.add_argument('detections', help='a file that evaluate.py scores')
    parser.add_argument('ground_truth', help='a file or folder that evaluate.py takes')
    parser.add_argument('--subset', help='the videos of this subset only; all by default')
    parser.add_argument('--tiou', type=float, default=0.5, help='threshold of a match')
    parser.add_argument('--misses', type=int, default=10, help='list so many of the longest misses')
    parser.add_argument('--out', help='write OUT_kinds.png and OUT_precision_recall.png')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

import numpy as np

from rpn_plugin.command_line import one_line_errors
from rpn_plugin.evaluation import GroundTruth
from rpn_plugin.evaluation.functional.error_analysis import KINDS, ErrorAnalysis, analyse_errors, precision_recall
from rpn_plugin.evaluation.report import describe_coverage
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.evaluation import (
    BUDGETS,
    CROWD_BORDERS,
    LENGTH_BORDERS_SEC,
    draw_errors,
    draw_precision_recall,
)


def print_report(analysis: ErrorAnalysis, most: int) -> None:
    """Print shares of the kinds, recall by length and by instances in the video, and the longest misses."""
    print(f'detections at tIoU {analysis.tiou:g}, in % of the best kG of each class (G: its instances)')
    print(f'{"":>14}' + ''.join(f'{f"{budget}G":>8}' for budget in BUDGETS) + f'{"all":>8}')
    shares = np.array([analysis.shares(budget) for budget in (*BUDGETS, np.inf)])
    for index, kind in enumerate(KINDS):
        print(f'{kind:>14}' + ''.join(f'{100 * share:>8.1f}' for share in shares[:, index]))
    for name, values, borders in (('length in seconds', analysis.length_sec, LENGTH_BORDERS_SEC),
                                  ('instances in the video', analysis.crowd, CROWD_BORDERS)):
        print(f'\nfound by {name}: ' + ', '.join(
            f'{interval}: {100 * recall:.1f} % of {count}' for interval, count, recall in
            analysis.recall_by(values, borders) if count))
    print(f'\nmissed {len(analysis.missed)} of {len(analysis.found)} instances; the longest:')
    for video, label, length, crowd in sorted(analysis.missed, key=lambda miss: -miss[2])[:most]:
        print(f'  {video} {label}: {length:.1f} s, one of {crowd} in its video')


@one_line_errors()
def main() -> None:
    options = parse()
    annotated = GroundTruth.read(options.ground_truth, options.subset)
    found, truth = read_detections(options.detections, annotated), annotated.segments
    for line in describe_coverage(found, annotated):
        print(line)
    analysis = analyse_errors(found, truth, options.tiou)
    print_report(analysis, options.misses)
    if options.out:
        title = Path(options.detections).name
        save_figure(draw_errors(analysis, title), f'{options.out}_kinds.png')
        curves = precision_recall(found, truth, options.tiou)
        save_figure(draw_precision_recall(curves, f'{title}, tIoU {options.tiou:g}'),
                    f'{options.out}_precision_recall.png')


if __name__ == '__main__':
    main()
