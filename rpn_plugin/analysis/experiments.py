"""Trains and tests configs with the project's own tools, over several seeds, and remembers what is done."""
from __future__ import annotations

import datetime
import glob
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from rpn_plugin.analysis.trial import digest
from rpn_plugin.evaluation import get_protocol
from rpn_plugin.evaluation.functional import evaluate_localization
from rpn_plugin.evaluation.report import as_plain
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.files import written_whole
from rpn_plugin.structures import VideoSegments

PLUGIN = Path(__file__).resolve().parents[1]
TRAINING_STEPS = ('structures', 'datasets', 'models', 'engine')
TESTING_STEPS = (*TRAINING_STEPS, 'evaluation')
TEST_ONLY = ('weighting', 'proposals', 'nms')
NOT_TRAINED_ON = ('val_cfg', 'val_dataloader', 'val_evaluator', 'test_cfg', 'test_dataloader', 'test_evaluator',
                  'visualizer', 'vis_backends', 'log_processor', 'log_level')
ONLY_WATCHING = ('timer', 'logger', 'checkpoint', 'visualization')
PACKAGES = ('torch', 'mmengine', 'mmaction2', 'numpy')

Launch = Callable[[Sequence[str], Mapping[str, str], Path], None]


@dataclass(frozen=True)
class Experiment:
    """A config as the tools take it.

    Args:
        config_file: Under the repository, e.g. ``configs/ablations/table4_cls.py``.
        ablation_of: Name of the config that an ablation applies to; None for any other config.
    """

    config_file: str
    ablation_of: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the config reads from the environment."""
        return {} if self.ablation_of is None else {'RPN_ABLATION_OF': self.ablation_of}


@dataclass(frozen=True)
class _Run:
    """One seed of an experiment: what it reads, and where its training and its test lie."""

    experiment: Experiment
    seed: int
    config: Config
    training: Path
    test: Path
    code: str

    @property
    def is_trained(self) -> bool:
        """Whether the training ended."""
        return (self.training / 'trained.json').is_file()

    @property
    def is_tested(self) -> bool:
        """Whether there is a result."""
        return (self.test / 'result.json').is_file()

    def __str__(self) -> str:
        of = f' of {self.experiment.ablation_of}' if self.experiment.ablation_of else ''
        return f'{self.experiment.config_file}{of}, seed {self.seed}'


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
class Bench:
    """Where experiments run and what they have in common.

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
        """Result of every experiment and seed; what is there already, from the same inputs, is taken as it is.

        Experiments that differ in testing alone share a training. A training that was interrupted is resumed from its
        last checkpoint.

        Raises:
            RuntimeError: If a training or test fails. The others that are running end first, and are kept.
        """
        runs = [run for experiment in dict.fromkeys(experiments) for run in self._runs(experiment, seeds)]
        untrained: dict[Path, _Run] = {}
        for run in runs:
            if not run.is_tested and not run.is_trained:
                untrained.setdefault(run.training, run)
        self._side_by_side('trained', self._train, list(untrained.values()))
        self._side_by_side('tested', self._test, [run for run in runs if not run.is_tested])
        return {(run.experiment, run.seed): _read(run.test / 'result.json') for run in runs}

    def _runs(self, experiment: Experiment, seeds: Sequence[int]) -> list[_Run]:
        """One per seed, with folders named after everything that training and test depend on."""
        config = self._config(experiment)
        content = {key: value for key, value in config.to_dict().items() if key not in NOT_TRAINED_ON}
        content['model'] = _without(content['model'], TEST_ONLY)
        content['default_hooks'] = _without(content['default_hooks'], ONLY_WATCHING)
        code = plugin_digest()
        train_set, test_set = config.train_dataloader.dataset, config.test_dataloader.dataset
        training = digest([content, plugin_digest(TRAINING_STEPS), data_stamp(train_set)])
        test = digest([training, config.model, config.test_dataloader, config.test_evaluator, self.protocol,
                       code, data_stamp(test_set)])
        name = Path(experiment.config_file).stem
        base = f'{experiment.ablation_of or name}-{training}'
        return [_Run(experiment, seed, config, self.root / 'trained' / base / f'seed_{seed}',
                     self.root / 'tested' / f'{name}-{test}' / f'seed_{seed}', code) for seed in seeds]

    def _config(self, experiment: Experiment) -> Config:
        before = {name: os.environ.get(name) for name in experiment.environment}
        os.environ.update(experiment.environment)
        try:
            config = Config.fromfile(self.repository / experiment.config_file)
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        config.merge_from_dict(dict(self.options))
        return config

    def _command(self, tool: str, *arguments: str, **changes: str) -> list[str]:
        """A tool's command with the options of all and those of this run, whose keys have __ for a dot."""
        options = {**self.options, **{key.replace('__', '.'): value for key, value in changes.items()}}
        stated = ['--cfg-options', *(f'{key}={value}' for key, value in options.items())] if options else []
        return [sys.executable, str(self.repository / 'tools' / tool), *arguments, *stated]

    def _environment(self, experiment: Experiment) -> dict[str, str]:
        return {**experiment.environment, 'OMP_NUM_THREADS': str(self.threads)}

    def _train(self, run: _Run) -> None:
        command = self._command('train.py', str(self.repository / run.experiment.config_file), '--work-dir',
                                str(run.training), '--seed', str(run.seed), '--no-validate', '--resume')
        run.training.mkdir(parents=True, exist_ok=True)
        resumed = (run.training / 'last_checkpoint').is_file()
        self.say(f'training {run}; losses in {run.training / "train.log"}')
        start = time.monotonic()
        self.launch(command, self._environment(run.experiment), run.training / 'train.log')
        checkpoint = Path((run.training / 'last_checkpoint').read_text()).name
        try:
            require_plugin(run.code)
        except CodeChangedError:
            shutil.rmtree(run.training)
            raise
        seconds = None if resumed else round(time.monotonic() - start, 1)
        _write(run.training / 'trained.json', dict(checkpoint=checkpoint, seconds=seconds))

    def _test(self, run: _Run) -> None:
        trained, detections = _read(run.training / 'trained.json'), run.test / 'detections.json'
        checkpoint = str(run.training / trained['checkpoint'])
        command = self._command('test.py', str(self.repository / run.experiment.config_file), checkpoint, '--work-dir',
                                str(run.test), test_evaluator__out_file=str(detections),
                                test_evaluator__protocol=self.protocol)
        run.test.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        self.launch(command, self._environment(run.experiment), run.test / 'test.log')
        require_plugin(run.code)
        result = evaluate_localization(read_detections(detections), _ground_truth(run.config),
                                       get_protocol(self.protocol))
        _write(run.test / 'result.json', dict(
            as_plain(result), config=run.experiment.config_file, ablation_of=run.experiment.ablation_of, seed=run.seed,
            options=dict(self.options), checkpoint=checkpoint, detections=str(detections),
            trained_sec=trained['seconds'], tested_sec=round(time.monotonic() - start, 1),
            date=datetime.date.today().isoformat(), versions=versions()))

    def _side_by_side(self, verb: str, work: Callable[[_Run], None], runs: Sequence[_Run]) -> None:
        start = time.monotonic()
        with ThreadPoolExecutor(self.jobs) as pool:
            waiting = {pool.submit(work, run): run for run in runs}
            try:
                for number, done in enumerate(as_completed(waiting), start=1):
                    done.result()
                    spent = time.monotonic() - start
                    self.say(f'[{number}/{len(runs)}] {verb} {waiting[done]}; {spent:.0f} s so far, about '
                             f'{spent / number * (len(runs) - number):.0f} s left')
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def plugin_digest(steps: Iterable[str] = TESTING_STEPS) -> str:
    """Stands for the code of some of the plugin's steps and for the versions of what it needs."""
    files = [PLUGIN / 'compat.py', *(path for step in steps for path in sorted((PLUGIN / step).rglob('*.py')))]
    return digest([[hashlib.sha256(path.read_bytes()).hexdigest() for path in files], versions()])


