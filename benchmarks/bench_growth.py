"""Time and memory of training and validation as the data grows to ActivityNet's size, mapped from sparse files.

    OMP_NUM_THREADS=1 python benchmarks/bench_growth.py [--videos 1000 10000] [--root FOLDER]

Trains one epoch of configs/rpn_synthetic.py per size on two streams of D = 1024 with two dataloader workers, then
validates half as many videos, every one with proposals of all 100 classes. Each size has a process of its own. The
embedding is narrow: what is measured is everything around the network. Memory is what a process alone has (private
dirty pages, so without the page cache that holds the mapped files and without what forked processes share) and, beside
it, the peak of all that it ever had mapped (VmHWM). The last row is the growth per 1000 videos from the first size to
the last. ``--root`` keeps the largest set (3 GB on disk, 12 GB in length) for the next call.

On a CPU the main process grows with the number of steps until oneDNN has cached 1024 convolutions, one per number of
snippets in a batch, whatever the number of videos: ONEDNN_PRIMITIVE_CACHE_CAPACITY=16 shows the growth without them.
"""
from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import torch
from large_set import write_large_set
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import rpn_plugin  # noqa: E402
from rpn_plugin.evaluation import WTALMetric  # noqa: E402

NUM_WORKERS = 2
DIM, EMBEDDING = 1024, 32
COLUMNS = ('data set built, s', 'first batch, s', 'iteration, ms (median)', 'epoch, s', 'main process alone, MiB',
           'its peak, MiB', 'worker alone, MiB', 'its peak, MiB', 'checkpoint, ms', 'validation, s', 'of it metric, s',
           'detections per video', 'main process alone, MiB', 'its peak, MiB')


def private_mib(pid: int) -> float:
    """Memory that the process shares with nobody and has written to."""
    lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith('Private_Dirty')) / 1024


def peak_mib(pid: int) -> float:
    """Most that the process ever had resident, shared or not."""
    lines = Path(f'/proc/{pid}/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM')) / 1024


def collect_garbage(worker_id: int) -> None:
    """Once at the start of a worker, whose first full collection copies what it inherited, whenever it comes."""
    gc.collect()


class Watch(Hook):
    """Times of the iterations, and memory at every twentieth, of this process and the largest dataloader worker."""

    priority = 'VERY_LOW'

    def before_train_epoch(self, runner: Runner) -> None:
        gc.collect()
        self.seconds: list[float] = []
        self.main = self.main_peak = self.worker = self.worker_peak = 0.0
        self.epoch_began = self.last = time.perf_counter()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if batch_idx == 0:
            self.first_batch = time.perf_counter() - self.epoch_began

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self.last)
        if batch_idx % 20 == 19:
            workers = [process.pid for process in multiprocessing.active_children()]
            self.main = max(self.main, private_mib(os.getpid()))
            self.main_peak = peak_mib(os.getpid())
            self.worker = max(self.worker, *map(private_mib, workers))
            self.worker_peak = max(map(peak_mib, workers))
        self.last = time.perf_counter()

    def after_train_epoch(self, runner: Runner) -> None:
        self.epoch_sec = time.perf_counter() - self.epoch_began


class TimedMetric(WTALMetric):
    """Says how long scoring took, and of how many detections."""

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        began = time.perf_counter()
        metrics = super().compute_metrics(results)
        found = float(np.mean([len(result['pred_instances']['scores']) for result in results]))
        spent = time.perf_counter() - began
        return metrics | dict(metric_sec=spent, detections=found, own_mib=private_mib(os.getpid()),
                              peak_mib=peak_mib(os.getpid()))


def read_config(root: str, folder: str) -> Config:
    """The quick start's config on a set of 100 classes, whose videos are likely to hold every one of them."""
    os.environ['RPN_SYNTHETIC_ROOT'] = root
    config = Config.fromfile(REPOSITORY / 'configs' / 'rpn_synthetic.py')
    loader = dict(num_workers=NUM_WORKERS, persistent_workers=True, dataset=dict(cache_gib=0.0))
    config.merge_from_dict(dict(
        work_dir=folder, log_level='ERROR', randomness=dict(seed=0), train_cfg=dict(max_epochs=1, val_interval=2),
        default_hooks=dict(checkpoint=None), train_dataloader=loader, val_dataloader=loader,
        model=dict(localizer=dict(
            embedding=dict(in_channels=DIM, channels=[EMBEDDING]),
            neck=dict(num_classes=100, channels=[EMBEDDING, EMBEDDING]), head=dict(in_channels=EMBEDDING),
            proposals=dict(min_class_score=0.0, thresholds=[0.5])))))
    config.default_hooks.pop('diagnosis')
    return config


