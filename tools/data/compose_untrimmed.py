"""Compose untrimmed videos of trimmed clips' features: see docs/compose_untrimmed.md."""
from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

DEFAULTS: dict[str, Any] = dict(mixed=0.08, video_sec=(26.0, 210.0), instance_sec=(3.2, 16.0), share=0.35,
                                soft_snippets=1, dtype='float16', seed=0)
"""As CompositionSettings has them; stated here, too, because the package takes seconds to import."""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compose untrimmed videos of trimmed clips' features.")
    parser.add_argument('--features', nargs='+', required=True, metavar='STREAM=PLACE', type=named,
                        help='per stream a folder, .zip, .tar[.gz] or .npz of one (T, D) array per clip')
    parser.add_argument('--split', nargs='+', required=True, metavar='LIST',
                        help='trainlist01.txt testlist01.txt (UCF101), or every *_test_split1.txt (HMDB51)')
    parser.add_argument('--classes', nargs='+', required=True, metavar='CLASS', help='action classes, in order')
    parser.add_argument('--background', nargs='+', metavar='CLASS',
                        help='classes between the actions; default every other class')
    parser.add_argument('--pair', nargs='+', default=[], metavar='CLASS:COMPANION:PROBABILITY', type=pair,
                        help='how likely a video made for the class also holds the companion')
    parser.add_argument('--mixed', type=float, default=DEFAULTS['mixed'], metavar='PROBABILITY',
                        help='that another video holds any second class; default %(default)g')
    parser.add_argument('--fps', type=float, required=True, help='frames per second at which features were extracted')
    parser.add_argument('--stride', type=float, required=True, help='frames from one feature to the next')
    parser.add_argument('--window', type=float, required=True, help='frames that one feature sees')
    parser.add_argument('--videos', nargs=2, type=int, metavar=('TRAIN', 'TEST'),
                        help='numbers of videos; default as many as the clips suffice for')
    for name, what in (('video-sec', 'a video'), ('instance-sec', 'an action instance')):
        parser.add_argument(f'--{name}', nargs=2, type=float, metavar=('MIN', 'MAX'),
                            default=DEFAULTS[name.replace('-', '_')],
                            help=f'length wished for {what} in seconds, drawn uniformly; default %(default)s')
    parser.add_argument('--share', type=float, default=DEFAULTS['share'],
                        help='part that is action; default %(default)g')
    parser.add_argument('--soft', type=int, default=DEFAULTS['soft_snippets'], metavar='SNIPPETS',
                        help='that fade at either end of an instance; default %(default)s')
    parser.add_argument('--dtype', choices=('float16', 'float32', 'float64'), default=DEFAULTS['dtype'],
                        help='default %(default)s')
    parser.add_argument('--seed', type=int, default=DEFAULTS['seed'], help='default %(default)s')
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument('--overwrite', action='store_true', help='replace a data set that is there')
    return parser.parse_args()


def named(word: str) -> tuple[str, str]:
    """``stream=place``."""
    stream, found, place = word.partition('=')
    if not (stream and found and place):
        raise argparse.ArgumentTypeError(f'expected STREAM=PLACE, but got {word!r}')
    return stream, place


def pair(word: str) -> tuple[tuple[str, str], float]:
    """``class:companion:probability``."""
    try:
        label, companion, probability = word.split(':')
        return (label, companion), float(probability)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'expected CLASS:COMPANION:PROBABILITY, but got {word!r}') from error


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from rich.progress import track

from rpn_plugin.command_line import one_line_errors
from rpn_plugin.datasets.composition import SUBSETS, Composition, CompositionSettings, compose
from rpn_plugin.structures import SnippetClock


def once(pairs: Sequence[tuple[Any, Any]], option: str) -> dict[Any, Any]:
    """Pairs of key and value as a mapping; a ValueError if a key comes twice."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f'{option} names one of {", ".join(map(str, dict(pairs)))} twice.')
    return dict(pairs)


def bar(items: Iterable[Any], what: str, number: int) -> Iterator[Any]:
    yield from track(items, what, total=number)


def report(made: Composition, settings: CompositionSettings) -> None:
    """Print what was made."""
    for subset, has in made.statistics.items():
        low, _, median, _, high = has['video_sec']
        shortest, *_, longest = has['instance_sec']
        print(f'{subset}: {has["videos"]} videos of {low:.1f} to {high:.1f} s (median {median:.1f}), '
              f'{has["hours"]:.2f} hours, {has["instances"]} instances of {shortest:.1f} to {longest:.1f} s, '
              f'{has["share"]:.1%} action (asked {settings.share:.1%}), '
              f'two classes in {has["two_classes"]:.1%} of the videos')
        for names, probability in settings.pairs.items():
            print(f'  {names[1]} in {has["together"].get(names, 0):.0%} of the videos with {names[0]} '
                  f'(asked {probability:.0%})')
    for what, clips in (('used', made.used), ('not used', made.unused)):
        listed = ', '.join(f'{kind}: {number}' for kind, number in sorted(clips.items()) if number)
        print(f'{sum(clips.values())} clips {what}' + (f' ({listed})' if listed else ''))
    for remark in made.remarks:
        print(f'note: {remark}')
    print(made.ann_file)


@one_line_errors()
def main() -> None:
    options = parse()
    settings = CompositionSettings(
        tuple(options.classes), SnippetClock(options.fps, options.stride, options.window),
        tuple(options.background) if options.background else None, once(options.pair, '--pair'), options.mixed,
        dict(zip(SUBSETS, options.videos)) if options.videos else None, tuple(options.video_sec),
        tuple(options.instance_sec), options.share, options.soft, options.dtype, options.seed)
    made = compose(once(options.features, '--features'), options.split, settings, options.out, options.overwrite, bar)
    report(made, settings)


if __name__ == '__main__':
    main()
