"""Searches hyper-parameters by successive halving and a coordinate search, scored on held-out training videos."""
from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

from rpn_plugin.analysis.held_out import HeldOutSets
from rpn_plugin.analysis.hyper_parameters import KEEP, HyperParameter, Setting, apply, changes_of, other_choices
from rpn_plugin.analysis.scorer import METRIC, Scorer, train
from rpn_plugin.command_line import keep_console_short
from rpn_plugin.provenance import digest, require_plugin

FoldAndSeed = tuple[int, int]

Task = tuple['SearchSpace', 'Candidate', Sequence[FoldAndSeed], Sequence[str]]
"""Arguments of :func:`coordinate_search`."""

MOST_CHANGED = 3  # hyper-parameters of a candidate that differ from the config
SURVIVING = 1 / 3  # share of the candidates that a stage passes on


@dataclass(frozen=True)
class Candidate:
    """A setting and how well it did.

    Args:
        number: In order of drawing; 0 is the config as it is.
        setting: Choices that differ from the config.
        score: Mean of :data:`METRIC` over the trainings, in [0, 1].
        scores: METRIC of each training, one per fold and seed.
    """

    number: int
    setting: Setting
    score: float = float('nan')
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class SearchSpace:
    """Hyper-parameters that candidates are made of, with the data and the folder that they are measured in.

    Args:
        config: Where the search starts.
        sets: Held-out data.
        hyper_parameters: To choose, by name.
        folder: Of the trainings, each in a folder of its own.
        code: :func:`plugin_digest` when the search began; trainings of other code are not reused.
        threads: Of each training.
    """

    config: Config
    sets: HeldOutSets
    hyper_parameters: Mapping[str, HyperParameter]
    folder: Path
    code: str
    threads: int = 1

    def of_kind(self, *kinds: str) -> list[HyperParameter]:
        """Return the hyper-parameters of these kinds."""
        return [hyper_parameter for hyper_parameter in self.hyper_parameters.values() if hyper_parameter.kind in kinds]

    def trained(self, setting: Setting) -> dict[str, str]:
        """Return the part of a setting that decides what is trained."""
        return {hyper_parameter.name: setting[hyper_parameter.name] for hyper_parameter in self.of_kind('training')
                if hyper_parameter.name in setting}

    def scorers(self, setting: Setting, trainings: Sequence[FoldAndSeed]) -> list[Scorer]:
        """Return a scorer for each training; trains where that has not been done yet.

        Raises:
            CodeChangedError: If the code is not what it was when the search began.
        """
        require_plugin(self.code)
        config = apply(self.config, changes_of(self.hyper_parameters, self.trained(setting)))
        folder = self.folder / digest([config.to_dict(), self.sets.name, self.code])
        torch.set_num_threads(self.threads)
        of_fold = {fold: self.sets.config(config, fold) for fold, _ in trainings}
        return [Scorer(of_fold[fold], train(of_fold[fold], folder / f'fold_{fold}_seed_{seed}', seed))
                for fold, seed in trainings]


def draw(space: SearchSpace, number: int, seed: int) -> list[Candidate]:
    """Draw different candidates: the config as it is, and others with 1 to :data:`MOST_CHANGED` changes.

    Only hyper-parameters of kind ``training`` are changed. There are fewer than ``number`` candidates where the search
    space does not have so many.
    """
    rng = np.random.default_rng(seed)
    settings: list[dict[str, str]] = [{}]
    choices = {hyper_parameter.name: other_choices(space.config, hyper_parameter)
               for hyper_parameter in space.of_kind('training')}
    names = [name for name in choices if choices[name]]
    for _ in range(100 * number if names else 0):
        if len(settings) == number:
            break
        changed = rng.permutation(len(names))[:rng.integers(1, MOST_CHANGED + 1)]
        setting = {names[index]: str(rng.choice(choices[names[index]])) for index in sorted(changed)}
        if setting not in settings:
            settings.append(setting)
    return [Candidate(place, setting) for place, setting in enumerate(settings)]


def successive_halving(space: SearchSpace, stages: Sequence[Sequence[FoldAndSeed]], candidates: Sequence[Candidate],
                       jobs: int) -> Iterator[tuple[int, Candidate]]:
    """Yield (stage, candidate) as each is measured: few trainings first, and more for the best :data:`SURVIVING`.

    Candidate 0 is the config as it is and survives every stage, so that what is won is known. For each training the
    hyper-parameters of kind ``scale`` are chosen anew, one after the other.

    Args:
        space: Search space of the candidates.
        stages: Trainings of each stage; a later one should hold those of the one before.
        candidates: As :func:`draw` gives them.
        jobs: Candidates measured side by side.
    """
    candidates = list(candidates)
    with side_by_side(jobs) as search:
        for stage, trainings in enumerate(stages):
            measured = []
            for candidate in search([(space, candidate, trainings, ('scale', )) for candidate in candidates]):
                measured.append(candidate)
                yield stage, candidate
            ranked = sorted(measured, key=lambda candidate: -candidate.score)
            kept = ranked[:max(1, round(SURVIVING * len(ranked)))]
            candidates = kept + [candidate for candidate in ranked if candidate.number == 0 and candidate not in kept]


