"""Reproduce a table of the paper, or compare all methods: train, score under one protocol, print beside the paper's.

python tools/analysis/reproduce.py table1
python tools/analysis/reproduce.py table4 --data ucf101 synthetic --seeds 0 1 2 --jobs 2
python tools/analysis/reproduce.py table1 --data DIR --seeds 0 1 2 3 4
python tools/analysis/reproduce.py methods --data DIR DIR ... --seeds 0 1 2 3 4 --jobs 2
python tools/analysis/reproduce.py methods --data DIR --methods cola um --seeds 0
python tools/analysis/reproduce.py methods --data DIR --candidates 4 --with docs/results/methods.json
python tools/analysis/reproduce.py ablations
python tools/analysis/reproduce.py hyper-parameters

`methods` trains configs/<method>/<method>_custom.py, of every method that has one, on data folders of the plugin's own
form; RPN is always among them. With --candidates the numbers of each method are chosen first, on held-out training
videos of each folder, among so many trainings for every method; second stages are left out then, since their first has
seen what would be held out. Table 1 on a data folder measures those of its methods that have such a config, on THUMOS14
those with one for THUMOS14. What is done is found again in --work-dir.
"""
from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

TABLES = ('table1', 'table2', 'table3', 'table4')
LIST, NOTES, METHODS = 'ablations', 'hyper-parameters', 'methods'
DATA = ('thumos', 'anet12', 'ucf101', 'ucf101-untuned', 'synthetic')


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description='Train, score and print a table of the paper.')
    parser.add_argument('table', choices=[*TABLES, METHODS, LIST, NOTES], help=f'a table; "{METHODS}": all methods on '
                        f'data folders; "{LIST}": print what each ablation changes, as any tool takes it behind '
                        f'--cfg-options; "{NOTES}": print the tables of docs/hyper_parameters.md')
    parser.add_argument('--data', nargs='+', help=f"configs of which data, of {', '.join(DATA)}, by default the "
                        "table's own; or data folders of the plugin's own form")
    parser.add_argument('--methods', nargs='+', help=f'folders of configs, of "{METHODS}" and of table1; all by '
                        'default')
    parser.add_argument('--candidates', type=int, help=f'of "{METHODS}": trainings to choose the numbers of every '
                        'method among, on held-out training videos of each folder; without it all are as their configs '
                        'have them')
    parser.add_argument('--with', dest='other', type=Path, metavar='JSON', help=f'of "{METHODS}": an earlier table of '
                        'the same data and seeds, whose other methods are put in, too')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--jobs', type=int, help='trainings side by side; by default as many as cores and threads '
                        'allow, and one where there is a GPU')
    parser.add_argument('--threads', type=int, default=1, help='of each training')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/reproduce'),
                        help='what is done already is found here, and the table is written here, into a folder '
                        f'named after the data ("{METHODS}": beside them)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, help='change every config')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    with suppress(ValueError):  # main reports it
        parse(None)  # --help and wrong options are answered before the imports below, which take seconds

import torch

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.analysis.ablations import ABLATIONS
from rpn_plugin.analysis.equal_budget import Chosen, Start, choose_each
from rpn_plugin.analysis.experiments import Experiment, ExperimentRunner
from rpn_plugin.analysis.hyper_parameter_notes import format_ends, format_values
from rpn_plugin.analysis.method_report import (
    build_method_report,
    format_methods,
    join_method_reports,
    read_method_report,
    require_same_rules,
    write_method_report,
)
from rpn_plugin.analysis.methods import (
    CUSTOM,
    OWN,
    chosen_methods,
    config_of,
    first_stages,
    found_methods,
    method_of_row,
)
from rpn_plugin.analysis.paper_tables import FAMILIES, FULL, PAPER_TABLES, PaperTable
from rpn_plugin.analysis.table_report import OURS, build_report, format_text, write_report
from rpn_plugin.command_line import keep_console_short, one_line_errors

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIGS = REPOSITORY / 'configs'
PROTOCOL = 'activitynet-thumos14'
"""Of the comparison of all methods."""

Planned = tuple[int, tuple[str, ...], Experiment]
"""Number of the paper's row that it follows, its cells, and what measures it."""


