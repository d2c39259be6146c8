"""Time and memory of training as the data grows, on made features that are mapped from disk.

    OMP_NUM_THREADS=1 python benchmarks/bench_growth.py [--videos 200 2000 10000]

Trains two epochs of configs/rpn_synthetic.py per size, in a process of its own with two dataloader workers, and prints
the second. Memory is what the process alone has (private dirty pages, so without the page cache that holds the mapped
files and without what forked processes share) and, beside it, the peak of all that it ever had mapped (VmHWM).

On a CPU the main process grows with the number of steps until oneDNN has cached 1024 convolutions, one per number of
snippets in a batch, whatever the number of videos: ONEDNN_PRIMITIVE_CACHE_CAPACITY=16 shows the growth without them.
"""
from __future__ import annotations

import argparse
import gc
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
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import rpn_plugin  # noqa: E402
from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic  # noqa: E402

NUM_WORKERS = 2
EPOCHS = 2
MIB = 2**20


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


def measure(root: str, sender: Connection) -> None:
    """Train on the videos under ``root`` and send one row of the table."""
    torch.set_num_threads(1)
    os.environ['RPN_SYNTHETIC_ROOT'] = root
    config = Config.fromfile(REPOSITORY / 'configs' / 'rpn_synthetic.py')
    config.merge_from_dict(dict(
        work_dir=f'{root}/work', log_level='ERROR', randomness=dict(seed=0), val_cfg=None, val_dataloader=None,
        val_evaluator=None, train_cfg=dict(max_epochs=EPOCHS), default_hooks=dict(checkpoint=None),
        train_dataloader=dict(num_workers=NUM_WORKERS, persistent_workers=True, dataset=dict(cache_gib=0.0))))
    runner, watch = Runner.from_cfg(config), Watch()
    runner.register_hook(watch)
    DATASETS.get('UntrimmedFeatureDataset')  # imports the host's datasets
    gc.freeze()  # MMEngine collects garbage for every dataset; what was imported stays out of it
    began = time.perf_counter()
    loader = dict(config.train_dataloader, worker_init_fn=dict(type=collect_garbage))
    runner._train_dataloader = runner.build_dataloader(loader, seed=0)
    build_sec = time.perf_counter() - began
    runner.train()
    sender.send((build_sec, float(np.median(watch.seconds)), watch.epoch_sec, watch.main, watch.main_peak, watch.worker,
                 watch.worker_peak))


def rows(numbers: list[int], settings: dict[str, Any]) -> Iterator[tuple[float, ...]]:
    """Number of videos, MiB on disk and what :func:`measure` sends, per size."""
    context = multiprocessing.get_context('spawn')
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            write_synthetic(Path(folder) / 'data', SyntheticSettings(num_train=number, num_test=1, **settings))
            size = sum(path.stat().st_size for path in Path(folder).rglob('*.npy')) / MIB
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=measure, args=(f'{folder}/data', sender))
            process.start()
            yield number, size, *receiver.recv()
            process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--videos', type=int, nargs='+', default=[200, 2000, 10_000])
    settings = dict(feature_dim=64, median_snippets=120)
    numbers = parser.parse_args().videos
    print(f'Python {platform.python_version()}, torch {torch.__version__}, mmengine {mmengine.__version__}, rpn_plugin '
          f'{rpn_plugin.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; made features {settings}, '
          f'two streams, float16, mapped from disk, batches of 10, {NUM_WORKERS} workers')
    print('| videos | features, MiB | dataset built, s | iteration, ms (median) | epoch, s | main process alone, MiB | '
          'its peak, MiB | worker alone, MiB | its peak, MiB |')
    print('| --- ' * 9 + '|')
    for number, size, build, iteration, epoch, *memory in rows(numbers, settings):
        print(f'| {number} | {size:.0f} | {build:.2f} | {1000 * iteration:.1f} | {epoch:.1f} | '
              + ' | '.join(f'{mib:.0f}' for mib in memory) + ' |', flush=True)


if __name__ == '__main__':
    main()
