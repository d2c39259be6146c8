"""Choose the hyper-parameters of a method on held-out training videos, and write the config.

python tools/analysis/tune.py configs/rpn_i3d_thumos.py --out configs/rpn_i3d_thumos_tuned.py
python tools/analysis/tune.py configs/rpn_vgg16_ucf101_untuned.py --split appearance --rounds 1 --jobs 2 --curves
python tools/analysis/tune.py configs/cola/cola_custom.py --candidates 6 --rounds 0 --jobs 2
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from mmengine.config import DictAction


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description='Search hyper-parameters on held-out training videos.')
    parser.add_argument('config', type=Path)
    parser.add_argument('--out', type=Path, help='config to write; WORK_DIR/tuned.py by default')
    parser.add_argument('--work-dir', type=Path, help='what is done already is found here, and the log is written '
                        'here; work_dirs/tune/<config> by default')
    parser.add_argument('--split', choices=('videos', 'appearance'), default='videos',
                        help='what stays on one side: videos; or, for recordings composed of clips that several of '
                        'them share, everything of similar appearance, for which they are cut')
    parser.add_argument('--folds', type=int, default=3)
    parser.add_argument('--candidates', type=int, default=36, help='that are trained at all')
    parser.add_argument('--rounds', type=int, default=2, help='of a coordinate search from the best candidate: one '
                        'hyper-parameter of training after the other')
    parser.add_argument('--seeds', type=int, default=2, help='per fold in these rounds and after; before, one seed on '
                        'every fold, and at first one seed on one fold')
    parser.add_argument('--hyper-parameters', nargs='+', help='choose these only; all by default. Unknown names are '
                        'answered with the list of those there are')
    parser.add_argument('--jobs', type=int, default=1, help='candidates side by side')
    parser.add_argument('--threads', type=int, default=1, help='of each training')
    parser.add_argument('--seed', type=int, default=0, help='of the split and the draws')
    parser.add_argument('--curves', action='store_true', help='also measure one hyper-parameter at a time around the '
                        'chosen point, and draw it')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, help='change the config first')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    with suppress(ValueError):  # main reports it
        parse(None)  # --help and wrong options are answered before the imports below, which take seconds

from mmengine.config import Config

import rpn_plugin  # noqa: F401  (registers every part)
from rpn_plugin.analysis.config_writer import write_config
from rpn_plugin.analysis.held_out import write_held_out_sets
from rpn_plugin.analysis.hyper_parameters import HyperParameter, apply, changes_of, value_of
from rpn_plugin.analysis.search import (
    Candidate,
    FoldAndSeed,
    SearchSpace,
    choose_testing,
    curve,
    draw,
    refine,
    successive_halving,
)
from rpn_plugin.analysis.search_choices import hyper_parameters_of, published_hyper_parameters
from rpn_plugin.analysis.search_report import SUPERVISION, as_curve, as_line, format_candidates, format_curves
from rpn_plugin.command_line import keep_console_short, one_line_errors
from rpn_plugin.config_files import find_config, read_config
from rpn_plugin.config_keys import checked_options
from rpn_plugin.files import written_whole
from rpn_plugin.provenance import CodeChangedError, plugin_digest
from rpn_plugin.visualization import save_figure
from rpn_plugin.visualization.sensitivity import draw_sensitivity

CURVES = ('alpha', 'gamma_c', 'gamma_t')


def chosen_hyper_parameters(config: Config, names: Sequence[str] | None) -> dict[str, HyperParameter]:
    """Return the hyper-parameters to choose.

    Raises:
        ValueError: If there is none of a name; lists those there are.
    """
    known = hyper_parameters_of(config)
    unknown = set(names or ()) - set(known)
    if unknown:
        raise ValueError(f'Unknown hyper-parameters {sorted(unknown)}; known are {list(known)}.')
    return {name: hyper_parameter for name, hyper_parameter in known.items() if names is None or name in names}


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """Return the best candidate; of equal ones that which was drawn first."""
    return max(candidates, key=lambda candidate: (candidate.score, -candidate.number))


def search(space: SearchSpace, options: argparse.Namespace, work_dir: Path) -> tuple[Candidate, list[FoldAndSeed]]:
    """Return the best candidate and the trainings that it was measured on; everything tried goes to the log."""
    every = [(fold, seed) for seed in range(options.seeds) for fold in range(options.folds)]
    measured: list[tuple[int | str, Candidate]] = []

    def note(stage: int | str, candidate: Candidate) -> None:
        measured.append((stage, candidate))
        with open(work_dir / 'candidates.jsonl', 'a', encoding='utf-8') as log:
            log.write(as_line(stage, candidate) + '\n')
        print(f'[{len(measured)}] stage {stage}, candidate {candidate.number}: {100 * candidate.score:.2f} '
              f'{dict(candidate.setting)}', flush=True)

    (work_dir / 'candidates.jsonl').unlink(missing_ok=True)
    for stage, candidate in successive_halving(space, [every[:1], every[:options.folds]],
                                               draw(space, options.candidates, options.seed), options.jobs):
        note(stage, candidate)
    drawn = [candidate for stage, candidate in measured if stage == 1]
    as_it_is = next(candidate for candidate in drawn if candidate.number == 0)
    for candidate in refine(space, best_of(drawn), every, options.rounds, options.jobs):
        note('refined', candidate)
    refined = best_of([candidate for stage, candidate in measured if stage == 'refined'])
    different = [as_it_is] * (space.trained(refined.setting) != {}) + [refined]
    for candidate in choose_testing(space, different, every, options.jobs):
        note('final', candidate)
    with written_whole(work_dir / 'candidates.md') as temporary:
        temporary.write_text(format_candidates(measured, space.sets.notes), encoding='utf-8')
    return best_of([candidate for stage, candidate in measured if stage == 'final']), every


def curve_hyper_parameters(config: Config) -> list[HyperParameter]:
    """Return the hyper-parameters whose curves are measured.

    Raises:
        ValueError: If the method has none of a name, or the config leaves one to a default, so that its curve would
            have no chosen point.
    """
    known = hyper_parameters_of(config)
    missing = [name for name in CURVES if name not in known]
    if missing:
        raise ValueError(f'--curves draws hyper-parameters of RPN, but {config.filename} has no {", ".join(missing)}; '
                         f'leave --curves out.')
    drawn = [*(known[name] for name in CURVES), *published_hyper_parameters().values()]
    for hyper_parameter in drawn:
        try:
            value_of(config, hyper_parameter)
        except KeyError as missing:
            raise ValueError(f'--curves needs the config to state {hyper_parameter.name}, but {missing} is not '
                             f'there.') from None
    return drawn


def measure_curves(space: SearchSpace, chosen: Candidate, trainings: Sequence[FoldAndSeed],
                   hyper_parameters: Sequence[HyperParameter], jobs: int, work_dir: Path) -> None:
    """Measure, write and draw what happens around the chosen point."""
    config = apply(space.config, changes_of(hyper_parameters_of(space.config), chosen.setting))
    curves = {}
    for hyper_parameter in hyper_parameters:
        curves[hyper_parameter.name] = as_curve(curve(space, chosen, hyper_parameter, trainings, jobs), chosen,
                                                float(value_of(config, hyper_parameter)))
        print(f'curve of {hyper_parameter.name} measured', flush=True)
    for name, content in (('curves.md', format_curves(curves, chosen)),
                          ('curves.json', json.dumps({name: asdict(measured) for name, measured in curves.items()}))):
        with written_whole(work_dir / name) as temporary:
            temporary.write_text(content, encoding='utf-8')
    title = f'{len(chosen.scores)} trainings, scored on held-out training videos; the star is what was chosen'
    save_figure(draw_sensitivity(curves, 100 * chosen.score, title, 'average mAP in %'), work_dir / 'curves.png')
    print(format_curves(curves, chosen))


def run(options: argparse.Namespace) -> None:
    """Split the training videos, search, and write the config.

    Raises:
        ValueError: If an option makes no sense.
    """
    options.config = find_config(options.config)
    config = read_config(options.config)
    options.cfg_options = checked_options(config, options.cfg_options)
    config.merge_from_dict(options.cfg_options)
    work_dir = (options.work_dir or Path('work_dirs/tune') / options.config.stem).resolve()
    out = options.out or work_dir / 'tuned.py'
    hyper_parameters = chosen_hyper_parameters(config, options.hyper_parameters)
    if out.resolve() == options.config.resolve():
        raise ValueError(f'--out {out} is the config that the search starts from; name another file.')
    if min(options.candidates, options.seeds, options.jobs, options.threads) < 1:
        raise ValueError('Expected at least 1 of --candidates, --seeds, --jobs and --threads.')
    curves = curve_hyper_parameters(config) if options.curves else []
    sets = write_held_out_sets(config, work_dir, options.split, options.folds, options.seed)
    print('\n'.join([SUPERVISION, *sets.notes]), flush=True)
    space = SearchSpace(config, sets, hyper_parameters, work_dir / 'trainings', plugin_digest(), options.threads)
    chosen, trainings = search(space, options, work_dir)
    write_config(out, options.config.resolve(), [options.cfg_options, *changes_of(hyper_parameters, chosen.setting)], [
        f'Chosen by tools/analysis/tune.py among {options.candidates} candidates on held-out training videos:',
        f'average mAP {100 * chosen.score:.2f} there, over {len(trainings)} trainings; split by {options.split}.'])
    print(f'chosen: candidate {chosen.number}, {100 * chosen.score:.2f}; written to {out}, log in {work_dir}')
    if options.curves:
        measure_curves(space, chosen, trainings, curves, options.jobs, work_dir)


@one_line_errors(CodeChangedError)
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tool."""
    keep_console_short()
    options = parse(arguments)
    run(options)


if __name__ == '__main__':
    main()
