"""Options that the tools for annotations and features share."""
from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RECIPE_KEYS = dict(fps='fps', stride='snippet_stride', window='window', offset='offset',
                   spread_over_duration='spread_over_duration')


def add_feature_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--features``, ``--recipe`` and ``--columns``."""
    parser.add_argument('--features', nargs='+', metavar='STREAM=PLACE', default=[],
                        help='a folder of <video>.npy/.npz/.pt/.h5/.csv, a pattern such as dir/v_{}.npy, or one '
                        '.npy or .h5 file of all videos; {subset} stands for the name of the subset')
    add_recipe_option(parser)
    parser.add_argument('--columns', nargs='+', metavar='STREAM=FIRST:END', help='channels of each stream in its files')


def add_recipe_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--recipe``."""
    parser.add_argument('--recipe', nargs='+', metavar='KEY=VALUE',
                        help='fps=25 stride=16 [window=16] [offset=0], or fps=video for the rate of each video, or '
                        'fps=25 spread_over_duration=true for features rescaled to a fixed number')


def add_import_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--import``, for layouts from outside the package."""
    parser.add_argument('--import', nargs='+', dest='modules', metavar='MODULE', default=[],
                        help='modules that register further layouts, see docs/layouts/README.md')


def add_encoder_options(parser: argparse.ArgumentParser) -> None:
    """Add options that say what makes features of videos, and how it runs; see ``_extraction.make_extractor``."""
    parser.add_argument('--recognizer', metavar='NAME', help="of MMAction2's model zoo, such as TSN, or the name of "
                        'one of its configs; its weights are downloaded once')
    parser.add_argument('--config', help='config of any other MMAction2 recognizer')
    parser.add_argument('--checkpoint', type=Path, help='weights; a local file')
    parser.add_argument('--random-weights', action='store_true', help='weights at random, for a dry run: nothing is '
                        'downloaded, and whatever is made of the features says so')
    parser.add_argument('--batch-size', type=int, default=16, help='snippets encoded at once')
    parser.add_argument('--device', default='cpu', help='such as cuda')


def import_modules(modules: Sequence[str]) -> None:
    """Import the modules that ``--import`` names.

    Raises:
        ValueError: If one cannot be found or imported.
    """
    from mmengine.utils import import_modules_from_strings  # only where it is needed: it takes a while
    try:
        import_modules_from_strings(list(modules))
    except ImportError as error:
        raise ValueError(f'--import {" ".join(modules)}: {error}. Set PYTHONPATH to the folder that holds the module.'
                         ) from error


def pairs(values: Sequence[str], option: str) -> dict[str, str]:
    """Split words ``name=value`` into a mapping."""
    if not all('=' in value for value in values):
        raise SystemExit(f'{option} expects name=value, but got {" ".join(values)}')
    return dict(value.split('=', 1) for value in values)


def recipe(values: Sequence[str] | None) -> dict[str, Any] | None:
    """Read a recipe, ``fps=25 stride=16 window=16`` or ``fps=25 spread_over_duration=true``."""
    if values is None:
        return None
    given = pairs(values, '--recipe')
    if given.keys() - RECIPE_KEYS.keys():
        raise SystemExit(f'--recipe knows {", ".join(RECIPE_KEYS)}, but got {" ".join(values)}')
    try:
        return {RECIPE_KEYS[key]: True if key == 'spread_over_duration' else value if value == 'video'
                else float(value) for key, value in given.items()}
    except ValueError as error:
        raise SystemExit(f'--recipe expects numbers (or fps=video), but got {" ".join(values)}') from error


def columns(values: Sequence[str] | None) -> Mapping[str, list[int]] | None:
    """Read ranges of channels, ``rgb=0:1024 flow=1024:2048``."""
    if values is None:
        return None
    given = pairs(values, '--columns')
    try:
        return {stream: [int(border) for border in channels.split(':')] for stream, channels in given.items()}
    except ValueError as error:
        raise SystemExit(f'--columns expects stream=first:end, but got {" ".join(values)}') from error
