"""The whole RPN training step beside other ways to batch videos of different lengths, and what surrounds it.

    python benchmarks/bench_training.py --threads 2
    python benchmarks/bench_training.py --device cuda --compile --precision bf16
    python benchmarks/bench_training.py --method all --cpu-clock --threads 1
    python benchmarks/bench_training.py --method cola rskp --settings custom --dim 256 --repeats 1

With ``--method`` the steps of other methods are timed, beside the same method on padded videos and video by video.
Else sections (``--only``): ``steps`` times forward, losses, backward and optimizer of the shipped packed step, of the
paper's loop and of padded batches (``reference_rpn.py``) in useful arithmetic: the FLOPs of the matrix products on real
snippets over time, divided by the rate of one large matrix product of the same precision in the same run.
``iteration`` profiles the host's runner: what is not the step. ``schedule`` times a two-stream THUMOS14-shaped training
by the runner, on files and, on a GPU, with features resident there, and extrapolates to 1000 epochs. ``precision``
compares the mAP of float32 and bf16 training on the synthetic set; it is not among the sections that run by themselves.
"""
from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import mmengine
import numpy as np
import torch
from mmengine.registry import init_default_scope
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import method_steps  # noqa: E402
import runner_profile  # noqa: E402
from mmaction.registry import MODELS  # noqa: E402
from mmaction.structures import ActionDataSample  # noqa: E402
from reference_rpn import ReferenceRPN, bucketed  # noqa: E402

from rpn_plugin.structures import SnippetBatch  # noqa: E402

ATTENTION, CLASSES, ALPHA, POOL = 256, 20, 0.05, 200
Step = Callable[[Sequence[int]], Tensor]
"""Trains on the videos of these indices and returns the loss."""


class Bench:
    """Videos, clock and the large matrix product that everything is divided by.

    Args:
        options: Of the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = torch.device(options.device)
        rng = np.random.default_rng(0)
        drawn = rng.lognormal(np.log(300), options.spread, POOL)
        self.lengths = drawn.clip(10, 2000).astype(int).tolist()
        self.order = rng.permutation(POOL).tolist()
        generator = torch.Generator().manual_seed(0)
        features = torch.randn(max(self.lengths), options.dim, generator=generator)
        self.videos = [features[:length].to(self.device).clone() for length in self.lengths]
        classes = [rng.choice(CLASSES, 1 + index % 5 // 4, replace=False).tolist() for index in range(POOL)]
        self.samples = [ActionDataSample().set_gt_label(index) for index in classes]
        self.labels = torch.stack([torch.zeros(CLASSES).index_fill(0, torch.tensor(index), 1.0) for index in classes])
        self.labels = self.labels.to(self.device)
        use_precision(options.precision)
        size = options.product or (8192 if self.device.type == 'cuda' else 2048)
        kind = torch.bfloat16 if options.precision == 'bf16' else torch.float32
        self.factor, self.product = (torch.randn(size, size, device=self.device, dtype=kind) for _ in range(2))

    def seconds(self, work: Callable[[], object]) -> float:
        """Time of one call, until the device is done."""
        clock = time.process_time if self.options.cpu_clock else time.perf_counter
        self._wait()
        begin = clock()
        work()
        self._wait()
        return clock() - begin

    def product_rate(self) -> float:
        """FLOP/s of the large product of the precision that is measured."""
        times = [self.seconds(lambda: torch.mm(self.factor, self.factor, out=self.product)) for _ in range(3)]
        return 2 * len(self.factor)**3 / statistics.median(times)

    def useful_flops(self, chosen: Sequence[int], kernel: int, embedding: int) -> float:
        """FLOPs of the matrix products of a step on real snippets; the features need no gradient."""
        convolution = 2 * kernel * self.options.dim * embedding
        rest = 3 * (embedding * ATTENTION + ATTENTION + embedding * CLASSES)
        return 2.0 * sum(self.lengths[index] for index in chosen) * (convolution + rest)

    def batches(self, size: int, similar: bool) -> list[list[int]]:
        """Some batches of the pool: random ones, or every so-many-th of those of similar length."""
        number = min(POOL // size, max(3, self.options.videos // size))
        if not similar:
            return [self.order[start * size:(start + 1) * size] for start in range(number)]
        buckets = bucketed(self.lengths, size)[:POOL // size]
        return [buckets[place] for place in np.linspace(0, len(buckets) - 1, number).round().astype(int)]

    def autocast(self) -> object:
        """bf16 where asked for."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.options.precision == 'bf16' else nullcontext()

    def _wait(self) -> None:
        if self.device.type == 'cuda':
            torch.cuda.synchronize()


