"""Choose what the paper leaves open, on held-out training videos, and write the config.

python tools/analysis/tune.py configs/rpn_i3d_thumos.py --out configs/rpn_i3d_thumos_tuned.py
python tools/analysis/tune.py configs/rpn_vgg16_ucf101_untuned.py --split looks --rounds 1 --jobs 2 --curves
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mmengine.config import Config, DictAction

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.analysis.experiments import CodeChangedError, plugin_digest
from rpn_plugin.analysis.held_out import SPLITS, write_held_out_sets
from rpn_plugin.analysis.knobs import Knob, apply, changes_of, knobs_of, published_knobs, value_of
from rpn_plugin.analysis.search import Candidate, FoldAndSeed, SearchSpace, curve, draw, halving, polish, refine
from rpn_plugin.analysis.search_report import (SUPERVISION, as_curve, as_line, format_curves, format_trials,
                                               write_config)
from rpn_plugin.command_line import one_line_errors
from rpn_plugin.files import written_whole
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.sensitivity import draw_sensitivity

CURVES = ('alpha', 'gamma_c', 'gamma_t')


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Search hyper-parameters on held-out training videos.')
    parser.add_argument('config', type=Path)
    parser.add_argument('--out', type=Path, help='config to write; WORK_DIR/tuned.py by default')
    parser.add_argument('--work-dir', type=Path, help='what is done already is found here, and the log is written '
                        'here; work_dirs/tune/<config> by default')
    parser.add_argument('--split', choices=SPLITS, default='videos',
                        help='what stays on one side: videos; or, for recordings composed of clips that several of '
                        'them share, everything that looks alike, for which they are cut')
    parser.add_argument('--folds', type=int, default=3)
    parser.add_argument('--trials', type=int, default=36, help='candidates that are trained at all')
    parser.add_argument('--rounds', type=int, default=2, help='over the knobs of training from the best candidate, '
                        'one knob at a time')
    parser.add_argument('--seeds', type=int, default=2, help='per fold in these rounds and after; before, one seed on '
                        'every fold, and at first one seed on one fold')
    parser.add_argument('--knobs', nargs='+', help='choose these only; all by default. Unknown names are answered with '
                        'the list of those there are')
    parser.add_argument('--jobs', type=int, default=1, help='candidates side by side')
    parser.add_argument('--threads', type=int, default=1, help='of each training')
    parser.add_argument('--seed', type=int, default=0, help='of the split and the draws')
    parser.add_argument('--curves', action='store_true', help='also measure one hyper-parameter at a time around the '
                        'chosen point, and draw it')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, help='change the config first')
    return parser.parse_args(arguments)


def chosen_knobs(config: Config, names: Sequence[str] | None) -> dict[str, Knob]:
    """The knobs to choose.

    Raises:
        ValueError: If there is none of a name; lists those there are.
    """
    knobs = knobs_of(config)
    unknown = set(names or ()) - set(knobs)
    if unknown:
        raise ValueError(f'Unknown knobs {sorted(unknown)}; known are {list(knobs)}.')
    return {name: knob for name, knob in knobs.items() if names is None or name in names}


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The best; of equal ones that which was drawn first."""
    return max(candidates, key=lambda candidate: (candidate.score, -candidate.number))


def search(space: SearchSpace, options: argparse.Namespace, work_dir: Path) -> tuple[Candidate, list[FoldAndSeed]]:
    """The best candidate and the runs that it was measured on; everything tried goes to the log."""
    every = [(fold, seed) for seed in range(options.seeds) for fold in range(options.folds)]
    trials: list[tuple[int | str, Candidate]] = []

    def note(rung: int | str, candidate: Candidate) -> None:
        trials.append((rung, candidate))
        with open(work_dir / 'trials.jsonl', 'a', encoding='utf-8') as log:
            log.write(as_line(rung, candidate) + '\n')
        print(f'[{len(trials)}] stage {rung}, candidate {candidate.number}: {100 * candidate.score:.2f} '
              f'{dict(candidate.setting)}', flush=True)

    (work_dir / 'trials.jsonl').unlink(missing_ok=True)
    for rung, candidate in halving(space, [every[:1], every[:options.folds]],
                                   draw(space, options.trials, options.seed), options.jobs):
        note(rung, candidate)
    drawn = [candidate for rung, candidate in trials if rung == 1]
    as_it_is = next(candidate for candidate in drawn if candidate.number == 0)
    for candidate in refine(space, best_of(drawn), every, options.rounds, options.jobs):
        note('refined', candidate)
    refined = best_of([candidate for rung, candidate in trials if rung == 'refined'])
    different = [as_it_is] * (space.trained(refined.setting) != {}) + [refined]
    for candidate in polish(space, different, every, options.jobs):
        note('polished', candidate)
    with written_whole(work_dir / 'trials.md') as temporary:
        temporary.write_text(format_trials(trials, space.sets.notes), encoding='utf-8')
    return best_of([candidate for rung, candidate in trials if rung == 'polished']), every