class CodeChangedError(RuntimeError):
    """The plugin's code is not what it was when its measurement began."""


def require_plugin(code: str) -> None:
    """Check that the code is still what :func:`plugin_digest` saw, so that no result is filed under other code.

    Raises:
        CodeChangedError: If it is not.
    """
    if plugin_digest() != code:
        raise CodeChangedError(f'{PLUGIN} was changed while it was being measured, so the result would be of neither '
                               f'code. Start again; what was done before the change is taken if you undo it.')


def versions() -> dict[str, str]:
    """Of the packages that numbers depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def _without(content: Any, keys: Sequence[str]) -> Any:
    """A copy of nested dicts without some keys."""
    if not isinstance(content, Mapping):
        return content
    return {key: _without(value, keys) for key, value in content.items() if key not in keys}


def data_stamp(dataset: Mapping[str, Any]) -> str:
    """Stands for a data set: the content of its annotation file, and name, size and time of every other file.

    Raises:
        FileNotFoundError: If it has no annotation file.
    """
    place = Path(dataset.get('data_root') or '')
    annotations = place / dataset['ann_file']
    if not annotations.exists():
        raise FileNotFoundError(f'No annotation file {annotations}. Put the data where the config expects it (see the '
                                f'README), or name another family with --data.')
    content = [hashlib.sha256(annotations.read_bytes()).hexdigest()] if annotations.is_file() else []
    for prefix in (annotations, *(place / prefix for prefix in dataset['data_prefix'].values())):
        pattern = '*'.join(map(glob.escape, re.split(r'\{\w*\}', str(prefix))))
        paths = sorted(path for found in map(Path, glob.glob(pattern))
                       for path in (found.iterdir() if found.is_dir() else [found]))
        content += [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in paths]
    return digest(content)


def _ground_truth(config: Config) -> dict[str, VideoSegments]:
    """Segments of the test videos, by name."""
    init_default_scope(config.default_scope)
    dataset = DATASETS.build(dict(config.test_dataloader.dataset, cache_gib=0.0))
    videos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {video['video_name']: VideoSegments.from_annotations(video['annotations']) for video in videos}


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding='utf-8'))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding='utf-8')
