"""Compare runs: losses, mAP over tIoU, each class and what was set otherwise, in one HTML page.

python tools/analysis/compare.py work_dirs/rpn_synthetic work_dirs/other --out work_dirs/compare.html

A run is the work directory of a training or a test. The page is one file that needs no other.
"""
from __future__ import annotations

import argparse


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Compare runs in one HTML page.')
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work directory of a training or a test')
    parser.add_argument('--out', default='compare.html', help='page to write; default compare.html')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from rpn_plugin.analysis.runs import Run, differing_settings, reasons_against_comparing
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import one_line
from rpn_plugin.visualization.comparison_page import comparison_page


@one_line_errors()
def main() -> None:
    options = parse()
    runs = [Run.read(folder) for folder in dict.fromkeys(options.runs)]
    compared, warnings = [run.compared() for run in runs], reasons_against_comparing(runs)
    page = comparison_page(compared, warnings, differing_settings(runs))
    with written_whole(options.out) as temporary:
        temporary.write_text(page, encoding='utf-8')
    for run in compared:
        average = run.numbers.get('mAP_avg')
        print(f'{one_line(run.name)}: ' + ('no mAP' if average is None else f'mAP {100 * average:.2f} %')
              + f', protocol {one_line(run.facts["protocol"])}, last loss {run.facts["last loss"]}')
    for warning in warnings:
        print(f'warning: {one_line(warning)}')
    print(options.out)


if __name__ == '__main__':
    main()