def curve_knobs(config: Config) -> list[Knob]:
    """Those whose curves are measured.

    Raises:
        ValueError: If the config leaves one to a default, so that its curve would have no chosen point.
    """
    known, knobs = knobs_of(config), []
    for knob in [*(known[name] for name in CURVES), *published_knobs().values()]:
        try:
            value_of(config, knob)
        except KeyError as missing:
            raise ValueError(f'--curves needs the config to state {knob.name}, but {missing} is not there.') from None
        knobs.append(knob)
    return knobs


def measure_curves(space: SearchSpace, chosen: Candidate, runs: Sequence[FoldAndSeed], knobs: Sequence[Knob], jobs: int,
                   work_dir: Path) -> None:
    """Measure, write and draw what happens around the chosen point."""
    config = apply(space.config, changes_of(knobs_of(space.config), chosen.setting))
    curves = {}
    for knob in knobs:
        curves[knob.name] = as_curve(curve(space, chosen, knob, runs, jobs), chosen,
                                     float(value_of(config, knob)))
        print(f'curve of {knob.name} measured', flush=True)
    for name, content in (('curves.md', format_curves(curves, chosen)),
                          ('curves.json', json.dumps({name: asdict(measured) for name, measured in curves.items()}))):
        with written_whole(work_dir / name) as temporary:
            temporary.write_text(content, encoding='utf-8')
    title = f'{len(chosen.scores)} runs on held-out training videos; the star is what was chosen'
    save_figure(draw_sensitivity(curves, 100 * chosen.score, title, 'average mAP in %'), work_dir / 'curves.png')
    print(format_curves(curves, chosen))


def run(options: argparse.Namespace) -> None:
    """Split, search, write.

    Raises:
        ValueError: If an option makes no sense.
    """
    config = Config.fromfile(options.config)
    config.merge_from_dict(options.cfg_options)
    work_dir = (options.work_dir or Path('work_dirs/tune') / options.config.stem).resolve()
    out, knobs = options.out or work_dir / 'tuned.py', chosen_knobs(config, options.knobs)
    if out.resolve() == options.config.resolve():
        raise ValueError(f'--out {out} is the config that the search starts from; name another file.')
    if min(options.trials, options.seeds, options.jobs, options.threads) < 1:
        raise ValueError('Expected at least 1 of --trials, --seeds, --jobs and --threads.')
    curves = curve_knobs(config) if options.curves else []
    sets = write_held_out_sets(config, work_dir, options.split, options.folds, options.seed)
    print('\n'.join([SUPERVISION, *sets.notes]), flush=True)
    space = SearchSpace(config, sets, knobs, work_dir / 'runs', plugin_digest(), options.threads)
    chosen, runs = search(space, options, work_dir)
    write_config(out, options.config.resolve(), [options.cfg_options, *changes_of(space.knobs, chosen.setting)], [
        f'Chosen by tools/analysis/tune.py among {options.trials} candidates on held-out training videos:',
        f'average mAP {100 * chosen.score:.2f} there, over {len(runs)} runs; split by {options.split}.'])
    print(f'chosen: candidate {chosen.number}, {100 * chosen.score:.2f}; written to {out}, log in {work_dir}')
    if options.curves:
        measure_curves(space, chosen, runs, curves, options.jobs, work_dir)


@one_line_errors(CodeChangedError)
def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    run(options)


if __name__ == '__main__':
    main()