def use_precision(precision: str) -> None:
    """Let matrix products and convolutions of float32 on a GPU round to TF32, or not."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != 'float32'


def shipped_step(bench: Bench, kernel: int, embedding: int, compiled: bool = False,
                 fused: bool = False) -> tuple[Step, nn.Module]:
    """The packed step of ``WeaklySupervisedLocalizer``."""
    options = bench.options
    model = MODELS.build(dict(
        type='WeaklySupervisedLocalizer',
        embedding=dict(type='TemporalConvEmbedding', in_channels=options.dim, channels=[embedding], kernel_size=kernel,
                       dropout=options.dropout),
        neck=dict(type='CooccurrenceGCN', num_classes=CLASSES, channels=[embedding, embedding], init_gain=0.1),
        head=dict(type='RPNHead', in_channels=embedding, attention_channels=ATTENTION,
                  loss_clu=dict(type='ClusteringLoss', loss_weight=ALPHA))))
    model.neck.set_cooccurrence(torch.zeros(CLASSES, CLASSES), 'benchmark')
    model.to(bench.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=fused or None)
    if compiled:
        model.embedding, model.head.attention = (torch.compile(part, dynamic=True)
                                                 for part in (model.embedding, model.head.attention))

    def step(chosen: Sequence[int]) -> Tensor:
        with bench.autocast():
            batch = SnippetBatch.from_videos([bench.videos[index] for index in chosen])
            losses = model(dict(rgb=batch), [bench.samples[index] for index in chosen], mode='loss')
        loss = sum(losses.values())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    return step, model


def reference_step(bench: Bench, model: nn.Module, kernel: int, embedding: int, way: str) -> Step:
    """The step of ``ReferenceRPN``, starting from the weights of ``model``."""
    options = bench.options
    network = ReferenceRPN(options.dim, embedding, ATTENTION, torch.zeros(CLASSES, CLASSES), kernel, options.dropout,
                           ALPHA).to(bench.device)
    network.copy_from(model)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step(chosen: Sequence[int]) -> Tensor:
        with bench.autocast():
            loss = getattr(network, way)([bench.videos[index] for index in chosen], bench.labels[list(chosen)])
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def ways_to_batch(bench: Bench, kernel: int, embedding: int, size: int) -> dict[str, tuple[Step, bool]]:
    """Every way by its name: the step, and whether its batches are of similar videos."""
    packed, model = shipped_step(bench, kernel, embedding)
    ways = {'packed (ours)': (packed, False)}
    if bench.options.fused:
        ways['packed, fused Adam'] = (shipped_step(bench, kernel, embedding, fused=True)[0], False)
    if bench.options.compile:
        ways['packed, compiled'] = (shipped_step(bench, kernel, embedding, compiled=True)[0], False)
    for name, way, similar in (('loop, accumulated (paper)', 'loop', False), ('padded, masked', 'padded', False),
                               ('padded, bucketed', 'padded', True)):
        if size > 1 or way == 'loop':
            ways[name] = (reference_step(bench, model, kernel, embedding, way), similar)
    return ways


def compare(bench: Bench, kernel: int, embedding: int, size: int) -> list[dict[str, object]]:
    """A row per way to batch: medians over the repeats, each over the same number of videos."""
    ways = ways_to_batch(bench, kernel, embedding, size)
    batches = {similar: bench.batches(size, similar) for similar in (False, True)}
    shares: dict[str, list[float]] = {name: [] for name in ways}
    steps: dict[str, list[float]] = {name: [] for name in ways}
    for step, similar in ways.values():
        for chosen in batches[similar][:2]:
            step(chosen)  # warm up
    for _ in range(bench.options.repeats):
        for name, (step, similar) in ways.items():
            rates = [bench.product_rate()]
            times = [bench.seconds(partial(step, chosen)) for chosen in batches[similar]]
            rates.append(bench.product_rate())
            flops = sum(bench.useful_flops(chosen, kernel, embedding) for chosen in batches[similar])
            shares[name].append(flops / sum(times) / statistics.mean(rates))
            steps[name].append(sum(times) / len(times))
    rows: list[dict[str, object]] = []
    for name, (_, similar) in ways.items():
        real = sum(bench.lengths[index] for chosen in batches[similar] for index in chosen)
        filled = sum(len(chosen) * max(bench.lengths[index] for index in chosen) for chosen in batches[similar])
        low, *_, high = sorted(shares[name]) * 2
        rows.append({
            'precision': bench.options.precision, 'D': bench.options.dim, 'kernel': kernel, 'E': embedding,
            'batch': size, 'way': name, 'ms per step': 1e3 * statistics.median(steps[name]),
            'snippets': real / len(batches[similar]),
            'padding': 1 - real / filled if name.startswith('padded') else 0.0,
            'useful': statistics.median(shares[name]), 'from': low, 'to': high})
    return rows


def print_rows(rows: Sequence[dict[str, object]]) -> None:
    """Print lines of the table of steps."""
    for row in rows:
        print('{kernel:>6}{E:>6}{batch:>6}  {way:<27}{ms per step:>10.1f}{snippets:>10.0f}{padding:>9.0%}{useful:>9.2f}'
              '   {from:.2f} to {to:.2f}'.format(**row), flush=True)


def run_steps(bench: Bench) -> None:
    """The table of steps."""
    options = bench.options
    print(f'\nTraining step, D = {options.dim}, {CLASSES} classes, attention {ATTENTION}, dropout '
          f'{options.dropout}, Adam, {options.precision}; {POOL} videos of log-normal '
          f'length (median 300, spread {options.spread}), {min(bench.lengths)} to {max(bench.lengths)} snippets; '
          f'medians of {options.repeats} repeats')
    print(f'One product of {len(bench.factor)}^3: {bench.product_rate() / 1e9:.0f} GFLOP/s')
    print(f'{"kernel":>6}{"E":>6}{"batch":>6}  {"":<27}{"ms/step":>10}{"snippets":>10}{"padding":>9}{"useful":>9}'
          f'   from to')
    for kernel in options.kernels:
        for embedding in options.embeddings:
            for size in options.batches:
                print_rows(compare(bench, kernel, embedding, size))
    if bench.device.type == 'cuda':
        require_no_waiting(bench)
        print('In a shipped step the host never waits for the device')


def require_no_waiting(bench: Bench) -> None:
    """Fail where the host waits for the device in a shipped step, in its second one at the latest."""
    step, _ = shipped_step(bench, 3, 256)
    step(bench.order[:10])
    torch.cuda.set_sync_debug_mode('error')
    try:
        step(bench.order[10:20])
    finally:
        torch.cuda.set_sync_debug_mode('default')


def parser_of_options() -> argparse.ArgumentParser:
    """The options, which benchmarks/gpu has, too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', default=['steps', 'iteration', 'schedule'],
                        choices=['steps', 'iteration', 'schedule', 'precision'])
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads(), help='of torch on a CPU')
    parser.add_argument('--dim', type=int, default=1024, help='D, the width of the features')
    parser.add_argument('--embeddings', type=int, nargs='+', default=[1024], help='E, each in turn')
    parser.add_argument('--kernels', type=int, nargs='+', default=[1, 3])
    parser.add_argument('--batches', type=int, nargs='+', default=[1, 10, 32], help='videos per batch')
    parser.add_argument('--videos', type=int, default=60, help='videos that a repeat trains on, at least three batches')
    parser.add_argument('--spread', type=float, default=0.7, help='standard deviation of the log length')
    parser.add_argument('--dropout', type=float, default=0.2)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--precision', default='float32', choices=['float32', 'tf32', 'bf16'],
                        help='bf16 is autocast, in every section; tf32 is of GPUs')
    parser.add_argument('--product', type=int, default=0, help='size of the large product; 0 chooses by the device')
    parser.add_argument('--fused', action='store_true', help='also time the step with a fused Adam')
    parser.add_argument('--compile', action='store_true', help='also time the step through torch.compile')
    parser.add_argument('--cpu-clock', action='store_true',
                        help='count processor time, with --threads 1: for machines that others use, too')
    parser.add_argument('--epochs', type=int, default=2, help='of iteration and schedule, after one to warm up')
    parser.add_argument('--seeds', type=int, default=3, help='of precision')
    parser.add_argument('--few-epochs', type=int, default=0, help='of precision, instead of the whole schedule')
    method_steps.add_options(parser)
    return parser


def main() -> None:
    """Read the options, print every section."""
    options = parser_of_options().parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    init_default_scope('mmaction')
    name = torch.cuda.get_device_name() if options.device == 'cuda' else platform.processor() or platform.machine()
    print(f'python {platform.python_version()}, torch {torch.__version__}, mmengine {mmengine.__version__}, numpy '
          f'{np.__version__}, {name}, {os.cpu_count()} cores, {options.threads} threads, load '
          f'{os.getloadavg()[0]:.1f}, {"processor" if options.cpu_clock else "wall"} time')
    if options.method:
        options.dim = 2048 if options.settings == 'published' else options.dim
        method_steps.run_methods(Bench(options))
        return
    if 'steps' in options.only:
        run_steps(Bench(options))
    if 'iteration' in options.only:
        runner_profile.print_iteration(options)
    if 'schedule' in options.only:
        runner_profile.print_schedule(options)
    if 'precision' in options.only:
        runner_profile.print_precision(options)


if __name__ == '__main__':
    main()
