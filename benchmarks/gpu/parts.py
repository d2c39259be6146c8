"""One part of the measurements on a GPU; run.sh runs them all, see there.

    python benchmarks/gpu/parts.py step --device cuda --out FOLDER --seconds 100

Rows are written as they come, so that a part that is stopped leaves what it has. On the CPU the sizes are tiny: that
rehearses the code and measures nothing.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import init_default_scope
from torch.profiler import ProfilerActivity, profile

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY), str(HERE.parent)]

Row = dict[str, Any]


class Part:
    """What a part may use: the device, the time that is left, and its results, which are on disk at once.

    Args:
        name: Of the part.
        options: Of the command line.
    """

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.device, self.path = options.device, Path(options.out) / f'{name}.json'
        self.tiny = self.device == 'cpu'
        self.ends = time.monotonic() + options.seconds
        self.results: dict[str, Any] = dict(
            part=name, rehearsal=self.tiny, **describe(self.device), tables={}, notes=[])
        self.write()

    def left(self, seconds: float) -> bool:
        """Whether so much time is left; what is left out is noted."""
        return time.monotonic() + (0 if self.tiny else seconds) < self.ends

    def add(self, table: str, rows: Iterator[Row] | list[Row]) -> None:
        """Take rows into a table as they come."""
        for row in rows:
            self.results['tables'].setdefault(table, []).append(row)
            self.write()

    def note(self, text: str) -> None:
        """Take a sentence into the results."""
        self.results['notes'].append(text)
        self.write()

    def write(self) -> None:
        """Put what there is on disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.results, indent=1))

    def wait(self) -> None:
        """Until the device is done."""
        if self.device == 'cuda':
            torch.cuda.synchronize()

    def median_sec(self, work: Callable[[], object], repeats: int = 5) -> float:
        """Median time of a call until the device is done, after two that warm up."""
        times = []
        for _ in range(2 + (1 if self.tiny else repeats)):
            self.wait()
            began = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - began)
        return statistics.median(times[2:])


def describe(device: str) -> dict[str, Any]:
    """The machine and the versions."""
    import mmengine

    import rpn_plugin
    name = torch.cuda.get_device_name() if device == 'cuda' else platform.processor() or platform.machine()
    return dict(device=name, cores=os.cpu_count(), versions=dict(
        python=platform.python_version(), torch=torch.__version__, cuda=str(torch.version.cuda), numpy=np.__version__,
        mmengine=mmengine.__version__, rpn_plugin=rpn_plugin.__version__))


def correctness(part: Part) -> None:
    """The tests marked ``cuda``, each a row."""
    import pytest

    class Collect:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.when == 'call' or report.outcome != 'passed':
                part.add('tests', [{'test': report.nodeid.split('::')[-1], 'outcome': report.outcome,
                                    's': round(report.duration, 2)}])

    os.environ['RPN_CUDA_TESTS_ON'] = part.device
    os.chdir(REPOSITORY)
    status = pytest.main(['tests/test_cuda.py', '-m', 'cuda', '-p', 'no:cacheprovider'], plugins=[Collect()])
    outcomes = [row['outcome'] for row in part.results['tables'].get('tests', [])]
    part.note(f'{outcomes.count("passed")} passed, {outcomes.count("failed")} failed, {outcomes.count("skipped")} '
              f'skipped')
    if status:
        raise SystemExit(int(status))


