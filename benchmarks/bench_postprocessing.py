"""Times of the post-processing beside the loops that WTAL repositories write, on the same input in the same run.

    OMP_NUM_THREADS=1 python benchmarks/bench_postprocessing.py

Prints the medians and their ratio, and stops with an error where segments or scores differ.
"""
from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rpn_plugin.models.postprocessors import ThresholdProposals, hard_nms, soft_nms  # noqa: E402
from rpn_plugin.structures import pairwise_tiou  # noqa: E402

REPEATS = 9  # of ours; the loops run once or three times
NUM = 10_000
TIOU = 0.5
Input = tuple[np.ndarray, np.ndarray]
"""Segments in seconds (N, 2) and scores (N,)."""


def loop_proposals(sequence: np.ndarray, video_score: np.ndarray, thresholds: np.ndarray, inflation: float,
                   weight: float) -> list[tuple[int, int, int, float]]:
    """Grouping by ``np.split`` and outer-inner confidence, run by run (BaS-Net's and CoLA's ``get_proposal_oic``)."""
    scaled = (sequence - sequence.min(axis=0)) / (sequence.max(axis=0) - sequence.min(axis=0))
    low, high = sequence.min(axis=0), sequence.max(axis=0)
    found = []
    for threshold in thresholds:
        for label in range(sequence.shape[1]):
            cut = low[label] + threshold * (high[label] - low[label])
            places = np.where(sequence[:, label] >= cut)[0]
            if not len(places):
                continue
            for run in np.split(places, np.where(np.diff(places) != 1)[0] + 1):
                margin = int(np.ceil(len(run) * inflation))
                before = np.arange(max(0, run[0] - margin), run[0])
                after = np.arange(run[-1] + 1, min(len(sequence), run[-1] + 1 + margin))
                outside = np.concatenate([before, after]).astype(int)
                outer = scaled[outside, label].mean() if len(outside) else 0.0
                score = scaled[run, label].mean() - outer + weight * video_score[label]
                found.append((label, run[0], run[-1] + 1, score))
    return found


def loop_tiou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Row by row, as the evaluators' ``segment_iou``."""
    rows = []
    for start, end in first:
        inter = (np.minimum(end, second[:, 1]) - np.maximum(start, second[:, 0])).clip(0)
        rows.append(inter / ((end - start) + (second[:, 1] - second[:, 0]) - inter))
    return np.array(rows)


