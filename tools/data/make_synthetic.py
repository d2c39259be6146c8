"""Make the synthetic data set: python tools/data/make_synthetic.py [--out data/synthetic] [--seed 0] ..."""
from __future__ import annotations

import argparse
import dataclasses

from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic


def main() -> None:
    parser = argparse.ArgumentParser(description='Make a small THUMOS14-shaped set of features and annotations.')
    parser.add_argument('--out', default='data/synthetic', help='folder to write; an existing one is replaced')
    for field in dataclasses.fields(SyntheticSettings):
        parser.add_argument(f'--{field.name.replace("_", "-")}', type=type(field.default), default=field.default,
                            help=f'default {field.default}; see SyntheticSettings')
    options = vars(parser.parse_args())
    out = options.pop('out')
    path = write_synthetic(out, SyntheticSettings(**options))
    print(f'{path}: {options["num_train"]} training and {options["num_test"]} test videos')


if __name__ == '__main__':
    main()
