"""From a folder of your own and a list of labels to a data folder with its config.

python tools/data/new.py my_videos labels.csv --recognizer TSN
python tools/data/new.py my_features labels.xlsx --recipe fps=25 stride=16 --out data/mine
"""
from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from _options import add_encoder_options, add_import_option, add_recipe_option, import_modules, pairs, recipe


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Look at a folder of videos or features and at labels, convert both '
                                                 'into a data folder, and write its config. The last lines say how to '
                                                 'go on.')
    parser.add_argument('folder', type=Path, help='with features, <video>.npy (or .npz, .pt, .h5, .csv), in it, in a '
                        'folder per stream or in its folder "features"; else with videos; or one file of all features')
    parser.add_argument('labels', type=Path, help='a table of video,label[,label...] as CSV or .xlsx, or annotations '
                        'of any layout that convert knows')
    parser.add_argument('--out', type=Path, metavar='DIR', help='data folder to write; default data/<name of FOLDER>')
    add_recipe_option(parser)
    add_encoder_options(parser)
    parser.add_argument('--subsets', nargs='+', metavar='NEW=OLD', help='train=... and test=..., where their names do '
                        'not tell')
    parser.add_argument('--layout', metavar='NAME', help='of the labels, where their looks do not tell')
    add_import_option(parser)
    parser.add_argument('--missing', choices=('error', 'skip'), default='error',
                        help='what to do with labelled videos that have no features')
    parser.add_argument('--overwrite', action='store_true', help='replace what was written to --out before and is not '
                        'the same now, the config among it, and remove what the source has no longer')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from _extraction import ASKED, extract_all, make_extractor
from rich.progress import track

from rpn_plugin.analysis.own_config import own_config
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.datasets import AnnotationFile, DataFolder, read_data_folder
from rpn_plugin.datasets.conversion import Conversion, convert
from rpn_plugin.datasets.conversion_target import ConversionTarget
from rpn_plugin.datasets.data_folder import FEATURES
from rpn_plugin.datasets.formats import get_layout
from rpn_plugin.datasets.formats.recognition import recognize_layout
from rpn_plugin.datasets.found_data import UNNAMED_STREAM, FoundFeatures, choose_subsets, find_features
from rpn_plugin.datasets.videos import find_videos
from rpn_plugin.shown_names import one_line
from rpn_plugin.structures import SnippetClock, describe_recipe

SHOWN = 3
"""Names in a message."""
RECIPE = dict(fps=25.0, snippet_stride=16)
"""At which features are made of videos, unless another is stated: that of most releases of this field."""


def safe_name(folder: Path) -> str:
    """A name for a config and its results, which shells and the host take as it is."""
    return re.sub(r'[^\w-]+', '_', folder.absolute().name).strip('_') or 'own_videos'


