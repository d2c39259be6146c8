"""Convert a public layout: python tools/data/convert.py LAYOUT ANNOTATIONS --features rgb=... flow=... --out DIR"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.progress import track

from rpn_plugin.datasets.conversion import DTYPES, Conversion, convert
from rpn_plugin.datasets.formats import LAYOUTS


def pairs(values: Sequence[str] | None, option: str) -> dict[str, str] | None:
    """``name=value`` words as a mapping."""
    if values is None:
        return None
    if not all('=' in value for value in values):
        raise SystemExit(f'{option} expects name=value, but got {" ".join(values)}')
    return dict(value.split('=', 1) for value in values)


def recipe(values: Sequence[str] | None) -> dict[str, Any] | None:
    """``fps=25 stride=16 window=16``, or ``fps=25 spread_over_duration=true``."""
    given = pairs(values, '--recipe')
    if given is None:
        return None
    names = dict(fps='fps', stride='snippet_stride', window='window', offset='offset',
                 spread_over_duration='spread_over_duration')
    if given.keys() - names.keys():
        raise SystemExit(f'--recipe knows {", ".join(names)}, but got {" ".join(values)}')
    try:
        return {names[key]: True if key == 'spread_over_duration' else value if value == 'video' else float(value)
                for key, value in given.items()}
    except ValueError as error:
        raise SystemExit(f'--recipe expects numbers (or fps=video), but got {" ".join(values)}') from error


def main() -> int:
    layouts = '\n'.join(f'  {name}: {layout.description}' for name, layout in LAYOUTS.items())
    parser = argparse.ArgumentParser(description=f'Convert annotations and features.\n\nlayouts:\n{layouts}',
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('layout', choices=LAYOUTS)
    parser.add_argument('annotations', help='file or folder of annotations')
    parser.add_argument('--features', nargs='+', metavar='STREAM=PLACE', default=[],
                        help='a folder of <video>.npy/.npz/.pt/.h5/.csv, a pattern such as dir/v_{}.npy, or one '
                        '.npy or .h5 file of all videos; {subset} stands for the name of the subset')
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument('--subsets', nargs='+', metavar='NEW=OLD', help='subsets to convert; default all, as named')
    parser.add_argument('--recipe', nargs='+', metavar='KEY=VALUE',
                        help='fps=25 stride=16 [window=16] [offset=0], or fps=video for the rate of each video, or '
                        'fps=25 spread_over_duration=true for features rescaled to a fixed number')
    parser.add_argument('--columns', nargs='+', metavar='STREAM=FIRST:END', help='channels of each stream in its files')
    parser.add_argument('--classes', help='text file with one class name per line, in order')
    parser.add_argument('--dtype', choices=DTYPES, default='keep')
    parser.add_argument('--missing', choices=('error', 'skip'), default='error',
                        help='what to do with annotated videos without features')
    options = parser.parse_args()
    columns = pairs(options.columns, '--columns')
    job = Conversion(
        options.layout, options.annotations, pairs(options.features, '--features'),
        pairs(options.subsets, '--subsets'), recipe(options.recipe),
        {stream: [int(border) for border in channels.split(':')] for stream, channels in columns.items()}
        if columns is not None else None,
        Path(options.classes).read_text(encoding='utf-8').splitlines() if options.classes else None, options.dtype,
        options.missing)

    def bar(videos: Sequence[str]) -> Iterator[str]:
        yield from track(videos, 'converting')

    try:
        result = convert(job, options.out, bar)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for remark in result.remarks:
        print(f'note: {remark}')
    for reason in result.skipped:
        print(f'left out: {reason}')
    print(f'{result.path}: {result.written} feature files written, {result.kept} were there already')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
