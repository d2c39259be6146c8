"""The time that the host's runner spends around the training step, and that of a whole schedule."""
from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner

from rpn_plugin.datasets.statistics import stream_statistics
from rpn_plugin.datasets.synthetic import write_synthetic
from rpn_plugin.models import CooccurrenceGCN

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
CONFIG = CONFIGS / 'rpn_i3d_thumos.py'
NUM_VIDEOS, MEDIAN_SNIPPETS = 200, 300


def write_videos(root: Path, streams: tuple[str, ...], dim: int, spread: float) -> None:
    """Files of a THUMOS14-shaped training set: float16, log-normal lengths with median 300, at most 2000."""
    rng = np.random.default_rng(0)
    lengths = rng.lognormal(np.log(MEDIAN_SNIPPETS), spread, NUM_VIDEOS).clip(10, 2000).astype(int)
    values = np.abs(rng.standard_normal((int(lengths.max()) + NUM_VIDEOS, dim))).astype(np.float16)
    classes = [f'class {index}' for index in range(20)]
    database = {}
    for index, length in enumerate(lengths.tolist()):
        labels = rng.choice(classes, 1 + index % 5 // 4, replace=False).tolist()
        database[f'video_{index}'] = dict(subset='train', duration=0.64 * length, labels=labels)
        for stream in streams:
            path = root / 'features' / stream / f'video_{index}.npy'
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, values[index:index + length])
    feature = dict(fps=25, snippet_stride=16, window=16)
    (root / 'annotations.json').write_text(json.dumps(dict(classes=classes, feature=feature, database=database)))


class StepClock:
    """Times parts of the runner's iterations; the first epoch only warms up.

    Args:
        runner: To be trained.
    """

    def __init__(self, runner: Runner) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.iterations = 0
        self.runner, self.begin = runner, 0.0
        runner.call_hook = self._timed('hooks', runner.call_hook)
        runner.model.train_step = self._timed('train_step', runner.model.train_step)
        runner.model.data_preprocessor.forward = self._timed('packing', runner.model.data_preprocessor.forward)

    def _timed(self, part: str, function: Callable) -> Callable:

        def timed(*args: Any, **kwargs: Any) -> Any:
            if part == 'hooks' and args[0] == 'before_train_epoch' and self.runner.epoch == 1:
                self.seconds.clear()
                self.iterations, self.begin = 0, self._now()
            start = self._now() if part != 'hooks' else time.perf_counter()
            result = function(*args, **kwargs)
            self.seconds[part] += (self._now() if part != 'hooks' else time.perf_counter()) - start
            self.iterations += part == 'train_step'
            if part == 'hooks' and args[0] == 'after_train_epoch':
                self.seconds['all'] = self._now() - self.begin
            return result

        return timed

    def _now(self) -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()


def use_bf16(config: Config) -> None:
    """Train by bf16 autocast; its range needs no scaling of the loss."""
    config.optim_wrapper.update(type='AmpOptimWrapper', dtype='bfloat16', loss_scale=1.0)


def build(config: Config, root: str, options: argparse.Namespace) -> Runner:
    """A runner that warms up for one epoch, trains for as many as asked, and never validates."""
    config.merge_from_dict(dict(
        work_dir=f'{root}/work', experiment_name=f'bench_{time.monotonic_ns()}', val_cfg=None, val_dataloader=None,
        val_evaluator=None, test_cfg=None, test_dataloader=None, test_evaluator=None, log_level='WARNING'))
    config.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1 + options.epochs)
    config.default_hooks.checkpoint.save_last = False
    if options.precision == 'bf16':
        use_bf16(config)
    return Runner.from_cfg(config)


def end_workers(runner: Runner) -> None:
    """End the workers of a runner's loaders now; if the garbage collector finds them, it waits 5 s for each."""
    for loop in (runner.train_loop, runner.val_loop):
        if loop is not None:
            loop.dataloader._iterator = None


def epoch_seconds(runner: Runner) -> float:
    """Train and return the mean time of an epoch after the first."""
    ends = []
    call_hook = runner.call_hook

    def marked(name: str, **kwargs: Any) -> None:
        call_hook(name, **kwargs)
        if name == 'after_train_epoch':
            ends.append(time.perf_counter())

    runner.call_hook = marked
    runner.train()
    end_workers(runner)
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def read_config(root: str, workers: int) -> Config:
    """The shipped THUMOS14 experiment on the files under ``root``."""
    os.environ['THUMOS14_ROOT'] = root
    config = Config.fromfile(CONFIG)
    config.train_dataloader.update(num_workers=workers, persistent_workers=workers > 0)
    return config


