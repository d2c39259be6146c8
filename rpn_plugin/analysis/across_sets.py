"""Measures one config on several data sets: what each number is worth, and what holds on a set it was not chosen on."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from scipy import stats

from rpn_plugin.analysis.data_root import data_root
from rpn_plugin.analysis.held_out import write_held_out_sets
from rpn_plugin.analysis.hyper_parameters import Changes, HyperParameter, apply, other_choices
from rpn_plugin.analysis.scorer import METRIC, Scorer, train
from rpn_plugin.analysis.search import Candidate, FoldAndSeed, SearchSpace, side_by_side
from rpn_plugin.analysis.search_choices import hyper_parameters_of
from rpn_plugin.config_files import read_config
from rpn_plugin.datasets.checking import check_subset
from rpn_plugin.datasets.checking.headers import extra_videos
from rpn_plugin.datasets.checking.statistics import count
from rpn_plugin.datasets.data_folder import ANNOTATIONS, FEATURES, read_data_folder
from rpn_plugin.datasets.sources import subsets_of_annotations
from rpn_plugin.provenance import digest, plugin_digest, require_plugin
from rpn_plugin.shown_names import markdown_row
from rpn_plugin.structures import SeedValues

OWN = 'own'
"""The choice that the config states."""

LEAST_GAIN = 0.002
"""Of METRIC: less is worth no change."""

Curve = Mapping[str, Mapping[str, tuple[float, ...]]]
"""Data set to choice to METRIC of each training; :data:`OWN` is the config as it is."""


def describe_sets(roots: Mapping[str, Path]) -> str:
    """Return Markdown: a row for each data folder, with what the checker reads of annotations and headers.

    It reads segments, and chooses nothing.

    Raises:
        ValueError: If a folder is not of the plugin's own form.
    """
    lines = ['| set | videos | classes | instances | training videos by labels | share of action | snippets (T) | '
             'seconds a snippet | width |', f'|{" --- |" * 9}']
    for name, root in roots.items():
        widths = read_data_folder(root).widths
        sources = subsets_of_annotations(str(root / ANNOTATIONS), 'plugin', {stream: str(root / FEATURES / stream)
                                                                             for stream in widths}, None)
        extra = extra_videos(sources.subsets)
        found = [count(check_subset(subset, segments=True), extra) for subset in sources.subsets]
        if not found:
            raise ValueError(f'{root}: no subset that can be read: {[str(finding) for finding in sources.findings]}.')
        labels = Counter(number for subset in found if subset.training for number in subset.labels_per_video.tolist())
        lengths = np.concatenate([subset.lengths for subset in found])
        seconds = np.median(np.concatenate([subset.seconds_per_snippet for subset in found]))
        cells = [name, ' / '.join(str(subset.num_videos) for subset in found), str(len(found[0].classes)),
                 ' / '.join(str(subset.num_instances) for subset in found),
                 ', '.join(f'{number}: {videos}' for number, videos in sorted(labels.items())),
                 ' / '.join(f'{subset.action_share:.2f}' for subset in found), f'{lengths.min()} to {lengths.max()}',
                 f'{seconds:.3f}', ' + '.join(map(str, widths.values()))]
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def config_on(config_file: Path, root: Path, changes: Sequence[Changes] = ()) -> Config:
    """Return the config as it reads itself on a data folder, with changes."""
    with data_root(root):
        return apply(read_config(config_file), changes)


def measure_curves(config_file: Path, roots: Mapping[str, Path], names: Sequence[str] | None, folder: Path, split: str,
                   folds: int, trainings: Sequence[FoldAndSeed], jobs: int) -> dict[str, dict[str, dict[str, tuple]]]:
    """Measure every choice of every hyper-parameter, one at a time, on held-out training videos of every set.

    Args:
        config_file: Experiment, on the data folder that ``RPN_CUSTOM_ROOT`` names.
        roots: Data set to its folder.
        names: Hyper-parameters; None takes all.
        folder: Of everything that is written; what is there already is reused.
        split: See ``rpn_plugin.analysis.held_out.SPLITS``.
        folds: Parts that the training videos are dealt to.
        trainings: Folds and seeds to train.
        jobs: Trainings side by side.

    Returns:
        Hyper-parameter to its :data:`Curve`.

    Raises:
        ValueError: If there is no hyper-parameter of a name.
    """
    spaces = {name: _space(config_file, root, folder / name, split, folds) for name, root in roots.items()}
    spaces = {name: replace(space, hyper_parameters=hyper_parameters_of(space.config))
              for name, space in spaces.items()}
    known = next(iter(spaces.values())).hyper_parameters
    unknown = set(names or ()) - set(known)
    if unknown:
        raise ValueError(f'Unknown hyper-parameters {sorted(unknown)}; known are {list(known)}.')
    chosen = [hyper_parameter for name, hyper_parameter in known.items() if names is None or name in names]
    with side_by_side(jobs) as search:
        own = list(search([(space, Candidate(0, {}), trainings, ()) for space in spaces.values()]))
        points = [(hyper_parameter.name, choice, name) for hyper_parameter in chosen for name in roots
                  for choice in other_choices(spaces[name].config, spaces[name].hyper_parameters[hyper_parameter.name])]
        measured = search([(spaces[name], Candidate(0, {hyper_parameter: choice}), trainings, ())
                           for hyper_parameter, choice, name in points])
        curves: dict[str, dict[str, dict[str, tuple]]] = {
            hyper_parameter.name: {name: {OWN: candidate.scores} for name, candidate in zip(roots, own)}
            for hyper_parameter in chosen}
        for (hyper_parameter, choice, name), candidate in zip(points, measured):
            curves[hyper_parameter][name][choice] = candidate.scores
    return curves


def measure_configs(config_files: Sequence[Path], roots: Mapping[str, Path], folder: Path, split: str, folds: int,
                    trainings: Sequence[FoldAndSeed], jobs: int,
                    say: Callable[[str], None]) -> dict[str, dict[str, tuple[float, ...]]]:
    """Measure configs as they are on held-out training videos of every set, set after set.

    Args:
        config_files: Experiments, on the data folder that ``RPN_CUSTOM_ROOT`` names.
        roots: Data set to its folder.
        folder: Of everything that is written; what is there already is reused.
        split: See ``rpn_plugin.analysis.held_out.SPLITS``.
        folds: Parts that the training videos are dealt to.
        trainings: Folds and seeds to train.
        jobs: Trainings side by side.
        say: Takes a line as each config is measured on a set.

    Returns:
        Name of the config to data set to METRIC of each training.
    """
    results: dict[str, dict[str, tuple[float, ...]]] = {config_file.stem: {} for config_file in config_files}
    keys = [(name, config_file) for name in roots for config_file in config_files]
    spaces = [_space(config_file, roots[name], folder / name, split, folds) for name, config_file in keys]
    with side_by_side(jobs) as search:
        for (name, config_file), measured in zip(keys, search([(space, Candidate(0, {}), trainings, ())
                                                               for space in spaces])):
            results[config_file.stem][name] = measured.scores
            say(f'{config_file.stem} on {name}: {SeedValues(tuple(100 * score for score in measured.scores))}')
    return results


def _space(config_file: Path, root: Path, folder: Path, split: str, folds: int) -> SearchSpace:
    config = config_on(config_file, root)
    sets = write_held_out_sets(config, folder, split, folds, seed=0)
    return SearchSpace(config, sets, {}, folder / 'trainings', plugin_digest())


def choose(curve: Curve, sets: Sequence[str]) -> str:
    """Return the choice with the best mean over some data sets, if it is clearly above the own one.

    Clearly is more than :data:`LEAST_GAIN` and than the standard error of the differences between the sets, so that no
    single set decides; else the config keeps what it has.
    """
    best, best_gain = OWN, LEAST_GAIN
    for choice in next(iter(curve.values())):
        gains = np.array([np.mean(curve[name][choice]) - np.mean(curve[name][OWN]) for name in sets])
        error = gains.std(ddof=1) / len(gains)**0.5 if len(gains) > 1 else 0.0
        if gains.mean() > max(best_gain, error):
            best, best_gain = choice, float(gains.mean())
    return best


Choices = dict[str, str]
"""Hyper-parameter to choice; what keeps the config's own one is not there."""


