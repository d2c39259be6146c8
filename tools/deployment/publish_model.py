"""Make a file to give away: weights, model config, class names and clock of the features, and nothing else.

python tools/deployment/publish_model.py CHECKPOINT OUT --config CONFIG

Writes OUT_<date>-<hash>.pth, which tools/localize.py needs nothing beside. Loads under torch's weights-only guard.
"""
from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import replace

from mmengine.config import DictAction


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Publish a checkpoint.')
    parser.add_argument('checkpoint', help='as training writes it')
    parser.add_argument('out', help='name to begin with; date and hash are appended')
    parser.add_argument('--config', help='config of the training; by default what the checkpoint says')
    parser.add_argument('--trust', action='store_true', help='the checkpoint is your own: build whatever it describes, '
                        'other parts than those of this project among them')
    parser.add_argument('--allow-partial', action='store_true',
                        help='load the weights that fit and leave the others as they are')
    parser.add_argument('--recipe', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='fps=... snippet_stride=... of the features, where nothing states them')
    return parser.parse_args()


if __name__ == '__main__':
    with suppress(ValueError):  # main reports it
        parse()  # --help and wrong options are answered before the imports below, which take seconds

from mmengine.registry import init_default_scope

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.config_files import read_config
from rpn_plugin.deployment import ModelFile


@one_line_errors()
def main() -> None:
    options = parse()
    init_default_scope('mmaction')
    config = read_config(options.config) if options.config else None
    model = ModelFile.read(options.checkpoint, config, options.trust, options.allow_partial)
    path = replace(model, recipe=model.recipe or options.recipe).publish(options.out)
    print(f'{path}: {len(model.classes)} classes, {path.stat().st_size / 2**20:.1f} MiB')


if __name__ == '__main__':
    main()
