"""Make the synthetic data set: python tools/data/make_synthetic.py [--out data/synthetic] [--seed 0] ..."""
from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

DEFAULTS = dict(num_train=100, num_test=50, feature_dim=64, median_snippets=120, length_std=0.5, group=3.0, action=3.0,
                manner=2.0, scenery=3.0, context=0.5, background=2.0, noise=0.5, correlation=0.6, seed=0)
"""As SyntheticSettings has them; stated here, too, because the package takes seconds to import."""


DRAWN_ONLY = ('num_train', 'num_test', 'median_snippets', 'length_std')


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Make a small THUMOS14-shaped set of features and annotations, or '
                                     'features for annotations that are there.')
    parser.add_argument('--out', default='data/synthetic', help='folder to write; an existing one is replaced')
    parser.add_argument('--like', metavar='ANNOTATIONS', help='annotations.json of tools/data/convert.py: its videos, '
                        'as long and with the instances that they have, in the place of drawn ones')
    for name, default in DEFAULTS.items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=type(default), default=argparse.SUPPRESS,
                            help=f'default {default}; see SyntheticSettings')
    options = parser.parse_args()
    useless = [f'--{name.replace("_", "-")}' for name in DRAWN_ONLY if name in options]
    if options.like and useless:
        parser.error(f'{", ".join(useless)}: the videos are those of --like.')
    if options.like and Path(options.out).resolve() in Path(options.like).resolve().parents:
        parser.error(f'--out {options.out} would be replaced, and {options.like} with it; name another folder.')
    return options


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from rpn_plugin.command_line import one_line_errors
from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic
from rpn_plugin.files import read_json


@one_line_errors()
def main() -> None:
    options = vars(parse())
    out, like = options.pop('out'), options.pop('like')
    path = write_synthetic(out, SyntheticSettings(**options), AnnotationFile.read(like) if like else None)
    subsets = Counter(entry['subset'] for entry in read_json(path)['database'].values())
    print(f'{path}: ' + ', '.join(f'{number} {name} videos' for name, number in subsets.items()))


if __name__ == '__main__':
    main()
