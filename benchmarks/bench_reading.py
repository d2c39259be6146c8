"""Reading a THUMOS14-sized set: ours beside loading W-TALC's one object array, each in a process of its own.

    python benchmarks/bench_reading.py [--videos 412] [--gib 1.3] [--folder DIR]

Makes the set (needs three times its size on disk) and converts it. Prints the time and memory of opening the object
array alone; then the median time from nothing to the first item and of an epoch after it, and the peak memory:
resident, and of that the part that is the process's own rather than pages of files that the system can drop.
"""
from __future__ import annotations

import argparse
import json
import multiprocessing
import pickle
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

REPEATS = 5
WIDTH = 2048


def memory_kib(field: str) -> int:
    """A line of /proc/self/status."""
    text = Path('/proc/self/status').read_text()
    return int(text.split(f'{field}:')[1].split()[0])


class OwnMemory(threading.Thread):
    """Watches the most of its own memory that this process holds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_kib = 0
        self.start()

    def run(self) -> None:
        while True:
            self.peak_kib = max(self.peak_kib, memory_kib('RssAnon'))
            time.sleep(0.002)


def object_array(root: Path) -> Iterator[np.ndarray]:
    """Dataset in the way of W-TALC: everything is loaded at the start."""
    features = np.load(root / 'joint.npy', allow_pickle=True)
    while True:
        for array in features:
            yield from (np.array(array[:, :1024]), np.array(array[:, 1024:]))


def ours(root: Path, **config: object) -> Iterator[np.ndarray]:
    """Items of our dataset, through its pipeline."""
    from rpn_plugin.datasets import LoadSnippets, PackUntrimmedInputs, UntrimmedFeatureDataset
    dataset = UntrimmedFeatureDataset(subset='train', pipeline=[LoadSnippets(), PackUntrimmedInputs()], **config)
    while True:
        for index in range(len(dataset)):
            yield from dataset[index]['inputs'].values()


def in_place(root: Path) -> Iterator[np.ndarray]:
    place = str(root / 'joint.npy')
    return ours(root, ann_file=str(root / 'annotations.json'), data_prefix=dict(rgb=place, flow=place),
                columns=dict(rgb=(0, 1024), flow=(1024, 2048)))


def converted(root: Path, name: str, **config: object) -> Iterator[np.ndarray]:
    folder = root / name
    return ours(root, ann_file=str(folder / 'annotations.json'), **config,
                data_prefix={stream: str(folder / 'features' / stream) for stream in ('rgb', 'flow')})


class RestrictedUnpickler(pickle.Unpickler):
    """The library's unpickler, which may call nothing but what arrays are made by."""

    def find_class(self, module: str, name: str) -> Callable:
        if name not in ('_reconstruct', 'ndarray', 'dtype') or module.split('.')[0] != 'numpy':
            raise pickle.UnpicklingError(f'{module}.{name}')
        return super().find_class(module, name)


def restricted(path: Path) -> np.ndarray:
    with path.open('rb') as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        return RestrictedUnpickler(file).load()


def interpreted(path: Path) -> list:
    from rpn_plugin.datasets.formats.object_arrays import read_object_array
    return read_object_array(path)


OPENERS: dict[str, Callable[[Path], Sequence]] = {
    'numpy.load, which runs code': lambda path: np.load(path, allow_pickle=True),
    'a restricted pickle.Unpickler': restricted,
    'ours, PickleMachine': interpreted,
}


def measure_opening(name: str, path: Path, results: Connection) -> None:
    """Open the object array in a fresh process; imports are not counted."""
    import rpn_plugin.datasets  # noqa: F401
    before, watch, start = memory_kib('RssAnon'), OwnMemory(), time.perf_counter()
    arrays = OPENERS[name](path)
    seconds = time.perf_counter() - start
    results.send((seconds, max(watch.peak_kib, memory_kib('RssAnon')) - before, len(arrays)))


