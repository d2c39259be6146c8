"""Chooses the numbers of several methods on several data sets, with one budget of trainings for each."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rpn_plugin.analysis.config_writer import write_config
from rpn_plugin.analysis.data_root import data_root
from rpn_plugin.analysis.held_out import write_held_out_sets
from rpn_plugin.analysis.hyper_parameters import Setting, changes_of
from rpn_plugin.analysis.search import SearchSpace, coordinate_search, draw, side_by_side
from rpn_plugin.analysis.search_choices import hyper_parameters_of
from rpn_plugin.config_files import read_config
from rpn_plugin.provenance import plugin_digest

FOLDS = 3
TRAINING = (0, 0)
"""Fold and seed of each candidate's training: the first third of the training videos is held out."""


@dataclass(frozen=True)
class Start:
    """A config to choose the numbers of, and the data that they are chosen for.

    Args:
        config_file: Experiment on the data folder that ``RPN_CUSTOM_ROOT`` names.
        root: The data folder.
        folder: Of everything that is written; what is there already is reused.
    """

    config_file: Path
    root: Path
    folder: Path


@dataclass(frozen=True)
class Chosen:
    """What was chosen.

    Args:
        config_file: Config with the choices.
        setting: Those that differ from the config that the search started from.
        score: Average mAP on the held-out training videos, in [0, 1]; the best of all that was tried, so too good.
    """

    config_file: Path
    setting: Setting
    score: float


def choose_each(starts: Iterable[Start], candidates: int, jobs: int, threads: int) -> Iterator[Chosen]:
    """Choose for each start among as many trainings, and write its config.

    One candidate is the config as it is; the others change one to three numbers of the training. The best on held-out
    training videos then gets its best choices of what needs no training, one number at a time. Training sees labels
    only, and no test video is read.

    Args:
        starts: What to choose for.
        candidates: Trainings of each start.
        jobs: Starts side by side.
        threads: Of each training.

    Raises:
        ValueError: If a config has nothing to choose, see :func:`hyper_parameters_of`.
    """
    code = plugin_digest()
    with side_by_side(jobs, _choose) as choose:
        yield from choose([(start, candidates, threads, code) for start in starts])


def _choose(task: tuple[Start, int, int, str]) -> Chosen:
    start, candidates, threads, code = task
    with data_root(start.root):
        config = read_config(start.config_file)
        hyper_parameters = hyper_parameters_of(config)
        sets = write_held_out_sets(config, start.folder, 'videos', FOLDS, seed=0)
        space = SearchSpace(config, sets, hyper_parameters, start.folder / 'trainings', code, threads)
        trained = [coordinate_search(space, candidate, [TRAINING], ()) for candidate in draw(space, candidates, seed=0)]
        best = coordinate_search(space, max(trained, key=lambda candidate: candidate.score), [TRAINING],
                                 ('scale', 'testing'))
        changed = {name: choice for name, choice in best.setting.items()
                   if changes_of(hyper_parameters, {name: choice})}
        path = start.folder / f'{start.config_file.stem}_chosen.py'
        write_config(path, start.config_file, changes_of(hyper_parameters, changed), [
            f'Chosen on held-out training videos among {candidates} trainings:',
            f'average mAP {100 * best.score:.2f} there.'])
    return Chosen(path, changed, best.score)
