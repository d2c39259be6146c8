"""Gain of each mechanism that the package makes by hand over the plain way, on the same input in the same run.

    python benchmarks/bench_mechanisms.py --threads 1 --cpu-clock

A row per mechanism and size: medians of both ways, run in turn, and their ratio. One that gains less than a tenth where
users are has no reason to stay; the numbers that keep one stand in its docstring. The readers of pickled arrays have
their own benchmark (bench_reading.py), the packed batches too (bench_training.py).
"""
from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import rpn_plugin  # noqa: E402, F401  (registers every part)
from rpn_plugin.models.embeddings import Dropout, TemporalConv  # noqa: E402
from rpn_plugin.models.postprocessors import hard_nms, soft_nms  # noqa: E402
from rpn_plugin.structures import PackedLayout, SnippetBatch, pairwise_tiou  # noqa: E402

CLASSES = 20
LENGTHS = (75, 120, 180, 240, 300, 300, 380, 460, 620, 900)
"""Snippets of the ten videos of a batch, 3575 in all: log-normal, median 300, as on THUMOS14."""

Ways = tuple[Callable[[], Any], Callable[[], Any]]
"""Ours and the plain one."""


class PlainDropout(nn.Dropout):
    """torch's own."""


def training_step(dim: int, embedding: int, kernel: int, dropout: type[nn.Module]) -> Callable[[], None]:
    """Forward, backward and Adam of one network on one batch."""
    torch.manual_seed(0)
    model = MODELS.build(dict(
        type='WeaklySupervisedLocalizer',
        embedding=dict(type='TemporalConvEmbedding', in_channels=dim, channels=[embedding], kernel_size=kernel,
                       dropout=0.5),
        neck=dict(type='CooccurrenceGCN', num_classes=CLASSES, channels=[embedding, embedding]),
        head=dict(type='RPNHead', in_channels=embedding, attention_channels=256)))
    model.neck.set_cooccurrence(torch.zeros(CLASSES, CLASSES), 'benchmark')
    model.embedding.dropout = dropout(0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    batch = SnippetBatch.from_videos([torch.randn(length, dim) for length in LENGTHS])
    samples = [ActionDataSample().set_gt_label([index % CLASSES]) for index in range(len(LENGTHS))]

    def step() -> None:
        sum(model(dict(rgb=batch), samples, mode='loss').values()).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def mask_ways(dim: int, embedding: int, kernel: int) -> Ways:
    """Our dropout and torch's alone, forward and backward."""
    rows = torch.randn(sum(LENGTHS), embedding, requires_grad=True)
    ours, plain = Dropout(0.5), PlainDropout(0.5)
    return lambda: ours(rows).sum().backward(), lambda: plain(rows).sum().backward()


def dropout_ways(dim: int, embedding: int, kernel: int) -> Ways:
    """A training step with our dropout and with torch's."""
    return training_step(dim, embedding, kernel, Dropout), training_step(dim, embedding, kernel, PlainDropout)


def convolution_ways(dim: int, embedding: int, kernel: int) -> Ways:
    """Forward and backward of a temporal convolution on packed videos, and of ``nn.Conv1d`` on padded ones."""
    conv = TemporalConv(dim, embedding, kernel)
    plain = nn.Conv1d(dim, embedding, kernel, padding=kernel // 2)
    layout = PackedLayout(LENGTHS)
    videos = [torch.randn(length, dim) for length in LENGTHS]
    packed, padded = torch.cat(videos), nn.utils.rnn.pad_sequence(videos, batch_first=True).transpose(1, 2).contiguous()
    return (lambda: conv(packed, layout).relu().sum().backward(),
            lambda: plain(padded).relu().sum().backward())


def greedy(segments: np.ndarray, scores: np.ndarray, labels: np.ndarray, threshold: float) -> np.ndarray:
    """Hard suppression with the matrix of all overlaps, class by class."""
    kept = []
    for label in np.unique(labels):
        member = np.flatnonzero(labels == label)
        order = member[np.argsort(-scores[member], kind='stable')]
        overlaps = pairwise_tiou(segments[order], segments[order]) > threshold
        gone = np.zeros(len(order), dtype=bool)
        for place in range(len(order)):
            if not gone[place]:
                kept.append(order[place])
                gone[place + 1:] |= overlaps[place, place + 1:]
    index = np.array(sorted(kept))
    return index[np.argsort(-scores[index], kind='stable')]


def decayed(segments: np.ndarray, scores: np.ndarray, labels: np.ndarray, sigma: float, min_score: float) -> np.ndarray:
    """Gaussian Soft-NMS with one overlap row per pick, class by class; the decayed scores, best first."""
    kept = []
    for label in np.unique(labels):
        left, score = segments[labels == label], scores[labels == label].copy()
        while len(score):
            best = score.argmax()
            if score[best] < min_score:
                break
            kept.append(score[best])
            factor = np.exp(-pairwise_tiou(left[best:best + 1], left)[0]**2 / sigma)
            rest = np.arange(len(score)) != best
            left, score = left[rest], (score * factor)[rest]
    return np.sort(kept)[::-1]


def nms_ways(count: int, soft: bool) -> Ways:
    """Suppression of the proposals of one video, several of each class at every threshold."""
    rng = np.random.default_rng(0)
    start, length = rng.uniform(0, 300, count), rng.lognormal(1.5, 0.8, count)
    segments, scores, labels = np.stack([start, start + length], axis=1), rng.random(count), rng.integers(0, 4, count)
    if soft:
        ours, plain = (lambda: soft_nms(segments, scores, sigma=0.5, labels=labels)[1],
                       lambda: decayed(segments, scores, labels, 0.5, 1e-3))
        np.testing.assert_allclose(ours(), plain(), rtol=1e-9)
    else:
        ours, plain = (lambda: hard_nms(segments, scores, 0.5, labels), lambda: greedy(segments, scores, labels, 0.5))
        np.testing.assert_array_equal(ours(), plain())
    return ours, plain


def rows() -> Iterator[tuple[str, str, Callable[[], Ways]]]:
    """Name, size and ways of every row."""
    sizes = ((1024, 1024, 3), (1024, 1024, 1), (256, 512, 3), (256, 256, 3))
    for size in sizes[1:]:
        yield 'dropout alone', 'E {1}'.format(*size), partial(mask_ways, *size)
    for name, ways in (('dropout, training step', dropout_ways),
                       ('convolution of packed videos', convolution_ways)):
        for size in sizes:
            yield name, 'D {}, E {}, kernel {}'.format(*size), partial(ways, *size)
    for count in (100, 1000, 10_000):
        for kind in ('hard', 'soft'):
            yield (f'{kind} suppression by time axis', f'{count} proposals of 4 classes',
                   partial(nms_ways, count, kind == 'soft'))


def compare(name: str, size: str, ways: Ways, clock: Callable[[], float], repeats: int) -> None:
    """Run both ways in turn and print a row."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats + 1):
        for spent, way in zip(times, ways):
            begin = clock()
            way()
            spent.append(clock() - begin)
    ours, plain = (1e3 * statistics.median(spent[1:]) for spent in times)  # the first warms up
    print(f'{name:<34}{size:<34}{ours:>10.2f}{plain:>10.2f}{plain / ours:>8.2f}', flush=True)


def main() -> None:
    """Read the options, print every row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--only', default='', help='rows whose name begins with this')
    parser.add_argument('--cpu-clock', action='store_true',
                        help='count processor time, with --threads 1: for machines that others use, too')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    init_default_scope('mmaction')
    clock = time.process_time if options.cpu_clock else time.perf_counter
    print(f'python {platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}, '
          f'{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, '
          f'{"processor" if options.cpu_clock else "wall"} time in ms, medians of {options.repeats}; {len(LENGTHS)} '
          f'videos of {sum(LENGTHS)} snippets')
    print(f'{"mechanism":<34}{"size":<34}{"ours":>10}{"plain":>10}{"gain":>8}')
    for name, size, ways in rows():
        if name.startswith(options.only):
            compare(name, size, ways(), clock, options.repeats)


if __name__ == '__main__':
    main()
