"""Reproduce a table of the paper: train what it needs, score it under its protocol, print it beside the paper's.

python tools/analysis/reproduce.py table1
python tools/analysis/reproduce.py table4 --data ucf101 synthetic --seeds 0 1 2 --jobs 2
python tools/analysis/reproduce.py ablations
python tools/analysis/reproduce.py hyper-parameters
"""
from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

TABLES = ('table1', 'table2', 'table3', 'table4')
LIST, NOTES = 'ablations', 'hyper-parameters'
DATA = ('thumos', 'anet12', 'ucf101', 'ucf101-untuned', 'synthetic')


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description='Train, score and print a table of the paper.')
    parser.add_argument('table', choices=[*TABLES, LIST, NOTES], help=f'a table; "{LIST}": print what each ablation '
                        f'changes, as any tool takes it behind --cfg-options; "{NOTES}": print the tables of '
                        'docs/hyper_parameters.md')
    parser.add_argument('--data', choices=DATA, nargs='+', help="configs of which data; by default the table's own")
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--jobs', type=int, help='trainings side by side; by default as many as cores and threads '
                        'allow, and one where there is a GPU')
    parser.add_argument('--threads', type=int, default=1, help='of each training')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/reproduce'),
                        help='what is done already is found here, and the table is written here, into a folder '
                        'named after the data')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, help='change every config')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    with suppress(ValueError):  # main reports it
        parse(None)  # --help and wrong options are answered before the imports below, which take seconds

import torch

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.analysis.ablations import ABLATIONS
from rpn_plugin.analysis.experiments import Experiment, ExperimentRunner
from rpn_plugin.analysis.hyper_parameter_notes import format_ends, format_values
from rpn_plugin.analysis.paper_tables import FAMILIES, FULL, PAPER_TABLES, PaperTable
from rpn_plugin.analysis.table_report import build_report, format_text, write_report
from rpn_plugin.command_line import one_line_errors

REPOSITORY = Path(__file__).resolve().parents[2]

Planned = tuple[int, tuple[str, ...], Experiment]
"""Number of the paper's row that it follows, its cells, and what measures it."""


def planned(table: PaperTable, data: str) -> list[Planned]:
    """Return what measures which row: ablations on the family's last config, or the rows "Ours", one per features."""
    configs = FAMILIES[data]
    full = list(configs.values())[-1]
    if any(row.ablation for row in table.rows):
        return [(number, row.cells, Experiment(f'configs/{full}.py', None if row.ablation == FULL else row.ablation))
                for number, row in enumerate(table.rows)]
    own = {row.features: number for number, row in enumerate(table.rows) if row.features}
    return [(own.get(features, len(table.rows) - 1), (*table.rows[-1].cells[:-1], f'Ours ({features})'),
             Experiment(f'configs/{config}.py')) for features, config in configs.items()]


def listed() -> str:
    """Return what each ablation changes, as it is written behind ``--cfg-options``."""
    return '\n'.join(f'{name}: {ablation.sentence}\n    --cfg-options {ablation.cfg_options}'
                     for name, ablation in ABLATIONS.items())


def hyper_parameter_tables() -> list[str]:
    """Return the tables of docs/hyper_parameters.md; one of the configs reads its streams off data/custom."""
    paper, own_videos = (Config.fromfile(REPOSITORY / 'configs' / f'{name}.py') for name in ('rpn_i3d_thumos',
                                                                                            'rpn_custom'))
    results = REPOSITORY / 'docs' / 'results'
    across = json.loads((results / 'unseen_curves.json').read_text())
    return [format_values(paper, own_videos),
            format_ends(paper, own_videos, (results / 'ucf101_curves.md').read_text(), across['curves'], across['own'])]


@one_line_errors(RuntimeError)
def main(arguments: Sequence[str] | None = None, **runner_options: Any) -> None:
    """Run the tool; ``runner_options`` go to :class:`ExperimentRunner`."""
    options = parse(arguments)
    if options.table == LIST:
        print(listed())
        return
    if options.table == NOTES:
        print('\n\n'.join(hyper_parameter_tables()))
        return
    table = PAPER_TABLES[options.table]
    families, seeds = list(dict.fromkeys(options.data or [table.data])), list(dict.fromkeys(options.seeds))
    jobs = options.jobs or (1 if torch.cuda.is_available() else max(1, (os.cpu_count() or 1) // options.threads))
    root = options.work_dir.resolve()
    measured = []
    for data in families:
        runner = ExperimentRunner(REPOSITORY, root / data, table.protocol, options.cfg_options, jobs, options.threads,
                                  **runner_options)
        rows = planned(table, data)
        results = runner.measure([experiment for *_, experiment in rows], seeds)
        measured += [(number, cells, data, [results[experiment, seed] for seed in seeds])
                     for number, cells, experiment in rows]
    report = build_report(table, seeds, measured)
    print('\n' + format_text(report) + '\n')
    for path in write_report(report, root / '+'.join(families) / options.table):
        print(f'written to {path}')


if __name__ == '__main__':
    main()