def choose_all(curves: Mapping[str, Curve]) -> dict[str, dict[str, Choices]]:
    """Return what :func:`choose` gives: ``on`` the set, ``without`` it on all others, for each, and ``all`` on all.

    >>> curve = dict(one=dict(own=(0.5, ), other=(0.75, )), two=dict(own=(0.75, ), other=(0.5, )))
    >>> choose_all(dict(alpha=curve))['on']
    {'one': {'alpha': 'other'}, 'two': {}}
    """
    sets = list(next(iter(curves.values())))

    def chosen(names: Sequence[str]) -> Choices:
        found = {hyper_parameter: choose(curve, names) for hyper_parameter, curve in curves.items()}
        return {name: choice for name, choice in found.items() if choice != OWN}

    return dict(all={'': chosen(sets)}, on={name: chosen([name]) for name in sets},
                without={name: chosen([other for other in sets if other != name]) for name in sets})


def format_curves(curves: Mapping[str, Curve], hyper_parameters: Mapping[str, HyperParameter]) -> str:
    """Return Markdown: for every hyper-parameter the average mAP in % of every choice on every set, and their mean."""
    sets = list(next(iter(curves.values())))
    lines = [markdown_row('', 'choice', *sets, 'mean'), f'| --- | --- |{" --- |" * (len(sets) + 1)}']
    for name, curve in curves.items():
        choices = [choice for choice in hyper_parameters[name].choices if choice in curve[sets[0]]]
        for choice in (OWN, *choices):
            values = [100 * float(np.mean(curve[each][choice])) for each in sets]
            lines.append(markdown_row(name, choice, *(f'{value:.1f}' for value in (*values, np.mean(values)))))
    return '\n'.join(lines) + '\n'


