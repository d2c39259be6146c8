"""Choose the numbers of configs/rpn_custom.py on several data sets at once, and measure them on a set left out.

python tools/analysis/across_sets.py sets --data DIR DIR ...
python tools/analysis/across_sets.py curves --data DIR DIR ... --work-dir work_dirs/across --jobs 2
python tools/analysis/across_sets.py test --data DIR DIR ... --work-dir work_dirs/across --seeds 5 --jobs 2
python tools/analysis/across_sets.py configs --config A B --data DIR DIR ... --work-dir work_dirs/across --jobs 2

`sets` prints what the checker reads of the sets. `curves` trains on a part of every set's training videos and scores
the rest: one number at a time around the config, a table of all, and what the same rule chooses on all sets, on all but
one, and on each. `test` trains the config, these choices and the ablations on whole training subsets, and scores the
test videos. `configs` compares whole configs, as `curves` does numbers: on held-out training videos.
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description='One set of numbers for several data sets.')
    parser.add_argument('what', choices=('sets', 'curves', 'test', 'configs'))
    parser.add_argument('--config', nargs='+', default=['rpn_custom'], help='several for configs')
    parser.add_argument('--data', type=Path, nargs='+', required=True, help="folders of the plugin's own form")
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/across_sets'),
                        help='of all but sets; what is done already is found here')
    parser.add_argument('--hyper-parameters', nargs='+', help='of curves; all by default')
    parser.add_argument('--split', choices=('videos', 'appearance'), default='videos',
                        help='of curves and configs, as tune.py has it')
    parser.add_argument('--folds', type=int, default=3, help='of curves and configs; the first is held out')
    parser.add_argument('--seeds', type=int, default=1)
    parser.add_argument('--variants', nargs='+', help='of test: names of a part of them; all by default')
    parser.add_argument('--jobs', type=int, default=1, help='trainings side by side, of a thread each')
    options = parser.parse_args(arguments)
    if options.what != 'configs' and len(options.config) > 1:
        parser.error(f'{options.what} takes one --config; configs compares several.')
    return options


if __name__ == '__main__':
    parse(None)  # --help and wrong options are answered before the imports below, which take seconds

from mmengine.config import Config

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.analysis.ablations import ABLATIONS, NECK, WEIGHTING, WITHOUT_CLUSTERING, WITHOUT_UPDATING
from rpn_plugin.analysis.across_sets import (
    Variant,
    choose_all,
    config_on,
    describe_sets,
    format_curves,
    format_variants,
    measure_configs,
    measure_curves,
    measure_variants,
)
from rpn_plugin.analysis.hyper_parameters import Changes, changes_of
from rpn_plugin.analysis.search_choices import hyper_parameters_of
from rpn_plugin.analysis.search_report import SUPERVISION
from rpn_plugin.command_line import keep_console_short, one_line_errors
from rpn_plugin.config_files import find_config
from rpn_plugin.files import read_json, written_whole
from rpn_plugin.provenance import CodeChangedError

FULL, NO_WEIGHTING = 'RPN', 'RPN, no weighting'
CHOSEN = dict(without='RPN, chosen on the other sets', on='RPN, chosen on the set')
CHOICES_FILE = 'chosen.json'


def variants(options: argparse.Namespace, roots: dict[str, Path]) -> dict[str, Variant]:
    """Return what `test` measures, by the name of what is trained."""
    weighted: dict[str, Sequence[Changes]] = {FULL: (), NO_WEIGHTING: ({WEIGHTING: None}, ),
                                              'RPN, no updating': (WITHOUT_UPDATING, )}
    every = {
        'full': Variant({}, weighted),
        'table3_fc': Variant(_everywhere(roots, ABLATIONS['table3_fc'].overrides), {'FC prototypes': ()}),
        'table3_random': Variant(_everywhere(roots, ABLATIONS['table3_random'].overrides), {'random prototypes': ()}),
        'table4_cls': Variant(_everywhere(roots, WITHOUT_CLUSTERING), {
            'L_cls, weighting': (), 'L_cls alone': ({WEIGHTING: None}, )}),
        'mil': Variant({name: (_top_k_mil(config_on(options.config, root)), ) for name, root in roots.items()},
                       {'top-k MIL': ()})}
    if (options.work_dir / CHOICES_FILE).is_file():
        chosen = read_json(options.work_dir / CHOICES_FILE)
        for key, test_name in CHOSEN.items():
            every[f'chosen_{key}'] = Variant({name: changes_of(hyper_parameters_of(config_on(options.config, root)),
                                                               chosen[key][name]) for name, root in roots.items()},
                                             {test_name: ()})
    return {name: variant for name, variant in every.items() if not options.variants or name in options.variants}


def _top_k_mil(config: Config) -> Changes:
    """Return what puts plain multiple instance learning in the place of the prototypes, all else equal."""
    localizer = config.model.localizer
    head = dict(_delete_=True, type='TopKMILHead', in_channels=localizer.head.in_channels,
                num_classes=localizer.neck.num_classes)
    return {'model.localizer.head': head, NECK: None, WEIGHTING: None, 'model.localizer.embedded_length': None}


def _everywhere(roots: dict[str, Path], changes: Changes) -> dict[str, Sequence[Changes]]:
    return {name: (changes, ) for name in roots}


def curves(options: argparse.Namespace, roots: dict[str, Path]) -> None:
    """Measure and write curves.json, curves.md and the choices."""
    trainings = [(0, seed) for seed in range(options.seeds)]
    measured = measure_curves(options.config, roots, options.hyper_parameters, options.work_dir, options.split,
                              options.folds, trainings, options.jobs)
    known = hyper_parameters_of(config_on(options.config, next(iter(roots.values()))))
    chosen = choose_all(measured)
    lines = [SUPERVISION, '', format_curves(measured, known)]
    lines += [f'* chosen {key} {name}'.rstrip() + f': {choices or "as the config has it"}'
              for key, of_sets in chosen.items() for name, choices in of_sets.items()]
    with written_whole(options.work_dir / CHOICES_FILE) as temporary:
        temporary.write_text(json.dumps(chosen), encoding='utf-8')
    write(options.work_dir, 'curves', measured, '\n'.join(lines) + '\n')


def test(options: argparse.Namespace, roots: dict[str, Path]) -> None:
    """Measure on the test videos and write test.json and test.md."""
    results = measure_variants(options.config, roots, list(variants(options, roots).values()), range(options.seeds),
                               options.work_dir, options.jobs)
    write(options.work_dir, 'test', results, format_variants(results, next(iter(results))))


def configs(options: argparse.Namespace, roots: dict[str, Path]) -> None:
    """Measure on held-out training videos and write configs.json and configs.md."""
    trainings = [(0, seed) for seed in range(options.seeds)]
    results = measure_configs(options.configs, roots, options.work_dir, options.split, options.folds, trainings,
                              options.jobs, lambda line: print(line, flush=True))
    write(options.work_dir, 'configs', results, format_variants(results, next(iter(results))))


def write(folder: Path, name: str, results: object, table: str) -> None:
    """Write what was measured as JSON and as Markdown, and print it."""
    for suffix, content in (('json', json.dumps(results)), ('md', table)):
        with written_whole(folder / f'{name}.{suffix}') as temporary:
            temporary.write_text(content, encoding='utf-8')
    print(table)


@one_line_errors(CodeChangedError)
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tool."""
    keep_console_short()
    options = parse(arguments)
    options.configs = [find_config(config) for config in options.config]
    options.config = options.configs[0]
    roots = {root.resolve().name: root.resolve() for root in options.data}
    if options.what == 'sets':
        print(describe_sets(roots))
        return
    options.work_dir = options.work_dir.resolve()
    options.work_dir.mkdir(parents=True, exist_ok=True)
    dict(curves=curves, test=test, configs=configs)[options.what](options, roots)


if __name__ == '__main__':
    main()
