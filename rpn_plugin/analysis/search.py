"""Successive halving over settings and a climb from the best, scored on held-out training videos."""
from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from rpn_plugin.analysis.experiments import require_plugin
from rpn_plugin.analysis.held_out import HeldOutSets
from rpn_plugin.analysis.knobs import KEEP, Knob, Setting, apply, changes_of, other_choices
from rpn_plugin.analysis.trial import METRIC, Scorer, digest, train

FoldAndSeed = tuple[int, int]

Task = tuple['SearchSpace', 'Candidate', Sequence[FoldAndSeed], Sequence[str]]
"""Arguments of :func:`climb`."""

MOST_CHANGED = 3  # knobs of a candidate that differ from the config
SURVIVING = 1 / 3  # share of the candidates that a rung passes on


@dataclass(frozen=True)
class Candidate:
    """A setting and how well it did.

    Args:
        number: In order of drawing; 0 is the config as it is.
        setting: Choices that differ from the config.
        score: Mean of :data:`METRIC` over the runs, in [0, 1].
        scores: METRIC of each (fold, seed) run.
    """

    number: int
    setting: Setting
    score: float = float('nan')
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class SearchSpace:
    """What candidates are made of, and where they are measured.

    Args:
        config: Where the search starts.
        sets: Held-out data.
        knobs: To choose from, by name.
        folder: Of the trainings, each in a folder of its own.
        code: :func:`plugin_digest` when the search began; trainings of other code are not reused.
        threads: Of each training.
    """

    config: Config
    sets: HeldOutSets
    knobs: Mapping[str, Knob]
    folder: Path
    code: str
    threads: int = 1

    def of_kind(self, *kinds: str) -> list[Knob]:
        """The knobs of these kinds."""
        return [knob for knob in self.knobs.values() if knob.kind in kinds]

    def trained(self, setting: Setting) -> dict[str, str]:
        """The part of a setting that decides what is trained."""
        return {knob.name: setting[knob.name] for knob in self.of_kind('training') if knob.name in setting}

    def scorers(self, setting: Setting, runs: Sequence[FoldAndSeed]) -> list[Scorer]:
        """One for each run; trains where that has not been done yet.

        Raises:
            CodeChangedError: If the code is not what it was when the search began.
        """
        require_plugin(self.code)
        config = apply(self.config, changes_of(self.knobs, self.trained(setting)))
        folder = self.folder / digest([config.to_dict(), self.sets.name, self.code])
        torch.set_num_threads(self.threads)
        of_fold = {fold: self.sets.config(config, fold) for fold, _ in runs}
        return [Scorer(of_fold[fold], train(of_fold[fold], folder / f'fold_{fold}_seed_{seed}', seed))
                for fold, seed in runs]


def draw(space: SearchSpace, trials: int, seed: int) -> list[Candidate]:
    """Different candidates: the config as it is, and others with 1 to :data:`MOST_CHANGED` changed training knobs.

    Fewer than ``trials`` where there are not so many.
    """
    rng, settings = np.random.default_rng(seed), [{}]
    choices = {knob.name: other_choices(space.config, knob) for knob in space.of_kind('training')}
    names = [name for name in choices if choices[name]]
    for _ in range(100 * trials if names else 0):
        if len(settings) == trials:
            break
        changed = rng.permutation(len(names))[:rng.integers(1, MOST_CHANGED + 1)]
        setting = {names[index]: str(rng.choice(choices[names[index]])) for index in sorted(changed)}
        if setting not in settings:
            settings.append(setting)
    return [Candidate(number, setting) for number, setting in enumerate(settings)]


def halving(space: SearchSpace, rungs: Sequence[Sequence[FoldAndSeed]], candidates: Sequence[Candidate],
            jobs: int) -> Iterator[tuple[int, Candidate]]:
    """Yield (rung, candidate) as each is measured: on few runs first, and the best :data:`SURVIVING` on more.

    Candidate 0 is the config as it is and survives every rung, so that what is won is known. For each training the
    knobs of kind ``scale`` are chosen anew, one after the other.

    Args:
        space: See there.
        rungs: Runs of each rung; a later one should hold those of the one before.
        candidates: As :func:`draw` gives them.
        jobs: Candidates measured side by side.
    """
    candidates = list(candidates)
    with side_by_side(jobs) as climbed:
        for rung, runs in enumerate(rungs):
            measured = []
            for candidate in climbed([(space, candidate, runs, ('scale', )) for candidate in candidates]):
                measured.append(candidate)
                yield rung, candidate
            ranked = sorted(measured, key=lambda candidate: -candidate.score)
            kept = ranked[:max(1, round(SURVIVING * len(ranked)))]
            candidates = kept + [candidate for candidate in ranked if candidate.number == 0 and candidate not in kept]