READERS: dict[str, Callable[[Path], Iterator[np.ndarray]]] = {
    'one object array, as W-TALC': object_array,
    'ours, that file in place': in_place,
    'ours, converted, float32': lambda root: converted(root, 'float32'),
    'ours, converted, float16': lambda root: converted(root, 'float16'),
    'ours, float16, cached': lambda root: converted(root, 'float16', cache_gib=8),
}


def measure(name: str, root: Path, arrays: int, results: Connection) -> None:
    """One reader in a fresh process; imports are not counted."""
    import rpn_plugin.datasets  # noqa: F401
    before = memory_kib('RssAnon')
    watch, start = OwnMemory(), time.perf_counter()
    reader = READERS[name](root)
    total = float(next(reader)[0, 0])
    opened, epochs = time.perf_counter() - start, []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(arrays):
            total += float(next(reader)[0, 0])
        epochs.append(time.perf_counter() - start)
    results.send((opened, statistics.median(epochs), memory_kib('VmHWM'), watch.peak_kib - before))


def make(root: Path, videos: int, gib: float) -> None:
    """Write ``joint.npy`` and its annotations: log-normal lengths that fill the size."""
    rng = np.random.default_rng(0)
    lengths = rng.lognormal(0, 0.8, videos)
    lengths = np.maximum(10, lengths / lengths.sum() * gib * 2**30 / (4 * WIDTH)).astype(int)
    arrays = np.empty(videos, dtype=object)
    for index, length in enumerate(lengths):
        arrays[index] = rng.standard_normal((length, WIDTH), dtype=np.float32)
    np.save(root / 'joint.npy', arrays, allow_pickle=True)
    database = {f'video_{index:04d}': dict(subset='train', duration=0.64 * int(length), labels=['Diving'])
                for index, length in enumerate(lengths)}
    (root / 'annotations.json').write_text(json.dumps(dict(
        classes=['Diving'], feature=dict(fps=25, snippet_stride=16), database=database)))


def convert_it(root: Path, dtype: str, results: Connection) -> None:
    from rpn_plugin.datasets.conversion import Conversion, convert
    before, watch, start = memory_kib('RssAnon'), OwnMemory(), time.perf_counter()
    place = str(root / 'joint.npy')
    convert(Conversion('plugin', str(root / 'annotations.json'), dict(rgb=place, flow=place),
                       columns=dict(rgb=(0, 1024), flow=(1024, 2048)), dtype=dtype), root / dtype)
    results.send((time.perf_counter() - start, watch.peak_kib - before))


def in_process(function: Callable, *arguments: object) -> tuple:
    """Result that a function sends into the connection that it gets as its last argument."""
    context = multiprocessing.get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=function, args=(*arguments, sender))
    process.start()
    sender.close()
    answer = receiver.recv()
    process.join()
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--videos', type=int, default=412)
    parser.add_argument('--gib', type=float, default=1.3)
    parser.add_argument('--folder', help='where to make the set; default a temporary folder')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        root = Path(folder)
        make(root, options.videos, options.gib)
        print(f'python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}; {options.videos} '
              f'videos, {(root / "joint.npy").stat().st_size / 2**30:.2f} GiB as float32; files in the page cache; '
              f'epochs are medians of {REPEATS}')
        for dtype in ('float32', 'float16'):
            seconds, own = in_process(convert_it, root, dtype)
            print(f'conversion to {dtype}: {seconds:.1f} s, own memory {own / 1024:.0f} MiB')
        print(f'{"opening the one object array":30}{"s":>14}{"own MiB":>10}')
        for name in OPENERS:
            seconds, own, _ = in_process(measure_opening, name, root / 'joint.npy')
            print(f'{name:30}{seconds:14.3f}{own / 1024:10.1f}')
        print(f'{"":30}{"first item s":>14}{"epoch s":>10}{"peak RSS MiB":>14}{"of it own MiB":>15}')
        for name in READERS:
            opened, epoch, peak, own = in_process(measure, name, root, 2 * options.videos)
            print(f'{name:30}{opened:14.2f}{epoch:10.2f}{peak / 1024:14.0f}{own / 1024:15.0f}', flush=True)


if __name__ == '__main__':
    main()