def profiled(part: Part, step: Callable[[], object]) -> Row:
    """Kernels launched by a step, time of the host until it has launched them, and the device's idle share."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if part.device == 'cuda' else [])]
    steps = 2 if part.tiny else 10
    for _ in range(2):
        step()
    part.wait()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    host = (time.perf_counter() - began) / steps
    part.wait()
    whole = (time.perf_counter() - began) / steps
    with profile(activities=activities) as profiler:
        step()
        part.wait()
    events = profiler.key_averages()
    kernels = [event for event in events if event.self_device_time_total > 0 and event.device_type.name == 'CUDA']
    busy = 1e-6 * sum(event.self_device_time_total for event in kernels)
    counted = kernels if part.device == 'cuda' else [event for event in events if event.key.startswith('aten::')]
    return {'kernels': sum(event.count for event in counted), 'host ms': 1e3 * host, 'ms per step': 1e3 * whole,
            'idle': max(0.0, 1 - busy / whole) if part.device == 'cuda' else None}


def step(part: Part) -> None:
    """The training step beside the other ways to batch, and what the host does meanwhile."""
    import bench_training
    dims, kernels, embeddings, batches = ((1024, 2048), (1, 3), (1024, 2048), (10, 32)) if not part.tiny else (
        (16, ), (1, 3), (8, ), (2, ))
    usual = ['--device', part.device, '--fused', '--videos', '64', '--repeats', '3']
    if part.tiny:
        usual += ['--product', '64', '--repeats', '1', '--videos', '6', '--threads', '1']
    first = [(dim, kernel, embedding, batch, precision) for precision in ('bf16', 'tf32', 'float32')
             for embedding in reversed(embeddings) for batch in reversed(batches) for kernel in reversed(kernels)
             for dim in dims]
    for number, (dim, kernel, embedding, batch, precision) in enumerate(first):
        if not part.left(12):
            part.note(f'No time was left for {len(first) - number} of {len(first)} settings, the next of them '
                      f'D = {dim}, E = {embedding}, batch {batch}, kernel {kernel}, {precision}.')
            break
        words = [*usual, '--dim', str(dim), '--precision', precision]
        compiled = not part.tiny and dim == 1024 and kernel == 3 and embedding == 2048
        options = bench_training.parser_of_options().parse_args(words + ['--compile'] * compiled)
        bench = bench_training.Bench(options)
        part.add('steps', bench_training.compare(bench, kernel, embedding, batch))
        if dim == dims[0] and kernel == 3:
            chosen = bench.order[:batch]
            for name, fused in (('packed', False), ('packed, fused Adam', True)):
                once, _ = bench_training.shipped_step(bench, kernel, embedding, fused=fused)
                part.add('host', [{'precision': precision, 'D': dim, 'E': embedding, 'batch': batch, 'way': name,
                                   **profiled(part, lambda: once(chosen))}])  # noqa: B023  (called at once)
        del bench
    if part.device == 'cuda':
        options = bench_training.parser_of_options().parse_args([*usual, '--dim', '1024'])
        bench_training.require_no_waiting(bench_training.Bench(options))
        part.note('In a step the host never waits for the device (set_sync_debug_mode).')


def schedule(part: Part) -> None:
    """The paper's schedule in wall time, and the test of 212 videos."""
    import bench_training
    import runner_profile
    words = ['--device', part.device, '--epochs', '1' if part.tiny else '3']
    options = bench_training.parser_of_options().parse_args(words)
    if part.tiny:
        runner_profile.NUM_VIDEOS, runner_profile.MEDIAN_SNIPPETS = 4, 20
    with tempfile.TemporaryDirectory() as root:
        runner_profile.write_videos(Path(root), ('rgb', 'flow'), 1024, options.spread)
        part.add('schedule', runner_profile.time_schedule(options, root))
        epoch = min(row['s per epoch'] for row in part.results['tables']['schedule'])
        iterations = -(-runner_profile.NUM_VIDEOS // 10)
        part.note(f'ActivityNet 1.2, 1000 epochs of 482 iterations, extrapolated from the fastest way: '
                  f'{1000 * 482 * epoch / iterations / 3600:.1f} h.')
        options.precision = 'bf16'
        if part.left(25):
            part.add('schedule in bf16', runner_profile.time_schedule(options, root))
        part.add('test', [runner_profile.time_testing(root, part.device, part.wait, 2 if part.tiny else 212)])


def ddp(part: Part) -> None:
    """Every path of distributed training with one process, and mAP under AMP beside float32."""
    import bench_training
    import runner_profile

    from rpn_plugin.datasets.synthetic import SyntheticSettings, write_synthetic
    with tempfile.TemporaryDirectory() as root:
        write_synthetic(Path(root) / 'data', SyntheticSettings(num_train=20, num_test=4, median_snippets=40))
        command = ['bash', 'tools/dist_train.sh', 'configs/rpn_synthetic.py', '1', '--work-dir', f'{root}/work',
                   '--cfg-options', 'train_cfg.max_epochs=2', 'train_cfg.val_interval=2',
                   'env_cfg.dist_cfg.backend=' + ('nccl' if part.device == 'cuda' else 'gloo')]
        environment = {**os.environ, 'RPN_SYNTHETIC_ROOT': f'{root}/data', 'PORT': str(20000 + os.getpid() % 10000),
                       'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'}
        began = time.monotonic()
        run = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
        print(run.stdout, run.stderr, flush=True)
        part.add('one process', [{'backend': command[-1].split('=')[1], 'status': run.returncode,
                                  's': round(time.monotonic() - began, 1)}])
    options = bench_training.parser_of_options().parse_args([])
    if part.tiny:
        options.seeds, options.few_epochs = 1, 1
    part.add('mAP in %', runner_profile.compare_precision(options))
    if run.returncode:
        raise SystemExit('the training with one process failed')


def windows_per_second(part: Part) -> Iterator[Row]:
    """Rate of the I3D backbone on RGB windows of 16 frames, by precision."""
    from bench_training import use_precision
    from mmaction.registry import MODELS
    network = MODELS.build(dict(type='InceptionI3D')).eval().to(part.device)
    number, size = (1, 32) if part.tiny else (32, 224)
    windows = torch.rand(number, 3, 16, size, size, device=part.device)
    compiled = None
    for precision in ('float32', 'tf32', 'bf16', 'bf16, compiled'):
        use_precision(precision)
        if 'compiled' in precision:
            if part.tiny or not part.left(25):
                return
            compiled = torch.compile(network)

        def encode() -> None:
            with torch.no_grad(), torch.autocast(part.device, torch.bfloat16, enabled='bf16' in precision):  # noqa: B023
                (compiled or network)(windows)  # noqa: B023

        yield {'precision': precision, 'windows per s': number / part.median_sec(encode), 'batch': number}


def decode(path: str) -> int:
    """Number of frames of a video."""
    from rpn_plugin.datasets.videos import VideoFile
    return sum(1 for _ in VideoFile(path).frames())


def extraction(part: Part) -> None:
    """The real-time factor of the whole two-stream pipeline, and of what it consists of."""
    import cv2
    from bench_extraction import write_video

    from rpn_plugin.datasets.videos import OpticalFlow, VideoFile
    part.add('network', windows_per_second(part))
    rate = max(row['windows per s'] for row in part.results['tables']['network'])
    seconds, (width, height) = (1, (64, 48)) if part.tiny else (10, (640, 360))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'video.mp4'
        write_video(path, seconds, width, height)
        decoding = {}
        for processes in (1, ) if part.tiny else (1, 8, 16):
            with ProcessPoolExecutor(processes) as pool:
                list(pool.map(decode, [str(path)] * processes))  # starts them
                began = time.perf_counter()
                list(pool.map(decode, [str(path)] * processes * 2))
                decoding[processes] = 2 * processes * seconds / (time.perf_counter() - began)
        part.add('decoding', [{'processes': number, 'x real time': factor} for number, factor in decoding.items()])
        images = [frame.image for (_, frame), _ in zip(VideoFile(path).frames(), range(4))]
    scale = 256 / min(images[0].shape[:2]) if not part.tiny else 1
    small = [cv2.resize(image, None, fx=scale, fy=scale) for image in images]
    cores = max(decoding)
    for algorithm in ('tvl1', 'dis'):
        try:
            flow = OpticalFlow(algorithm)
            each = part.median_sec(lambda: [flow(*pair) for pair in zip(small, small[1:])], 3) / 3  # noqa: B023
        except (ValueError, AttributeError, cv2.error) as error:
            part.note(f'{algorithm}: {error}')
            continue
        on_host = 1 / (1 / decoding[cores] + 25 * each / cores)
        on_device = rate / (2 * 25 / 16)
        part.add('pipeline', [{'flow': algorithm, 'ms per frame, one core': 1e3 * each, 'host, x real time': on_host,
                               'device, x real time': on_device, 'both, x real time': min(on_host, on_device),
                               'host cores': cores}])


PARTS: dict[str, Callable[[Part], None]] = dict(
    correctness=correctness, step=step, schedule=schedule, ddp=ddp, extraction=extraction)


def main() -> None:
    """Run the part that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', choices=PARTS)
    parser.add_argument('--device', default='cuda', choices=['cuda', 'cpu'])
    parser.add_argument('--out', required=True)
    parser.add_argument('--seconds', type=float, default=100, help='after which nothing new is begun')
    options = parser.parse_args()
    if options.device == 'cuda' and not torch.cuda.is_available():
        raise SystemExit('error: torch finds no GPU here; rehearse on the CPU with run.sh --rehearse.')
    if options.device == 'cpu':
        torch.set_num_threads(1)
    part = Part(options.part, options)
    init_default_scope('mmaction')
    began = time.monotonic()
    PARTS[options.part](part)
    part.results['seconds'] = round(time.monotonic() - began, 1)
    part.write()


if __name__ == '__main__':
    main()
