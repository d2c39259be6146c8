"""Trains and tests configs with the project's own tools, over several seeds, and remembers what is done."""
from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from rpn_plugin.analysis.ablations import ABLATIONS
from rpn_plugin.analysis.data_root import ROOT_VARIABLE, data_root
from rpn_plugin.config_keys import checked_options
from rpn_plugin.engine.hooks.training_cost_hook import COST_FILE
from rpn_plugin.evaluation import get_protocol
from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.functional.error_analysis import KINDS, analyse_errors
from rpn_plugin.evaluation.report import as_plain
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.files import read_json, written_whole
from rpn_plugin.provenance import (
    TRAINING_STEPS,
    CodeChangedError,
    data_stamp,
    digest,
    plugin_digest,
    require_plugin,
    versions,
)
from rpn_plugin.structures import VideoSegments

TEST_ONLY = ('weighting', 'proposals', 'nms')
NOT_TRAINED_ON = ('val_cfg', 'val_dataloader', 'val_evaluator', 'test_cfg', 'test_dataloader', 'test_evaluator',
                  'visualizer', 'vis_backends', 'log_processor', 'log_level')
ONLY_WATCHING = ('timer', 'logger', 'checkpoint', 'visualization', 'config_check', 'work_dir_lock', 'interruption',
                 'results', 'nothing_detected')
ERRORS_TIOU = 0.5
FIRST_STAGE = 'FIRST_STAGE'
"""Environment variable in which the config of a second stage finds the checkpoint of its first."""

Launch = Callable[[Sequence[str], Mapping[str, str], Path], None]


@dataclass(frozen=True)
class Experiment:
    """A config, and what an ablation changes in it.

    Args:
        config_file: Under the repository, e.g. ``configs/rpn_i3d_thumos.py``.
        ablation: Name in :data:`ABLATIONS`; None for the config as it is.
        data: What its data are called; the folder of its results has this name.
        root: Data folder that a config for one's own videos is pointed at; None leaves it where it points.
        first_stage: What a second stage is trained on, with the same seed; :data:`FIRST_STAGE` names its checkpoint.
    """

    config_file: str
    ablation: str | None = None
    data: str = ''
    root: Path | None = None
    first_stage: Experiment | None = None

    @property
    def overrides(self) -> Mapping[str, Any]:
        """Dotted keys that the ablation changes, with their values."""
        return {} if self.ablation is None else ABLATIONS[self.ablation].overrides

    @property
    def name(self) -> str:
        """Name of the ablation, or of the config without one."""
        return self.ablation or Path(self.config_file).stem

    def __str__(self) -> str:
        changed, moved = f' with {self.ablation}' * bool(self.ablation), f' on {self.data}' * bool(self.root)
        return f'{self.config_file}{changed}{moved}'


@dataclass(frozen=True)
class _SeededExperiment:
    """An experiment with one seed: what it reads, and where its training and its test lie."""

    experiment: Experiment
    seed: int
    config: Config
    training: Path
    test: Path
    code: str
    first: _SeededExperiment | None = None

    @property
    def is_trained(self) -> bool:
        """True if the training has ended."""
        return (self.training / 'trained.json').is_file()

    @property
    def is_tested(self) -> bool:
        """True if there is a result."""
        return (self.test / 'result.json').is_file()

    @property
    def checkpoint(self) -> Path:
        """What was trained, once it is."""
        return self.training / str(read_json(self.training / 'trained.json')['checkpoint'])

    def __str__(self) -> str:
        return f'{self.experiment}, seed {self.seed}'


class _Group(NamedTuple):
    """A training, which may be done already, and the tests that follow it."""

    training: _SeededExperiment
    tests: list[_SeededExperiment]