def print_iteration(options: argparse.Namespace) -> None:
    """Shares of an iteration at E = D, kernel 3, batch 10, one stream, files in the page cache."""
    with tempfile.TemporaryDirectory() as root:
        write_videos(Path(root), ('rgb', ), options.dim, options.spread)
        config = read_config(root, workers=0)
        config.train_dataloader.dataset.data_prefix = dict(rgb='features/rgb')
        config.train_dataloader.dataset.feature_dim = options.dim
        config.model.streams = dict(rgb=dict())
        width = options.embeddings[0]
        config.merge_from_dict(dict(model=dict(localizer=dict(
            embedding=dict(in_channels=options.dim, channels=[width]), neck=dict(channels=[width, width]),
            head=dict(in_channels=width, attention_channels=256)))))
        runner = build(config, root, options)
        clock = StepClock(runner)
        runner.train()
        begin = time.perf_counter()
        runner.save_checkpoint(root, 'last.pth')
        checkpoint = (time.perf_counter() - begin) / config.default_hooks.checkpoint.interval * options.epochs
    seconds, total = clock.seconds, clock.seconds['all'] + checkpoint
    step = seconds['train_step'] - seconds['packing']
    parts = {'forward, losses, backward, optimizer': step, 'packing to float32 of fixed length': seconds['packing'],
             'hooks and logging': seconds['hooks'], 'a checkpoint every 50 epochs': checkpoint,
             'reading, checking, collation, loop': seconds['all'] - seconds['train_step'] - seconds['hooks'],
             'all but the step': total - step}
    print(f"\nIteration of the host's runner, E = {width}, kernel 3, batch 10, no worker, files in the page cache: "
          f'{1e3 * total / clock.iterations:.1f} ms, mean of {clock.iterations}')
    for name, value in parts.items():
        print(f'  {name:<40}{1e3 * value / clock.iterations:>9.2f} ms{value / total:>8.1%}')


def time_schedule(options: argparse.Namespace, root: str) -> Iterator[dict[str, Any]]:
    """Seconds per epoch of the shipped two-stream experiment on the files under ``root``, and 1000 epochs of it."""
    ways = {'files, 4 workers': (4, {}), 'files, no worker': (0, {}), 'RAM, no worker': (0, dict(cache_gib=4))}
    if options.device == 'cuda':
        ways['on the GPU'] = (0, dict(cache_gib=4, cache_device='cuda'))
    for name, (workers, cache) in ways.items():
        config = read_config(root, workers)
        config.train_dataloader.dataset.update(cache)
        epoch = epoch_seconds(build(config, root, options))
        yield {'features': name, 's per epoch': epoch, 'min for 1000 epochs': 1000 * epoch / 60}


def print_schedule(options: argparse.Namespace) -> None:
    """Print it, on made files."""
    print(f'\nconfigs/rpn_i3d_thumos.py on {NUM_VIDEOS} made videos, two streams of D = 1024, as shipped, '
          f'{options.precision}; {options.epochs} epochs after one, by the runner of the host')
    with tempfile.TemporaryDirectory() as root:
        write_videos(Path(root), ('rgb', 'flow'), 1024, options.spread)
        for row in time_schedule(options, root):
            print('  {features:<30}{s per epoch:>8.3f} s per epoch{min for 1000 epochs:>9.1f} min for 1000 epochs'
                  .format(**row), flush=True)


def time_testing(root: str, device: str, wait: Callable[[], None], videos: int = 212) -> dict[str, Any]:
    """Seconds of testing so many of the videos under ``root``, and the share of cutting and suppression on the host."""
    config = read_config(root, workers=0)
    model = MODELS.build(config.model).to(device).eval()
    for module in model.modules():
        if isinstance(module, CooccurrenceGCN):
            module.set_cooccurrence(np.zeros((20, 20)), 'the benchmark')
    dataset = DATASETS.build(dict(config.test_dataloader.dataset, subset='train', ann_file='annotations.json'))
    model.data_preprocessor.set_statistics(stream_statistics([dataset]))
    on_device = on_host = 0.0
    with torch.no_grad():
        for index in range(videos):
            item = dataset[index % len(dataset)]
            began = time.perf_counter()
            data = model.data_preprocessor(pseudo_collate([item]))
            outputs = model.score(data['inputs'])
            sequences = {name: output.embedded.layout.split(model.networks[name].localization_sequence(output))
                         for name, output in outputs.items()}
            wait()
            scored = time.perf_counter()
            model.detect(sequences, outputs, data['data_samples'])
            on_device, on_host = on_device + scored - began, on_host + time.perf_counter() - scored
    return {'videos': videos, 's': on_device + on_host, 'share of the host': on_host / (on_device + on_host)}


def compare_precision(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Average mAP in % of the quick start trained in float32 and by bf16 autocast, seed by seed."""
    with tempfile.TemporaryDirectory() as root:
        write_synthetic(Path(root) / 'data')
        os.environ['RPN_SYNTHETIC_ROOT'] = f'{root}/data'
        for seed in range(options.seeds):
            row: dict[str, Any] = dict(seed=seed)
            for name in ('float32', 'bf16'):
                config = Config.fromfile(CONFIGS / 'rpn_synthetic.py')
                config.merge_from_dict(dict(work_dir=f'{root}/work', experiment_name=f'{seed}_{name}',
                                            randomness=dict(seed=seed), log_level='WARNING'))
                if options.few_epochs:
                    config.train_cfg.update(max_epochs=options.few_epochs, val_interval=options.few_epochs)
                if name == 'bf16':
                    use_bf16(config)
                runner = Runner.from_cfg(config)
                runner.train()
                row[name] = 100 * runner.val_loop.run()['wtal/mAP_avg']
                end_workers(runner)
            yield row


def print_precision(options: argparse.Namespace) -> None:
    """Print it."""
    print('\nconfigs/rpn_synthetic.py, average mAP over tIoU 0.1:0.1:0.5 in %')
    for row in compare_precision(options):
        print('  seed {seed}: float32 {float32:.1f}, bf16 {bf16:.1f}'.format(**row), flush=True)