def measure(root: str, sender: Connection) -> None:
    """Train and validate on the videos under ``root`` and send one row of the table."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        config = read_config(root, folder)
        runner, watch = Runner.from_cfg(config), Watch()
        runner.register_hook(watch)
        DATASETS.get('UntrimmedFeatureDataset')  # imports the host's datasets
        gc.freeze()  # MMEngine collects garbage for every dataset; what was imported stays out of it
        began = time.perf_counter()
        loader = dict(config.train_dataloader, worker_init_fn=dict(type=collect_garbage))
        runner._train_dataloader = runner.build_dataloader(loader, seed=0)
        build_sec = time.perf_counter() - began
        runner.train()
        began = time.perf_counter()
        runner.save_checkpoint(folder, 'last.pth')
        checkpoint_sec = time.perf_counter() - began
        loop = runner.val_loop
        metric = TimedMetric(protocol='activitynet')
        metric.dataset_meta = loop.dataloader.dataset.metainfo
        loop.evaluator.metrics = [metric]
        began = time.perf_counter()
        metrics = loop.run()
        validation_sec = time.perf_counter() - began
    sender.send((build_sec, watch.first_batch, 1000 * float(np.median(watch.seconds)), watch.epoch_sec, watch.main,
                 watch.main_peak, watch.worker, watch.worker_peak, 1000 * checkpoint_sec, validation_sec,
                 *(metrics[f'wtal/{name}'] for name in ('metric_sec', 'detections', 'own_mib', 'peak_mib'))))


def subset_of(root: Path, number: int, place: Path) -> Path:
    """Annotations of the first ``number`` training videos and half as many test videos beside the same features."""
    content = json.loads((root / 'annotations.json').read_text())
    left = dict(train=number, test=number // 2)
    chosen = {}
    for video, entry in content['database'].items():
        if left[entry['subset']] > 0:
            left[entry['subset']] -= 1
            chosen[video] = entry
    place.mkdir()
    (place / 'annotations.json').write_text(json.dumps(dict(content, database=chosen)))
    (place / 'features').symlink_to((root / 'features').resolve())
    return place


def rows(numbers: list[int], root: Path) -> Iterator[tuple[float, ...]]:
    """Number of videos and what :func:`measure` sends, per size."""
    context = multiprocessing.get_context('spawn')
    if not (root / 'annotations.json').exists():
        write_large_set(root, max(numbers), max(numbers) // 2, DIM)
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            receiver, sender = context.Pipe(duplex=False)
            place = subset_of(root, number, Path(folder) / 'data')
            process = context.Process(target=measure, args=(str(place), sender))
            process.start()
            sender.close()
            yield number, *receiver.recv()
            process.join()


def show(first: str, values: tuple[float, ...]) -> None:
    """Print a row."""
    print(f'| {first} | ' + ' | '.join(f'{value:.2f}' if abs(value) < 10 else f'{value:.0f}' for value in values)
          + ' |', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--videos', type=int, nargs='+', default=[1000, 10_000])
    parser.add_argument('--root', type=Path, help='where the set is, or is to be made and kept')
    options = parser.parse_args()
    print(f'Python {platform.python_version()}, torch {torch.__version__}, mmengine {mmengine.__version__}, rpn_plugin '
          f'{rpn_plugin.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; two streams of D = {DIM}, '
          f'float16, mapped from disk, batches of 10, {NUM_WORKERS} workers')
    print('| training videos | ' + ' | '.join(COLUMNS) + ' |')
    print('| --- ' * (1 + len(COLUMNS)) + '|')
    with tempfile.TemporaryDirectory() as folder:
        done = []
        for number, *values in rows(options.videos, options.root or Path(folder)):
            done.append((number, values))
            show(str(number), tuple(values))
    if len(done) > 1:
        (fewest, small), (most, large) = done[0], done[-1]
        show('per 1000 more', tuple(1000 * (more - less) / (most - fewest) for less, more in zip(small, large)))


if __name__ == '__main__':
    main()
