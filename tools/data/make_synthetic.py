"""Make the synthetic data set: python tools/data/make_synthetic.py [--out data/synthetic] [--seed 0] ..."""
from __future__ import annotations

import argparse

DEFAULTS = dict(num_train=100, num_test=50, feature_dim=64, median_snippets=120, length_std=0.5, group=3.0, action=3.0,
                manner=2.0, scenery=3.0, context=0.5, background=2.0, noise=0.5, correlation=0.6, seed=0)
"""As SyntheticSettings has them; stated here, too, because the package takes seconds to import."""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Make a small THUMOS14-shaped set of features and annotations.')
    parser.add_argument('--out', default='data/synthetic', help='folder to write; an existing one is replaced')
    for name, default in DEFAULTS.items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=type(default), default=default,
                            help='default %(default)s; see SyntheticSettings')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic


def main() -> None:
    options = vars(parse())
    out = options.pop('out')
    path = write_synthetic(out, SyntheticSettings(**options))
    print(f'{path}: {options["num_train"]} training and {options["num_test"]} test videos')


if __name__ == '__main__':
    main()