def loop_hard_nms(segments: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ``while order.size`` of nearly every repository, with a stable order."""
    start, end = segments.T
    order, keep = np.argsort(-scores, kind='stable'), []
    while order.size > 0:
        best, rest = order[0], order[1:]
        keep.append(best)
        inter = np.maximum(np.minimum(end[best], end[rest]) - np.maximum(start[best], start[rest]), 0)
        tiou = inter / ((end[best] - start[best]) + (end[rest] - start[rest]) - inter)
        order = rest[tiou <= TIOU]
    return np.array(keep), scores[keep]


def loop_soft_nms(segments: np.ndarray, scores: np.ndarray, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Picks one by one, decaying all that is left (BSN's ``Soft_NMS``, its inner loop in numpy)."""
    start, end, left, place = segments[:, 0], segments[:, 1], scores.copy(), np.arange(len(scores))
    keep, keep_scores = [], []
    while len(left) and left.max() >= 1e-3:
        best = left.argmax()
        keep.append(place[best])
        keep_scores.append(left[best])
        inter = np.maximum(np.minimum(end[best], end) - np.maximum(start[best], start), 0)
        tiou = inter / ((end[best] - start[best]) + (end - start) - inter)
        decay = np.exp(-tiou**2 / 0.5) if method == 'gaussian' else np.where(tiou > TIOU, 1 - tiou, 1.0)
        left = left * decay
        start, end, left, place = (np.delete(values, best) for values in (start, end, left, place))
    return np.array(keep), np.array(keep_scores)


def class_by_class(nms: Callable[..., Input], segments: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> tuple:
    """Every class by itself, then all best first."""
    kept, kept_scores = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        chosen, decayed = nms(segments[members], scores[members])
        kept.append(members[chosen])
        kept_scores.append(decayed)
    index, score = np.concatenate(kept), np.concatenate(kept_scores)
    order = np.lexsort((index, -score))
    return index[order], score[order]


def activation(length: int, classes: int) -> np.ndarray:
    """(T, C) noise smoothed at several scales: short peaks on long hills."""
    rng = np.random.default_rng(0)
    sequence = np.zeros((length, classes))
    for width in (3, 11, 41, 151):
        for label in range(classes):
            noise = rng.standard_normal(length + width - 1)
            sequence[:, label] += np.convolve(noise, np.ones(width) / width**0.5, 'valid')
    return sequence


def overlapping() -> Input:
    """Cut from a video of 6 000 snippets (64 minutes) at 400 thresholds, every n-th kept; scores made positive."""
    borders, _, scores = ThresholdProposals(thresholds=np.linspace(0.02, 0.98, 400))(activation(6000, 1), np.ones(1))
    chosen = np.linspace(0, len(borders) - 1, NUM).astype(int)
    return borders[chosen] * 0.64, (scores - scores.min() + 1e-2)[chosen]


def scattered() -> Input:
    """Little overlap: 1 to 8 s long, one per 10 s on the average."""
    rng = np.random.default_rng(0)
    start = rng.random(NUM) * NUM * 10
    return np.column_stack([start, start + rng.uniform(1, 8, NUM)]), rng.random(NUM)


def tied() -> Input:
    """A chain of equal scores in the order of time, each overlapping the next by 3/7."""
    start = np.arange(NUM) * 2.0
    return np.column_stack([start, start + 5]), np.ones(NUM)


def median_ms(function: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median time and the result."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3, result


def compare(what: str, ours: Callable[[], tuple], loop: Callable[[], tuple], loop_repeats: int = 1) -> None:
    """Print one line; index arrays must be equal, scores within 1e-12.

    Raises:
        AssertionError: If they are not.
    """
    fast, found = median_ms(ours, REPEATS)
    slow, expected = median_ms(loop, loop_repeats)
    *indices, scores = zip(found, expected)
    assert all(np.array_equal(mine, theirs) for mine, theirs in indices), f'{what}: other segments'
    difference = np.abs(scores[0] - scores[1]).max()
    assert difference <= 1e-12, f'{what}: scores differ by {difference}'
    print(f'{what:<54}{fast:>10.2f}{slow:>12.1f}{slow / fast:>9.1f}{len(scores[0]):>12}{difference:>12.1e}', flush=True)


def main() -> None:
    """Print every comparison."""
    print(f'python {platform.python_version()}, numpy {np.__version__}, torch {torch.__version__}, '
          f'{platform.processor() or platform.machine()}, {os.cpu_count()} cores, '
          f'OMP_NUM_THREADS={os.environ.get("OMP_NUM_THREADS")}; medians of {REPEATS} runs')
    inputs = {'overlapping': overlapping, 'scattered': scattered, 'tied': tied}
    print(*(f'{name}: {make.__doc__}' for name, make in inputs.items()), sep='\n')
    print(f'\n{"":<54}{"ours ms":>10}{"loop ms":>12}{"ratio":>9}{"results":>12}{"difference":>12}')

    sequence, video_score, cuts = activation(750, 20), np.linspace(0.2, 1, 20), np.linspace(0.05, 0.95, 20)
    propose = ThresholdProposals(0.1, cuts, video_weight=0.25, inflation=0.25)

    def proposals() -> tuple:
        borders, labels, scores = propose(sequence, video_score)
        return labels, borders, scores

    def by_loop() -> tuple:
        table = np.array(loop_proposals(sequence, video_score, cuts, 0.25, 0.25))
        return table[:, 0], table[:, 1:3], table[:, 3]

    compare('segments, 20 classes x 20 cuts x 750', proposals, by_loop, 3)
    segments, scores = overlapping()
    for step in (50, 10):
        few = segments[::step]
        compare(f'tIoU matrix, {len(few)} x {len(few)}', lambda: (pairwise_tiou(few, few), ),
                lambda: (loop_tiou(few, few), ), 9)
    for name, make in inputs.items():
        compare_nms(name, *make(), labels=np.zeros(NUM, dtype=np.int64))
    compare_nms('overlapping, 20 classes', segments, scores, labels=np.arange(NUM) % 20)


def compare_nms(name: str, segments: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> None:
    """Print a line for each kind of suppression; the loops go class by class."""

    def hard() -> tuple:
        kept = hard_nms(segments, scores, TIOU, labels)
        return kept, scores[kept]

    compare(f'hard NMS at {TIOU}, {NUM} {name}', hard, lambda: class_by_class(loop_hard_nms, segments, scores, labels))
    for method in ('gaussian', 'linear'):
        compare(f'soft NMS, {method}, {NUM} {name}', lambda: soft_nms(segments, scores, method, TIOU, labels=labels),
                lambda: class_by_class(partial(loop_soft_nms, method=method), segments, scores, labels))


if __name__ == '__main__':
    main()
