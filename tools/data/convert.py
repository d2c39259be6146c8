"""Convert a public layout: python tools/data/convert.py LAYOUT ANNOTATIONS --features rgb=... flow=... --out DIR"""
from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator

from _options import add_feature_options, add_import_option, columns, import_modules, pairs, recipe

LAYOUTS = {
    'plugin': 'this project\'s own: an ActivityNet-style JSON with "classes" and "feature"',
    'wtalc': 'W-TALC and descendants: a folder of .npy columns, and one .npy of all features, RGB then flow',
    'basnet': 'BaS-Net, CoLA, ASL, ACM-Net: gt.json, split_{train,test}.txt, features/<subset>/<stream>/',
    'actionformer': 'ActionFormer and OpenTAD: one JSON with label_id; <video>.npy (T, 2048)',
    'activitynet': 'the official activity_net.v1-2/v1-3 JSON; features <video>.npy or v_<video>.npy',
    'thumos14': 'the official text files, <Class>_val.txt and <Class>_test.txt',
    'mmaction2': "MMAction2's ActivityNet: anet_anno_<subset>.json, and <video>.csv rescaled to 100 rows",
    'label_table': 'a CSV or Excel sheet of video,label[,label...]',
}
"""As the package has them; stated here, too, because it takes seconds to import."""


def parse() -> argparse.Namespace:
    layouts = '\n'.join(f'  {name}: {description}' for name, description in LAYOUTS.items())
    parser = argparse.ArgumentParser(description=f'Convert annotations and features.\n\nlayouts:\n{layouts}',
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('layout', help='one of those above, or one that --import adds')
    parser.add_argument('annotations', help='file or folder of annotations')
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument('--subsets', nargs='+', metavar='NEW=OLD', help='subsets to convert; default all, as named')
    add_feature_options(parser)
    add_import_option(parser)
    parser.add_argument('--classes', help='text file with one class name per line, in order')
    parser.add_argument('--dtype', choices=('keep', 'float16', 'float32'), default='keep')
    parser.add_argument('--missing', choices=('error', 'skip'), default='error',
                        help='what to do with annotated videos without features')
    parser.add_argument('--overwrite', action='store_true', help='replace what an earlier conversion wrote to --out '
                        'and is not the same now, and remove what the source has no longer')
    return parser.parse_args()


if __name__ == '__main__':
    parse()  # --help and wrong options are answered before the imports below, which take seconds

from rich.progress import track

from rpn_plugin.command_line import one_line_errors
from rpn_plugin.datasets.conversion import Conversion, convert
from rpn_plugin.files import read_text


@one_line_errors()
def main() -> None:
    options = parse()
    import_modules(options.modules)
    subsets = None if options.subsets is None else pairs(options.subsets, '--subsets')
    job = Conversion(
        options.layout, options.annotations, pairs(options.features, '--features'), subsets, recipe(options.recipe),
        columns(options.columns),
        read_text(options.classes).splitlines() if options.classes else None, options.dtype,
        options.missing)

    def bar(videos: Iterable[str]) -> Iterator[str]:
        yield from track(videos, 'converting')

    result = convert(job, options.out, bar, options.overwrite)
    for remark in result.remarks:
        print(f'note: {remark}')
    for reason in result.skipped:
        print(f'left out: {reason}')
    print(f'{result.path}: {result.written} feature files written, {result.kept} were there already')


if __name__ == '__main__':
    main()