def launch(command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Run a command with its output in a file.

    Raises:
        RuntimeError: If it fails; with the file's name and last lines.
    """
    with open(log, 'a', encoding='utf-8') as output:
        status = subprocess.run(command, env={**os.environ, **environment}, stdout=output,
                                stderr=subprocess.STDOUT).returncode
    if status:
        last = '\n'.join(log.read_text(encoding='utf-8', errors='replace').splitlines()[-15:])
        raise RuntimeError(f'{" ".join(command)}\nended with status {status}; the end of {log}:\n{last}')


@dataclass(frozen=True)
class ExperimentRunner:
    """Trains, tests and scores experiments that share a folder, options and protocol.

    Args:
        repository: Root of the checkout.
        root: Folder of everything that is written.
        protocol: Name of the protocol to score under.
        options: Dotted keys that every config is changed by.
        jobs: Trainings or tests side by side.
        threads: Of each.
        say: Takes a line of progress.
        launch: Runs a command.
    """

    repository: Path
    root: Path
    protocol: str
    options: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 1
    threads: int = 1
    say: Callable[[str], None] = print
    launch: Launch = launch

    def measure(self, experiments: Iterable[Experiment], seeds: Sequence[int]) -> dict[tuple[Experiment, int], dict]:
        """Return the result of every experiment and seed; what is there already, from the same inputs, is reused.

        Experiments that differ in testing alone share a training; each training is followed by its tests. Every
        experiment is measured with one seed before the next seed begins. A training that was interrupted is resumed
        from its last checkpoint.

        Raises:
            RuntimeError: If trainings or tests fail, after all others; their results are kept.
            CodeChangedError: If the code is not what it was, as soon as the trainings that are running have ended.
        """
        planned = [item for experiment in dict.fromkeys(experiments) for item in self._with_seeds(experiment, seeds)]
        of_training: dict[Path, _Group] = {}
        for item in sorted(planned, key=lambda item: (list(seeds).index(item.seed), item.first is not None)):
            if not item.is_tested:
                if item.first and not item.first.is_trained:
                    of_training.setdefault(item.first.training, _Group(item.first, []))
                of_training.setdefault(item.training, _Group(item, [])).tests.append(item)
        self._side_by_side(list(of_training.values()))
        return {(item.experiment, item.seed): read_json(item.test / 'result.json') for item in planned}

    def _with_seeds(self, experiment: Experiment, seeds: Sequence[int]) -> list[_SeededExperiment]:
        """Return one per seed, with folders named after everything that training and test depend on."""
        with data_root(experiment.root):
            config = Config.fromfile(self.repository / experiment.config_file)
            config.merge_from_dict(checked_options(config, self._options(experiment)))
        content = {key: value for key, value in config.to_dict().items() if key not in NOT_TRAINED_ON}
        content['model'] = _without(content['model'], TEST_ONLY)
        content['default_hooks'] = _without(content['default_hooks'], ONLY_WATCHING)
        code = plugin_digest()
        train_set, test_set = config.train_dataloader.dataset, config.test_dataloader.dataset
        firsts: list[Any] = [None] * len(seeds)
        if experiment.first_stage:
            firsts = self._with_seeds(experiment.first_stage, seeds)
            content['first_stage'] = firsts[0].training.parent.name
        training = digest([content, plugin_digest(TRAINING_STEPS), data_stamp(train_set)])
        test = digest([training, config.model, config.test_dataloader, config.test_evaluator, self.protocol,
                       code, data_stamp(test_set)])
        trained = self.root / experiment.data / 'trained' / f'{Path(experiment.config_file).stem}-{training}'
        tested = self.root / experiment.data / 'tested' / f'{experiment.name}-{test}'
        return [_SeededExperiment(experiment, seed, config, trained / f'seed_{seed}', tested / f'seed_{seed}', code,
                                  first) for seed, first in zip(seeds, firsts)]

    def _options(self, experiment: Experiment) -> dict[str, Any]:
        """Return what is changed in a config; the ablation comes last, so that no option undoes it."""
        return {**self.options, **experiment.overrides}

    def _command(self, tool: str, experiment: Experiment, *arguments: str, **changes: str) -> list[str]:
        """Return a tool's command for an experiment with further changes, whose keys have __ for a dot."""
        options = {**self._options(experiment), **{key.replace('__', '.'): value for key, value in changes.items()}}
        stated = ['--cfg-options', *(f'{key}={value}' for key, value in options.items())] if options else []
        return [sys.executable, str(self.repository / 'tools' / tool), str(self.repository / experiment.config_file),
                *arguments, *stated]

    def _environment(self, item: _SeededExperiment) -> dict[str, str]:
        root = {} if item.experiment.root is None else {ROOT_VARIABLE: str(item.experiment.root)}
        first = {} if item.first is None else {FIRST_STAGE: str(item.first.checkpoint)}
        return {'OMP_NUM_THREADS': str(self.threads), **root, **first}

    def _train(self, item: _SeededExperiment) -> None:
        command = self._command('train.py', item.experiment, '--work-dir', str(item.training), '--seed', str(item.seed),
                                '--no-validate', '--resume', default_hooks__cost__type='TrainingCostHook')
        item.training.mkdir(parents=True, exist_ok=True)
        resumed = (item.training / 'last_checkpoint').is_file()
        self.say(f'training {item}; losses in {item.training / "train.log"}')
        start = time.monotonic()
        self.launch(command, self._environment(item), item.training / 'train.log')
        checkpoint = Path((item.training / 'last_checkpoint').read_text()).name
        try:
            require_plugin(item.code)
        except CodeChangedError:
            shutil.rmtree(item.training)
            raise
        seconds = None if resumed else round(time.monotonic() - start, 1)
        cost = None if resumed else read_json(item.training / COST_FILE)
        _write(item.training / 'trained.json', dict(checkpoint=checkpoint, seconds=seconds, cost=cost))

    def _test(self, item: _SeededExperiment) -> None:
        trained, detections = read_json(item.training / 'trained.json'), item.test / 'detections.json'
        checkpoint = str(item.checkpoint)
        command = self._command('test.py', item.experiment, checkpoint, '--work-dir', str(item.test),
                                test_evaluator__out_file=str(detections), test_evaluator__protocol=self.protocol)
        item.test.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        self.launch(command, self._environment(item), item.test / 'test.log')
        require_plugin(item.code)
        found, truth = read_detections(detections), _ground_truth(item.config)
        result = evaluate_localization(found, truth, get_protocol(self.protocol))
        errors = analyse_errors(found, truth, ERRORS_TIOU)
        _write(item.test / 'result.json', dict(
            as_plain(result), config=item.experiment.config_file, ablation=item.experiment.ablation, seed=item.seed,
            options=dict(self.options), checkpoint=checkpoint, detections=str(detections),
            errors=dict(tiou=ERRORS_TIOU, kinds=dict(zip(KINDS, np.nan_to_num(errors.shares(budget=1)).tolist())),
                        found=float(errors.found.mean())),
            trained_sec=trained['seconds'], cost=trained['cost'], tested_sec=round(time.monotonic() - start, 1),
            date=datetime.date.today().isoformat(), versions=versions()))

    def _measure(self, group: _Group, running: Mapping[Path, Future]) -> None:
        """Train, after the first stage if there is one, and test what shares the training."""
        first = group.training.first
        if first and first.training in running:
            running[first.training].exception()  # it began before this one; what failed there leaves no checkpoint
        if first and not first.is_trained:
            raise RuntimeError(f'{group.training}: its first stage, {first}, was not trained.')
        if not group.training.is_trained:
            self._train(group.training)
        for item in group.tests:
            self._test(item)

    def _side_by_side(self, groups: Sequence[_Group]) -> None:
        start, failures = time.monotonic(), []
        running: dict[Path, Future] = {}
        with ThreadPoolExecutor(self.jobs) as pool:
            for group in groups:
                running[group.training.training] = pool.submit(self._measure, group, running)
            waiting = {future: group.training for future, group in zip(running.values(), groups)}
            try:
                for number, done in enumerate(as_completed(waiting), start=1):
                    try:
                        done.result()
                        outcome = 'measured'
                    except CodeChangedError:
                        raise
                    except RuntimeError as error:
                        failures.append(str(error))
                        outcome = 'failed:'
                    spent = time.monotonic() - start
                    self.say(f'[{number}/{len(groups)}] {outcome} {waiting[done]}; {spent:.0f} s so far, about '
                             f'{spent / number * (len(groups) - number):.0f} s left')
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if failures:
            head = [] if len(failures) == 1 else [f'{len(failures)} of {len(groups)} failed; the others are kept.']
            raise RuntimeError('\n\n'.join([*head, *failures]))


def _without(content: Any, keys: Sequence[str]) -> Any:
    """Return a copy of nested dicts without some keys."""
    if not isinstance(content, Mapping):
        return content
    return {key: _without(value, keys) for key, value in content.items() if key not in keys}


def _ground_truth(config: Config) -> dict[str, VideoSegments]:
    """Return the segments of the test videos by name."""
    init_default_scope(config.default_scope)
    dataset = DATASETS.build(dict(config.test_dataloader.dataset, cache_gib=0.0))
    videos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {video['video_name']: VideoSegments.from_annotations(video['annotations']) for video in videos}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding='utf-8')