def format_sensitivity(curves: Mapping[str, Curve], own: Mapping[str, str]) -> str:
    """Return Markdown: for every hyper-parameter the mean over the sets of the average mAP in %, of each choice.

    Args:
        curves: Hyper-parameter to its curve.
        own: Hyper-parameter to what the config had; it stands first.

    >>> curve = dict(one=dict(own=(0.5, ), other=(0.75, )), two=dict(own=(0.75, ), other=(0.5, )))
    >>> print(format_sensitivity(dict(alpha=curve), dict(alpha='0.02')).splitlines()[-1])
    | alpha | **0.02: 62.5**, other: 62.5 |
    """
    lines = ['| number | mean over the sets of each choice |', '| --- | --- |']
    for name, curve in curves.items():
        choices = next(iter(curve.values()))
        means = {choice: 100 * float(np.mean([np.mean(of_set[choice]) for of_set in curve.values()]))
                 for choice in choices}
        others = [f'{choice}: {mean:.1f}' for choice, mean in means.items() if choice != OWN]
        lines.append(f'| {name} | ' + ', '.join([f'**{own[name]}: {means[OWN]:.1f}**', *others]) + ' |')
    return '\n'.join(lines) + '\n'


@dataclass(frozen=True)
class Variant:
    """A way to train a config, and the ways to test what was trained.

    Args:
        training: Changes of the config by data set; a set that is not named has it as it is.
        tests: Name to the changes of a test.
    """

    training: Mapping[str, Sequence[Changes]]
    tests: Mapping[str, Sequence[Changes]]


Task = tuple[Path, Path, Path, Sequence[Changes], Mapping[str, Sequence[Changes]], int, str]


def measure_variants(config_file: Path, roots: Mapping[str, Path], variants: Sequence[Variant], seeds: Sequence[int],
                     folder: Path, jobs: int) -> dict[str, dict[str, tuple[float, ...]]]:
    """Train variants on the whole training subset of every set, and score them on its test videos.

    Returns:
        Name of a test to data set to METRIC of each seed. The last checkpoint counts.
    """
    code = plugin_digest()
    keys = [(index, name, seed) for index in range(len(variants)) for name in roots for seed in seeds]
    tasks: list[Task] = [(config_file, roots[name], folder / name, variants[index].training.get(name, ()),
                          variants[index].tests, seed, code) for index, name, seed in keys]
    results: dict[str, dict[str, tuple[float, ...]]] = {}
    with side_by_side(jobs, _measure) as measure:
        for (_, name, _), scores in zip(keys, measure(tasks)):
            for test, score in scores.items():
                of_test = results.setdefault(test, {})
                of_test[name] = (*of_test.get(name, ()), score)
    return results


def _measure(task: Task) -> dict[str, float]:
    config_file, root, folder, changes, tests, seed, code = task
    require_plugin(code)
    torch.set_num_threads(1)
    config = config_on(config_file, root, changes)
    where = folder / digest([config.to_dict(), code]) / f'seed_{seed}'
    scorer = Scorer(config, train(config, where, seed))
    return {name: scorer.score(changes)[METRIC] for name, changes in tests.items()}


def format_variants(results: Mapping[str, Mapping[str, tuple[float, ...]]], against: str,
                    columns: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return Markdown: average mAP in % of every variant on every set, and a paired test of each against one of them.

    The pairs are sets and seeds; a difference counts at 5 % of a two-sided paired t-test.

    Args:
        results: Variant to data set to average mAP in [0, 1] of each seed.
        against: Variant that the others are compared with.
        columns: Heading of a further column to what it says of each variant.
    """
    sets, further = list(next(iter(results.values()))), columns or {}
    lines = [markdown_row('', *sets, 'mean', f'minus {against}', 'p', *further),
             f'| --- |{" --- |" * (len(sets) + 3 + len(further))}']
    for name, of_test in results.items():
        cells = [str(SeedValues(tuple(100 * score for score in of_test[each]))) for each in sets]
        mean = 100 * np.mean([np.mean(of_test[each]) for each in sets])
        differences = np.concatenate([np.subtract(of_test[each], results[against][each]) for each in sets])
        paired = name != against and len(differences) > 1
        p = f'{stats.ttest_1samp(differences, 0).pvalue:.2g}' if paired else ''
        lines.append(markdown_row(name, *cells, f'{mean:.1f}', f'{100 * differences.mean():+.1f}', p,
                                  *(texts[name] for texts in further.values())))
    return '\n'.join(lines) + '\n'