def data_of(names: Sequence[str]) -> dict[str, Path | None]:
    """Return the data by name: families of configs, and the folders of others.

    Raises:
        ValueError: If a name is neither, or two folders have one name.
    """
    found: dict[str, Path | None] = {}
    for name in names:
        root = None if name in DATA else Path(name).resolve()
        if root is not None and not root.is_dir():
            raise ValueError(f'--data {name}: expected one of {", ".join(DATA)}, or a data folder.')
        key = name if root is None else root.name
        if found.setdefault(key, root) != root:
            raise ValueError(f'--data {name}: expected folders of different names, but {found[key]} is called so, too.')
    return found


def planned(table: PaperTable, data: str, root: Path | None, methods: dict[str, str]) -> list[Planned]:
    """Return what measures which row: ablations on the family's last config, or RPN and others, one per features.

    Args:
        table: Of the paper.
        data: Family of configs, or the name of a data folder.
        root: The data folder, if it is one.
        methods: That may measure rows.
    """
    configs = FAMILIES[data] if root is None else {data: CUSTOM}
    every = found_methods(CONFIGS)
    if any(row.ablation for row in table.rows):
        own = f'configs/{list(configs.values())[-1]}.py'
        return [(number, row.cells, Experiment(own, None if row.ablation == FULL else row.ablation, data, root))
                for number, row in enumerate(table.rows)]
    rows: list[Planned] = []
    for features, config in configs.items():
        firsts = first_stages(CONFIGS, every, config, root)
        for method, title in methods.items():
            name = config_of(CONFIGS, method, config)
            places = [number for number, row in enumerate(table.rows)
                      if (row.features if method == OWN else method_of_row(row.cells[-1], {method: title}))]
            if name and places:
                place = next((number for number in places if f'({features})' in table.rows[number].cells[-1]),
                             places[-1])
                cells = (*table.rows[place].cells[:-1], f'{OURS if method == OWN else title} ({features})')
                rows.append((place, cells, experiment_of(method, config, data, root, firsts)))
    return rows


def experiment_of(method: str, own: str, data: str, root: Path | None, firsts: Mapping[str, str]) -> Experiment:
    """Return what trains a method on the data of one of RPN's configs, on its first stage if it is a second one."""
    first = experiment_of(firsts[method], own, data, root, firsts) if method in firsts else None
    return Experiment(f'configs/{config_of(CONFIGS, method, own)}.py', data=data, root=root, first_stage=first)


def listed() -> str:
    """Return what each ablation changes, as it is written behind ``--cfg-options``."""
    return '\n'.join(f'{name}: {ablation.sentence}\n    --cfg-options {ablation.cfg_options}'
                     for name, ablation in ABLATIONS.items())


def hyper_parameter_tables() -> list[str]:
    """Return the tables of docs/hyper_parameters.md; one of the configs reads its streams off data/custom."""
    names = {'as written': 'paper_settings/rpn_i3d_thumos_as_written', 'THUMOS14': 'rpn_i3d_thumos',
             'own videos': 'rpn_custom'}
    configs = {column: Config.fromfile(REPOSITORY / 'configs' / f'{name}.py') for column, name in names.items()}
    results = REPOSITORY / 'docs' / 'results'
    across = json.loads((results / 'unseen_curves.json').read_text())
    return [format_values(configs), format_ends(configs.values(), (results / 'ucf101_curves.md').read_text(),
                                                across['curves'], across['own'])]


