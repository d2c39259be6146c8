"""Successive halving over settings, scored on held-out training videos."""
from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from rpn_plugin.analysis.held_out import HeldOutSets
from rpn_plugin.analysis.knobs import KEEP, Knob, Setting, apply, changes_of
from rpn_plugin.analysis.trial import METRIC, Scorer, digest, train

FoldAndSeed = tuple[int, int]

RESAMPLED = 0.4  # probability that a candidate leaves the config's own choice of a knob
SURVIVING = 1 / 3  # share of the candidates that a rung passes on


@dataclass(frozen=True)
class Candidate:
    """A setting and how well it did.

    Args:
        number: In order of drawing; 0 is the config as it is.
        training: Choices that need a training each.
        free: Best choices found of the knobs that need none.
        score: Mean of :data:`METRIC` over the runs, in [0, 1].
        scores: METRIC of each (fold, seed) run.
        tried: Number of free settings tried for it in its last rung.
    """

    number: int
    training: Setting
    free: Setting
    score: float = float('nan')
    scores: tuple[float, ...] = ()
    tried: int = 0


@dataclass(frozen=True)
class SearchSpace:
    """What candidates are made of, and where they are measured.

    Args:
        config: Where the search starts.
        sets: Held-out data.
        knobs: To choose from, by name.
        folder: Of the trainings, each in a folder of its own.
        code: Stands for the code; trainings of other code are not reused.
        threads: Of each training.
    """

    config: Config
    sets: HeldOutSets
    knobs: Mapping[str, Knob]
    folder: Path
    code: str
    threads: int = 1

    def scorer(self, training: Setting, run: FoldAndSeed) -> Scorer:
        """Trains where that has not been done yet."""
        fold, seed = run
        changes = changes_of(self.knobs, training)
        config = self.sets.config(apply(self.config, changes), fold)
        torch.set_num_threads(self.threads)
        name = digest([self.config.to_dict(), changes, self.sets.notes, self.code])
        return Scorer(config, train(config, self.folder / name / f'fold_{fold}_seed_{seed}', seed))


def halving(space: SearchSpace, rungs: Sequence[Sequence[FoldAndSeed]], trials: int, tries: int, seed: int,
            jobs: int) -> Iterator[tuple[int, Candidate]]:
    """Yield (rung, candidate) as each is measured; in the last rung the best is the result.

    Candidate 0 is the config as it is and survives every rung, so that what is won is known. The others keep the
    config's choice of each knob with probability 1 - :data:`RESAMPLED`. Within a rung, free knobs walk uphill:
    ``tries`` times one or two of them change at random, and a better mean is kept.

    Args:
        space: See there.
        rungs: Runs of each rung; a later one should hold those of the one before.
        trials: Candidates in the first rung, candidate 0 among them.
        tries: Free settings per candidate and rung.
        seed: Of all draws.
        jobs: Candidates measured side by side.
    """
    rng = np.random.default_rng(seed)
    candidates = [Candidate(0, {}, {})]
    while len(candidates) < trials:
        drawn = {name: str(rng.choice(list(knob.choices))) for name, knob in space.knobs.items()
                 if rng.random() < RESAMPLED}
        training = {name: choice for name, choice in drawn.items() if not space.knobs[name].free}
        candidates.append(Candidate(len(candidates), training, {name: choice for name, choice in drawn.items()
                                                                if name not in training}))
    for rung, runs in enumerate(rungs):
        tasks = [(space, candidate, runs, tries, digest([seed, rung, candidate.number])) for candidate in candidates]
        measured = []
        for candidate in _side_by_side(tasks, jobs):
            measured.append(candidate)
            yield rung, candidate
        ranked = sorted(measured, key=lambda candidate: -candidate.score)
        kept = ranked[:max(1, round(SURVIVING * len(ranked)))]
        candidates = kept + [candidate for candidate in ranked if candidate.number == 0 and candidate not in kept]


def measure(space: SearchSpace, candidate: Candidate, runs: Sequence[FoldAndSeed], tries: int, seed: str) -> Candidate:
    """Train a candidate's runs and walk uphill over its free knobs."""
    rng = np.random.default_rng(int(seed, 16))
    scorers = [space.scorer(candidate.training, run) for run in runs]
    best = scored(space, scorers, candidate)
    free = [knob for knob in space.knobs.values() if knob.free]
    for _ in range(tries if free else 0):
        changed = rng.choice(len(free), size=min(len(free), int(rng.integers(1, 3))), replace=False)
        moved = {free[index].name: str(rng.choice([KEEP, *free[index].choices])) for index in changed}
        other = scored(space, scorers, replace(best, free={**best.free, **moved}))
        best = max(best, other, key=lambda tried: tried.score)
    return replace(best, tried=tries)


def polish(space: SearchSpace, candidate: Candidate, runs: Sequence[FoldAndSeed]) -> Iterator[Candidate]:
    """One free knob at a time, all its choices, until a round over them finds nothing better; yields what it keeps."""
    scorers = [space.scorer(candidate.training, run) for run in runs]
    best, before = scored(space, scorers, candidate), None
    while best != before:
        before = best
        for knob in (knob for knob in space.knobs.values() if knob.free):
            others = [scored(space, scorers, replace(best, free={**best.free, knob.name: choice}))
                      for choice in (KEEP, *knob.choices)]
            best = max([best, *others], key=lambda tried: tried.score)
        if best != before:
            yield best


def scored(space: SearchSpace, scorers: Sequence[Scorer], candidate: Candidate) -> Candidate:
    """The candidate with the scores of its free choices."""
    changes = changes_of(space.knobs, candidate.free)
    scores = tuple(scorer.score(changes)[METRIC] for scorer in scorers)
    return replace(candidate, score=float(np.mean(scores)), scores=scores)


def as_line(rung: int | str, candidate: Candidate) -> str:
    """A line of the log, JSON."""
    return json.dumps(dict(rung=rung, **asdict(candidate)))


def _side_by_side(tasks: Sequence[tuple], jobs: int) -> Iterator[Candidate]:
    if jobs == 1:
        yield from (measure(*task) for task in tasks)
        return
    with multiprocessing.get_context('spawn').Pool(jobs) as pool:
        yield from pool.imap_unordered(_measure, tasks)


def _measure(task: tuple) -> Candidate:
    return measure(*task)