def refine(space: SearchSpace, candidate: Candidate, runs: Sequence[FoldAndSeed], rounds: int,
           jobs: int) -> Iterator[Candidate]:
    """Yield the candidate and all others that a climb over one training knob at a time measures.

    First the candidate gets its best choices of everything that needs no training. Then all choices of a knob are
    measured, each with its own choices of kind ``scale``, and the best goes on to the next knob. So every value of the
    end is the best of its knob, next to the others, and none stays for being there first. At last come the further
    choices of knobs that ended at an end.

    Args:
        space: See there.
        candidate: Where to start.
        runs: See :func:`climb`.
        rounds: Over the knobs, at most; the climb ends early when a round wins nothing.
        jobs: Choices measured side by side.
    """
    with side_by_side(jobs) as climbed:
        best, = climbed([(space, candidate, runs, ('scale', 'testing'))])
        yield best
        for _ in range(rounds):
            before = best
            for knob in space.of_kind('training'):
                others = [replace(best, setting=setting) for setting in _neighbours(space, best.setting, knob)]
                for other in climbed([(space, other, runs, ('scale', )) for other in others]):
                    yield other
                    best = max(best, other, key=lambda tried: tried.score)
            if best == before:
                break
        for knob in space.of_kind('training'):
            others = [replace(best, setting={**best.setting, knob.name: choice})
                      for choice in knob.beyond(_choice(space, best.setting, knob))]
            for other in climbed([(space, other, runs, ('scale', )) for other in others]):
                yield other
                best = max(best, other, key=lambda tried: tried.score)


def polish(space: SearchSpace, candidates: Sequence[Candidate], runs: Sequence[FoldAndSeed],
           jobs: int) -> Iterator[Candidate]:
    """Yield each candidate with its best choices of everything that needs no training."""
    with side_by_side(jobs) as climbed:
        yield from climbed([(space, candidate, runs, ('scale', 'testing')) for candidate in candidates])


def climb(space: SearchSpace, candidate: Candidate, runs: Sequence[FoldAndSeed], kinds: Sequence[str]) -> Candidate:
    """All choices of one knob at a time, the best kept, until a round over the knobs of these kinds wins nothing."""
    scorers = space.scorers(candidate.setting, runs)
    best, before = scored(space, scorers, candidate), None
    while best != before:
        before = best
        for knob in space.of_kind(*kinds):
            others = [scored(space, scorers, replace(best, setting={**best.setting, knob.name: choice}))
                      for choice in (KEEP, *knob.choices)]
            best = max([best, *others], key=lambda tried: tried.score)  # the first of equal ones
    return best


def scored(space: SearchSpace, scorers: Sequence[Scorer], candidate: Candidate) -> Candidate:
    """The candidate with the scores of its setting."""
    changes = changes_of({knob.name: knob for knob in space.of_kind('scale', 'testing')},
                         {name: choice for name, choice in candidate.setting.items()
                          if space.knobs[name].kind != 'training'})
    scores = tuple(scorer.score(changes)[METRIC] for scorer in scorers)
    return replace(candidate, score=float(np.mean(scores)), scores=scores)


def curve(space: SearchSpace, candidate: Candidate, knob: Knob, runs: Sequence[FoldAndSeed],
          jobs: int) -> dict[str, Candidate]:
    """The candidate with every choice of one knob, by choice; everything else stays as it is."""
    space = replace(space, knobs={**space.knobs, knob.name: knob})
    others = [replace(candidate, setting={**candidate.setting, knob.name: choice}) for choice in knob.every_choice]
    if knob.kind == 'training':
        with side_by_side(jobs) as climbed:
            points = list(climbed([(space, other, runs, ()) for other in others]))
    else:
        scorers = space.scorers(candidate.setting, runs)
        points = [scored(space, scorers, other) for other in others]
    of_choice = {point.setting[knob.name]: point for point in points}
    return {choice: of_choice[choice] for choice in knob.every_choice}


def _neighbours(space: SearchSpace, setting: Setting, knob: Knob) -> list[Setting]:
    """The setting with every other choice of a training knob, the config's own among them."""
    own = setting.get(knob.name)
    rest = {name: choice for name, choice in setting.items() if name != knob.name}
    others = [{**rest, knob.name: choice} for choice in other_choices(space.config, knob) if choice != own]
    return others if own is None else [rest, *others]


def _choice(space: SearchSpace, setting: Setting, knob: Knob) -> str | None:
    """The choice that a setting comes to, the config's own where it says nothing; None if that is no choice."""
    own = set(knob.choices) - set(other_choices(space.config, knob))
    return setting.get(knob.name) or next(iter(own), None)


@contextmanager
def side_by_side(jobs: int) -> Iterator[Callable[[Sequence[Task]], Iterator[Candidate]]]:
    """Give a function that climbs from many candidates, ``jobs`` at once, and yields them in their order."""
    if jobs == 1:
        yield lambda tasks: map(_climb, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context('spawn')) as pool:
        yield lambda tasks: pool.map(_climb, tasks)


def _climb(task: Task) -> Candidate:
    return climb(*task)