@one_line_errors(RuntimeError)
def main(arguments: Sequence[str] | None = None, **runner_options: Any) -> None:
    """Run the tool; ``runner_options`` go to :class:`ExperimentRunner`."""
    keep_console_short()
    options = parse(arguments)
    if options.table == LIST:
        print(listed())
        return
    if options.table == NOTES:
        print('\n\n'.join(hyper_parameter_tables()))
        return
    methods = chosen_methods(found_methods(CONFIGS), options.methods)
    seeds = list(dict.fromkeys(options.seeds))
    jobs = options.jobs or (1 if torch.cuda.is_available() else max(1, (os.cpu_count() or 1) // options.threads))
    root = options.work_dir.resolve()
    runner = partial(ExperimentRunner, REPOSITORY, root, options=options.cfg_options, jobs=jobs,
                     threads=options.threads, **runner_options)
    if options.table == METHODS:
        named = data_of(options.data or [])
        sets = {name: folder for name, folder in named.items() if folder}
        if not sets or len(sets) < len(named):
            raise ValueError(f'{METHODS}: expected --data with data folders, such as tools/data/convert.py writes.')
        if options.candidates is not None and options.candidates < 1:
            raise ValueError(f'--candidates {options.candidates}: expected at least 1, which is each config as it is.')
        if options.candidates is not None and options.cfg_options:
            raise ValueError('--candidates chooses what --cfg-options would fix: give one of the two.')
        compare_methods(runner(PROTOCOL), sets, methods, seeds, options)
        return
    if options.candidates or options.other:
        raise ValueError(f'--candidates and --with are of "{METHODS}" only.')
    table = PAPER_TABLES[options.table]
    families = data_of(options.data or [table.data])
    rows = [(data, row) for data, folder in families.items() for row in planned(table, data, folder, methods)]
    results = runner(table.protocol).measure([experiment for _, (*_, experiment) in rows], seeds)
    report = build_report(table, seeds, [(number, cells, data, [results[experiment, seed] for seed in seeds])
                                         for data, (number, cells, experiment) in rows])
    print('\n' + format_text(report) + '\n')
    for path in write_report(report, root / '+'.join(families) / options.table):
        print(f'written to {path}')


def compare_methods(runner: ExperimentRunner, sets: Mapping[str, Path], methods: dict[str, str],
                    seeds: Sequence[int], options: argparse.Namespace) -> None:
    """Measure every method on every set; print and write the table."""
    other = read_method_report(options.other) if options.other else None
    if other:  # before hours of training
        require_same_rules(dict(protocol=PROTOCOL, against=methods[OWN], data=list(sets), seeds=list(seeds),
                                candidates=options.candidates), other, str(options.other))
    firsts = first_stages(CONFIGS, found_methods(CONFIGS), CUSTOM, next(iter(sets.values())))
    if options.candidates is not None:
        for method in firsts.keys() & methods.keys():
            runner.say(f'left out: {method}, a second stage, whose first has seen the labels of what would be held out')
        methods = {method: title for method, title in methods.items() if method not in firsts}
    experiments = {(method, data): experiment_of(method, CUSTOM, data, root, firsts)
                   for method in methods for data, root in sets.items()}
    configs = {methods[method]: experiment.config_file for (method, _), experiment in experiments.items()}
    chosen: dict[tuple[str, str], Chosen] = {}
    if options.candidates is not None:
        chosen = choose_for(runner, experiments, options.candidates)
        experiments = {key: replace(experiment, config_file=str(chosen[key].config_file))
                       for key, experiment in experiments.items()}
    results = runner.measure(experiments.values(), seeds)
    report = build_method_report(configs, methods[OWN], list(sets), seeds, {
        (methods[method], data, seed): results[experiment, seed]
        for (method, data), experiment in experiments.items() for seed in seeds})
    if chosen:
        report = {**report, 'candidates': options.candidates, 'chosen': [
            dict(method=methods[method], data=data, held_out=round(each.score, 5), setting=each.setting)
            for (method, data), each in chosen.items()]}
    if other:
        report = join_method_reports(report, other, str(options.other))
    print('\n' + format_methods(report))
    for path in write_method_report(report, runner.root / METHODS):
        print(f'written to {path}')


def choose_for(runner: ExperimentRunner, experiments: Mapping[tuple[str, str], Experiment],
               candidates: int) -> dict[tuple[str, str], Chosen]:
    """Choose the numbers of methods on data sets, with one budget for each; say what as soon as it is known."""
    starts = [Start(REPOSITORY / experiment.config_file, experiment.root, runner.root / data / 'chosen' / method)
              for (method, data), experiment in experiments.items() if experiment.root]
    chosen = {}
    for (method, data), each in zip(experiments, choose_each(starts, candidates, runner.jobs, runner.threads)):
        chosen[method, data] = each
        runner.say(f'chosen for {method} on {data}: {dict(each.setting) or "as it is"}, '
                   f'{100 * each.score:.1f} on held-out training videos')
    return chosen


if __name__ == '__main__':
    main()
