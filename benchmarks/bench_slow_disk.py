"""An epoch from a slow file system: workers, prefetched batches and the cache; latency and rate are simulated.

    OMP_NUM_THREADS=1 python benchmarks/bench_slow_disk.py [--latency-ms 5] [--mib-per-s 100] [--step-ms 40]

Opening a feature file waits for the latency, reading it for its size over the rate, which every process has for itself.
A training step is a wait, too, so that the numbers hold whatever else the machine does. The files are ActivityNet's in
length, two streams of D = 1024, float16, in batches of 10.
"""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from large_set import write_large_set
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rpn_plugin.datasets import LoadSnippets, PackUntrimmedInputs, UntrimmedFeatureDataset  # noqa: E402
from rpn_plugin.datasets.feature_stores import FeatureHeader, FilePerVideo  # noqa: E402

BATCH = 10


def slow_down(latency_sec: float, bytes_per_sec: float) -> None:
    """Let every store of files wait."""
    open_fast, header_fast = FilePerVideo.open, FilePerVideo.header

    def open_slowly(store: FilePerVideo, video: str) -> np.ndarray:
        array = open_fast(store, video)
        time.sleep(latency_sec + array.nbytes / bytes_per_sec)
        return array

    def header_slowly(store: FilePerVideo, video: str) -> FeatureHeader:
        time.sleep(latency_sec)
        return header_fast(store, video)

    FilePerVideo.open, FilePerVideo.header = open_slowly, header_slowly


def build(root: Path, **options: float) -> tuple[UntrimmedFeatureDataset, float]:
    """The training set and the time that it takes to build."""
    began = time.perf_counter()
    dataset = UntrimmedFeatureDataset(
        ann_file=str(root / 'annotations.json'), subset='train', pipeline=[LoadSnippets(), PackUntrimmedInputs()],
        data_prefix={stream: str(root / 'features' / stream) for stream in ('rgb', 'flow')}, **options)
    return dataset, time.perf_counter() - began


def epochs(dataset: UntrimmedFeatureDataset, workers: int, prefetch: int | None, step_sec: float) -> list[float]:
    """Seconds of two epochs."""
    loader = DataLoader(dataset, BATCH, num_workers=workers, prefetch_factor=prefetch, collate_fn=pseudo_collate,
                        persistent_workers=workers > 0)
    times = []
    for _ in range(2):
        began = time.perf_counter()
        for _ in loader:
            time.sleep(step_sec)
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--latency-ms', type=float, default=5.0)
    parser.add_argument('--mib-per-s', type=float, default=100.0)
    parser.add_argument('--step-ms', type=float, default=40.0)
    parser.add_argument('--videos', type=int, default=400)
    options = parser.parse_args()
    warnings.filterwarnings('ignore', 'This DataLoader will create')  # workers that sleep need no core each
    slow_down(1e-3 * options.latency_ms, 2**20 * options.mib_per_s)
    with tempfile.TemporaryDirectory() as folder:
        root = write_large_set(Path(folder), options.videos, 1, 1024)
        dataset, built = build(root)
        steps = len(dataset) / BATCH
        print(f'{os.cpu_count()} cores; {options.videos} videos, {options.latency_ms:g} ms per file, '
              f'{options.mib_per_s:g} MiB/s; {steps:.0f} steps of {options.step_ms:g} ms are '
              f'{1e-3 * steps * options.step_ms:.1f} s; built in {built:.1f} s')
        print('| cache | workers | batches ahead of each | first epoch, s | second epoch, s |')
        print('| --- ' * 5 + '|')
        ways = [(0, None), (2, 2), (4, 2), (8, 1), (8, 2), (8, 4)]
        for workers, prefetch in ways:
            first, second = epochs(dataset, workers, prefetch, 1e-3 * options.step_ms)
            print(f'| none | {workers} | {prefetch or "none"} | {first:.1f} | {second:.1f} |', flush=True)
        cached, built = build(root, cache_gib=8)
        first, second = epochs(cached, 0, None, 1e-3 * options.step_ms)
        print(f'| all, filled in {built:.1f} s | 0 | none | {first:.1f} | {second:.1f} |')


if __name__ == '__main__':
    main()
