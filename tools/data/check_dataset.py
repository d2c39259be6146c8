"""Check annotations and features before training; exits with 1 if training or scoring would be wrong.

python tools/data/check_dataset.py configs/rpn_synthetic.py --plot work_dirs/dataset.png
python tools/data/check_dataset.py data/gt.json --layout basnet --features rgb=data/rgb flow=data/flow
"""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from _options import add_feature_options, add_import_option, columns, import_modules, pairs, recipe


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Check annotations and features before training.')
    parser.add_argument('source', help='config of a training (a .py file, or a name as rpn_custom), or the file or '
                        'folder of annotations')
    parser.add_argument('--layout', metavar='NAME', help='of annotations, see docs/layouts; default plugin')
    add_feature_options(parser)
    add_import_option(parser)
    parser.add_argument('--json', metavar='FILE', help='write everything that was found; - for standard output')
    parser.add_argument('--plot', metavar='FILE', help='draw one page of pictures')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    parse_args(None)  # --help and wrong options are answered before the imports below, which take seconds

from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import track

from rpn_plugin.config_files import read_config
from rpn_plugin.datasets.checking import CheckedSubset, DatasetCheck, check_dataset
from rpn_plugin.datasets.checking.report import as_json, as_text
from rpn_plugin.datasets.sources import Sources, subsets_of_annotations, subsets_of_config
from rpn_plugin.evaluation.video_sets import VIDEO_SETS, VideoSet
from rpn_plugin.files import written_whole
from rpn_plugin.shown_names import let_every_name_be_printed
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.dataset import draw_dataset


def open_sources(options: argparse.Namespace) -> Sources:
    import_modules(options.modules)
    stated = options.features or options.recipe or options.columns or options.layout
    path = Path(options.source)
    if path.suffix != '.py' and (stated or path.suffix or path.exists()):
        return subsets_of_annotations(options.source, options.layout or 'plugin', pairs(options.features, '--features'),
                                      recipe(options.recipe), columns(options.columns))
    if stated:
        raise ValueError(f'{options.source} states layout, features, recipe and columns itself; leave the options out.')
    config = read_config(options.source)
    init_default_scope(config.get('default_scope', 'mmaction'))
    return subsets_of_config(config)


def video_set_rows(all_checked: Sequence[CheckedSubset]) -> dict[str, list[str]]:
    """Rows with the number of videos that the named video sets leave of each test subset they have to do with."""
    rows: dict[str, list[str]] = {}
    for index, checked in enumerate(all_checked):
        instances = {video: len(checked.subset.annotations.annotations(video)) for video in checked.labels}
        for video_set in VIDEO_SETS.values() if not checked.subset.training else ():
            kept = sum(not video_set.excludes(video, number) for video, number in instances.items())
            if concerns(video_set, instances, kept):
                row = rows.setdefault(f'video set {video_set.name}', [''] * len(all_checked))
                row[index] = f'{kept}' + (f' of {video_set.num_videos}' if video_set.num_videos else '')
    return rows


def concerns(video_set: VideoSet, videos: Collection[str], kept: int) -> bool:
    """Tell whether a set speaks of these videos: any annotated ones, else THUMOS14's, complete or with one left out."""
    return video_set.annotated_only or (all(video.startswith('video_test_') for video in videos)
                                        and (video_set.num_videos == kept
                                             or not video_set.excluded.keys().isdisjoint(videos)))


def plot(check: DatasetCheck, title: str, path: str) -> None:
    rates = {clock.seconds_per_snippet for checked in check.checked for clock in checked.clocks.values()}
    save_figure(draw_dataset(check.statistics, title, rates.pop() if len(rates) == 1 else None), path)


def main(arguments: Sequence[str] | None = None) -> int:
    let_every_name_be_printed()
    options = parse_args(arguments)
    messages = Console(stderr=True)

    def bar(videos: Sequence[str]) -> Iterator[str]:
        yield from track(videos, 'reading features', console=messages)

    try:
        with redirect_stdout(sys.stderr):  # where the host logs to
            sources = open_sources(options)
    except (ValueError, OSError) as error:
        messages.print(f'error: {error}', markup=False, highlight=False, soft_wrap=True)
        return 1
    check = check_dataset(sources.subsets, bar)
    check.findings[:0] = sources.findings
    rows = video_set_rows(check.checked)
    content = json.dumps(as_json(check, rows), indent=1, allow_nan=False)
    print(content if options.json == '-' else as_text(check, rows))
    if options.json not in (None, '-'):
        with written_whole(options.json) as temporary:
            temporary.write_text(content, encoding='utf-8')
    if options.plot and check.statistics:
        plot(check, Path(options.source).name, options.plot)
    return int(any(finding.severity == 'error' for finding in check.findings))


if __name__ == '__main__':
    raise SystemExit(main())