def refine(space: SearchSpace, candidate: Candidate, trainings: Sequence[FoldAndSeed], rounds: int,
           jobs: int) -> Iterator[Candidate]:
    """Yield the candidate and all others that a coordinate search over what is trained measures.

    First the candidate gets its best choices of everything that needs no training. Then all choices of one
    hyper-parameter are measured, each with its own choices of kind ``scale``, and the best goes on to the next one. So
    every value of the end is the best of its hyper-parameter, next to the others, and none stays for being there first.
    At last come the further choices of those that ended at an end.

    Args:
        space: Search space of the candidate.
        candidate: Where to start.
        trainings: See :func:`coordinate_search`.
        rounds: Over the hyper-parameters, at most; the search ends early when a round wins nothing.
        jobs: Choices measured side by side.
    """
    with side_by_side(jobs) as search:
        best, = search([(space, candidate, trainings, ('scale', 'testing'))])
        yield best
        for _ in range(rounds):
            before = best
            for hyper_parameter in space.of_kind('training'):
                others = [replace(best, setting=setting)
                          for setting in _neighbours(space, best.setting, hyper_parameter)]
                for other in search([(space, other, trainings, ('scale', )) for other in others]):
                    yield other
                    best = max(best, other, key=lambda tried: tried.score)
            if best == before:
                break
        for hyper_parameter in space.of_kind('training'):
            others = [replace(best, setting={**best.setting, hyper_parameter.name: choice})
                      for choice in hyper_parameter.beyond(_choice(space, best.setting, hyper_parameter))]
            for other in search([(space, other, trainings, ('scale', )) for other in others]):
                yield other
                best = max(best, other, key=lambda tried: tried.score)


def choose_testing(space: SearchSpace, candidates: Sequence[Candidate], trainings: Sequence[FoldAndSeed],
                   jobs: int) -> Iterator[Candidate]:
    """Yield each candidate with its best choices of everything that needs no training."""
    with side_by_side(jobs) as search:
        yield from search([(space, candidate, trainings, ('scale', 'testing')) for candidate in candidates])


def coordinate_search(space: SearchSpace, candidate: Candidate, trainings: Sequence[FoldAndSeed],
                      kinds: Sequence[str]) -> Candidate:
    """Return the best candidate that changes of one hyper-parameter at a time lead to.

    All choices of a hyper-parameter are scored and the best is kept, until a round over those of these kinds wins
    nothing. None of them may need a training.

    Args:
        space: Search space of the candidate.
        candidate: Where to start.
        trainings: Fold and seed of each training that it is scored on.
        kinds: Of the hyper-parameters to choose.
    """
    scorers = space.scorers(candidate.setting, trainings)
    best, before = scored(space, scorers, candidate), None
    while best != before:
        before = best
        for hyper_parameter in space.of_kind(*kinds):
            others = [scored(space, scorers, replace(best, setting={**best.setting, hyper_parameter.name: choice}))
                      for choice in (KEEP, *hyper_parameter.choices)]
            best = max([best, *others], key=lambda tried: tried.score)  # the first of equal ones
    return best


def scored(space: SearchSpace, scorers: Sequence[Scorer], candidate: Candidate) -> Candidate:
    """Return the candidate with the scores of its setting."""
    changes = changes_of({hyper_parameter.name: hyper_parameter
                          for hyper_parameter in space.of_kind('scale', 'testing')},
                         {name: choice for name, choice in candidate.setting.items()
                          if space.hyper_parameters[name].kind != 'training'})
    scores = tuple(scorer.score(changes)[METRIC] for scorer in scorers)
    return replace(candidate, score=float(np.mean(scores)), scores=scores)


def curve(space: SearchSpace, candidate: Candidate, hyper_parameter: HyperParameter, trainings: Sequence[FoldAndSeed],
          jobs: int) -> dict[str, Candidate]:
    """Return the candidate with every choice of one hyper-parameter, by choice; everything else stays as it is."""
    name = hyper_parameter.name
    space = replace(space, hyper_parameters={**space.hyper_parameters, name: hyper_parameter})
    others = [replace(candidate, setting={**candidate.setting, name: choice})
              for choice in hyper_parameter.every_choice]
    if hyper_parameter.kind == 'training':
        with side_by_side(jobs) as search:
            points = list(search([(space, other, trainings, ()) for other in others]))
    else:
        scorers = space.scorers(candidate.setting, trainings)
        points = [scored(space, scorers, other) for other in others]
    of_choice = {point.setting[name]: point for point in points}
    return {choice: of_choice[choice] for choice in hyper_parameter.every_choice}


def _neighbours(space: SearchSpace, setting: Setting, hyper_parameter: HyperParameter) -> list[Setting]:
    """Return the setting with every other choice of a trained hyper-parameter, the config's own among them."""
    own = setting.get(hyper_parameter.name)
    rest = {name: choice for name, choice in setting.items() if name != hyper_parameter.name}
    others: list[Setting] = [{**rest, hyper_parameter.name: choice}
                             for choice in other_choices(space.config, hyper_parameter) if choice != own]
    return others if own is None else [rest, *others]


def _choice(space: SearchSpace, setting: Setting, hyper_parameter: HyperParameter) -> str | None:
    """Return the choice that a setting comes to, the config's own where it says nothing; None if that is no choice."""
    own = set(hyper_parameter.choices) - set(other_choices(space.config, hyper_parameter))
    return setting.get(hyper_parameter.name) or next(iter(own), None)


def _search(task: Task) -> Candidate:
    return coordinate_search(*task)


def _begin_worker() -> None:
    """Keep the console short, and end with the process that asked for the work, however that ends."""
    keep_console_short()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def side_by_side(jobs: int, work: Callable[[Any], Any] = _search) -> Iterator[Callable[[Sequence[Any]], Iterator[Any]]]:
    """Give a function that does work on many tasks, ``jobs`` at once, in their order; by default a search of each."""
    if jobs == 1:
        yield lambda tasks: map(work, tasks)
        return
    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_begin_worker) as pool:
        yield lambda tasks: pool.map(work, tasks)