def some(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    names = [one_line(name) for name in names]
    more = f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''
    return ', '.join(names[:SHOWN]) + more


def planned(options: argparse.Namespace, out: Path) -> tuple[Conversion, list[str], list[Path]]:
    """What to convert, what was found out, and the videos to make features of before."""
    if not options.folder.exists():
        raise FileNotFoundError(f'No folder {options.folder}.')
    layout = options.layout or recognize_layout(options.labels)
    source = get_layout(layout).open(options.labels)
    try:
        subsets = choose_subsets(source.database) if options.subsets is None else pairs(options.subsets, '--subsets')
    except ValueError as error:
        raise ValueError(f'{options.labels}: {error}') from None
    there = {str(entry.get('subset')) for entry in source.database.values()}
    if not there >= {*subsets.values()}:
        raise ValueError(f'{options.labels}: has no subset {sorted({*subsets.values()} - there)}; it has '
                         f'{sorted(there)}.')
    subset_of = {video: str(entry.get('subset')) for video, entry in source.database.items()
                 if entry.get('subset') in subsets.values()}
    told = [f'{options.labels}: layout {layout}; ' + ', '.join(
        f'{new}: {sum(subset == old for subset in subset_of.values())} videos' for new, old in subsets.items())]
    if left_out := there - {*subsets.values()}:
        told.append(f'left out: the subsets {", ".join(sorted(left_out))}')
    found = find_features(options.folder, subset_of, get_layout(layout).columns)
    if found is None:
        videos = labelled_videos(options, list(subset_of), set(source.database), told)
        place = {UNNAMED_STREAM: str(out / FEATURES / UNNAMED_STREAM / '{}.npy')}
        return Conversion(layout, str(options.labels), place, subsets, missing=options.missing), told, videos
    if options.recognizer or options.config or options.checkpoint or options.random_weights:
        raise ValueError(f'{options.folder}: holds features of the labelled videos ({next(iter(found.places.values()))}'
                         f'). Leave out what would make others, or name the folder of the videos alone.')
    told += describe(found, source.database, subsets)
    return Conversion(layout, str(options.labels), found.places, subsets, recipe(options.recipe),
                      found.columns, missing=options.missing), told, []


def labelled_videos(options: argparse.Namespace, wanted: list[str], known: set[str], told: list[str]) -> list[Path]:
    """The files of the labelled videos.

    Raises:
        ValueError: If there are none, some lack and may not, or nothing says what makes features of them.
    """
    folders = [folder for folder in (options.folder / 'videos', options.folder) if folder.is_dir()]
    there = next((videos for folder in folders if (videos := find_videos(folder))), {})
    lacking = [video for video in wanted if video not in there]
    if len(lacking) == len(wanted):
        raise ValueError(no_features(options, wanted))
    if lacking and options.missing == 'error':
        raise ValueError(f'{options.labels}: {len(lacking)} of {len(wanted)} videos are not in {options.folder}: '
                         f'{some(lacking)}. Correct the names, or leave these out with --missing skip.')
    if not (options.recognizer or options.config or options.random_weights):
        raise ValueError(f'{options.folder}: holds videos and no features of them; {ASKED}.')
    unlabelled = sorted(there.keys() - known)
    if unlabelled:
        told.append(f'left out: {len(unlabelled)} videos without a label ({some(unlabelled)})')
    return [there[video] for video in wanted if video in there]


def extract(options: argparse.Namespace, job: Conversion, out: Path, videos: list[Path]) -> None:
    """Make features of the videos where the conversion looks for them."""
    stated = recipe(options.recipe) or RECIPE
    if stated.get('fps') == 'video' or stated.get('spread_over_duration'):
        raise ValueError('--recipe expects fps and stride as numbers where features are made of videos.')
    extractor = make_extractor(options, SnippetClock.from_recipe(stated))
    ConversionTarget(out, options.overwrite).claim(job.__dict__)
    print(f'{len(videos)} videos, {extractor.decoder.clock}')
    failed = extract_all(extractor, videos, Path(job.features[UNNAMED_STREAM]).parent)
    if failed and (options.missing == 'error' or len(failed) == len(videos)):
        raise ValueError(f'{len(failed)} of {len(videos)} videos could not be extracted:\n  ' + '\n  '.join(failed) +
                         '\nGet them again, or leave them out with --missing skip.')


def no_features(options: argparse.Namespace, videos: list[str]) -> str:
    """Say what was looked for, and what is there instead."""
    there = sorted(entry.name for entry in options.folder.iterdir())
    return (f'{options.folder}: no features of the {len(videos)} labelled videos ({some(videos)}). Expected files such '
            f'as {videos[0]}.npy there, in a folder per stream, or in "features", or {videos[0]}.mp4 to make them of; '
            f'found {some(there) or "nothing"}.')


def describe(found: FoundFeatures, database: Mapping[str, Any], subsets: Mapping[str, str]) -> Iterator[str]:
    """Where the features of each stream are, and those that nothing is known of."""
    for stream, place in found.places.items():
        channels = found.columns.get(stream)
        yield f'{stream}: {place}' + (f', channels {channels[0]} to {channels[1] - 1}' if channels else '')
    unlabelled = sorted(found.videos(subsets.values()) - set(database))
    if unlabelled:
        yield (f'not converted: {len(unlabelled)} videos have features and no label ({some(unlabelled)}); localize '
               f'takes them as they are')


def has_scored_videos(annotations: AnnotationFile) -> bool:
    """Whether any video of subset test has a segment."""
    return any(entry.get('subset') == 'test' and entry.get('annotations') for entry in annotations.database.values())


def comments(options: argparse.Namespace, annotations: AnnotationFile, data: DataFolder, scored: bool) -> list[str]:
    """The head of the config."""
    numbers = [sum(entry.get('subset') == subset for entry in annotations.database.values())
               for subset in ('train', 'test')]
    lines = [f'Made of {options.folder} and {options.labels}: {numbers[0]} training and {numbers[1]} test videos, '
             f'{data.num_classes} classes.',
             f'Streams: {", ".join(f"{stream} (D = {width})" for stream, width in data.widths.items())}; '
             f'{describe_recipe(annotations.recipe or {})}.', *annotations.remarks]
    if not scored:
        lines.append('No test video has segments, so nothing is scored. With annotations that have some, make it anew.')
    return lines


def command(name: str, script: str, *words: str) -> str:
    """A command line that runs a tool as this one was run, in this environment, whether it is active or not."""
    beside = Path(sys.executable).parent
    active = {program for program in ('rpn', 'python') if Path(shutil.which(program) or '').parent == beside}
    python = 'python' if 'python' in active else sys.executable
    if not sys.argv[0].startswith('rpn '):
        start = [python, os.path.relpath(Path(sys.argv[0]).absolute().parents[1] / script)]
    else:
        start = ['rpn', name] if 'rpn' in active else [python, '-m', 'rpn_plugin', name]
    return ' '.join([shlex.join(start), *words])


def next_commands(config: Path, scored: bool) -> list[str]:
    """How to go on."""
    quoted, work_dir = shlex.quote(str(config)), f'work_dirs/{config.stem}'
    checkpoint = f'$(cat {work_dir}/last_checkpoint)'
    lines = [command('check', 'data/check_dataset.py', quoted), command('train', 'train.py', quoted, '--seed 0')]
    if scored:
        lines.append(command('test', 'test.py', quoted, checkpoint))
    features = shlex.quote(str(config.parent / 'features'))
    return [*lines, command('localize', 'localize.py', features, '--config', quoted, '--checkpoint', checkpoint,
                            f'--out {work_dir}/localized')]


@one_line_errors()
def main() -> None:
    options = parse()
    import_modules(options.modules)
    out = options.out or Path('data') / safe_name(options.folder)
    job, told, videos = planned(options, out)
    print('\n'.join(told))
    if videos:
        extract(options, job, out, videos)

    def bar(videos: Iterable[str]) -> Iterator[str]:
        yield from track(videos, 'converting')

    result = convert(job, out, bar, options.overwrite)
    for remark in result.remarks:
        print(f'note: {remark}')
    for reason in result.skipped:
        print(f'left out: {reason}')
    print(f'{result.path}: {result.written} feature files written, {result.kept} were there already')
    annotations, data = AnnotationFile.read(result.path), read_data_folder(out)
    scored = has_scored_videos(annotations)
    config = out / f'{safe_name(out)}.py'
    ConversionTarget(out, options.overwrite).write_text(
        config.name, own_config(config, data, scored, comments(options, annotations, data, scored)))
    print(f'{config}: RPN for {data.num_classes} classes on '
          + ' and '.join(f'{stream} ({width})' for stream, width in data.widths.items()))
    if not scored:
        print('No test video has segments: no mAP can be computed. Train, then localize.')
    print('\n'.join(['Go on with:', *(f'  {line}' for line in next_commands(config, scored))]))


if __name__ == '__main__':
    main()
