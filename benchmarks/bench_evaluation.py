"""Speed and exactness of the evaluation beside MMAction2's ActivityNetLocalization, on the same input in the same run.

python benchmarks/bench_evaluation.py --data ../shared/data

The ground truths are those of THUMOS14's test set and of ActivityNet 1.2's validation set; the detections are random
ones around them with scores that are all different and no tIoU that single precision, MMAction2's, would misjudge.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmaction
import numpy as np
from mmaction.evaluation.functional import eval_detection

from rpn_plugin.evaluation import GroundTruth, Protocol
from rpn_plugin.evaluation.functional import LocalizationResult, evaluate_localization
from rpn_plugin.evaluation.protocols import linear_grid
from rpn_plugin.evaluation.results_file import read_detections
from rpn_plugin.structures import pairwise_tiou


def made_detections(database: dict[str, Any], number: int, rng: np.random.Generator) -> dict[str, list]:
    """Make ActivityNet-style results: half of each video's detections near an instance, half anywhere, labels mixed."""
    classes = sorted({entry['label'] for video in database.values() for entry in video['annotations']})
    scores = rng.permutation(len(database) * number) / (len(database) * number)
    results = {}
    for place, (name, video) in enumerate(database.items()):
        instances = video['annotations'] or [dict(label=str(rng.choice(classes)), segment=[0.0, video['duration']])]
        near = rng.integers(len(instances), size=number)
        base = np.array([instances[index]['segment'] for index in near], dtype=np.float64)
        length = np.maximum(base[:, 1:] - base[:, :1], 1.0)  # an empty copy of an empty instance is 0/0 there: a match
        around = base + rng.normal(0, 0.3, (number, 2)) * length
        anywhere = rng.uniform(0, max(video['duration'], 1.0), (number, 2))
        segments = np.sort(np.where(rng.random((number, 1)) < 0.5, around, anywhere), axis=1)
        labels = [instances[index]['label'] if right else str(rng.choice(classes))
                  for index, right in zip(near, rng.random(number) < 0.8)]
        own = scores[place * number:(place + 1) * number]
        results[name] = [dict(label=label, segment=segment, score=score)
                         for label, segment, score in zip(labels, segments.tolist(), own.tolist())]
        _decide(results[name], video['annotations'])
    return results


def _decide(found: list[dict], instances: list[dict]) -> None:
    """Give detections whose match hangs on the last bits of a tIoU the segment and label of others.

    MMAction2 has tIoU in single precision, and which of two equally overlapped instances it takes depends on its
    sorting algorithm. Such are detections that hold two instances of the same length, and tIoUs within 5e-7 of a
    multiple of 0.05.
    """
    if not instances:
        return
    borders = np.array([entry['segment'] for entry in instances], dtype=np.float64)
    same = np.array([[one['label'] == other['label'] for other in instances] for one in found])
    tiou = np.sort(np.where(same, pairwise_tiou(np.array([one['segment'] for one in found]), borders), 0.0), axis=1)
    tied = (np.diff(tiou, axis=1) <= 1e-6) & (tiou[:, 1:] > 0.01)
    at_threshold = (np.abs(20 * tiou - np.rint(20 * tiou)) <= 1e-5) & (tiou > 0.01)
    undecided = tied.any(axis=1) | at_threshold.any(axis=1)
    for row, other in zip(np.flatnonzero(undecided), np.resize(np.flatnonzero(~undecided), undecided.sum())):
        found[row].update(label=found[other]['label'], segment=found[other]['segment'])


def timed(function: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the median of the seconds and the last outcome."""
    seconds, outcome = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        outcome = function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), outcome


def largest_difference(result: LocalizationResult, theirs: eval_detection.ActivityNetLocalization) -> float:
    """Return the largest difference of AP; their columns are in the order of first appearance."""
    columns = [theirs.activity_index[name] for name in result.classes]
    return float(np.abs(theirs.ap[:, columns].T - result.average_precision).max())


def compare(title: str, database: dict[str, Any], number: int, thresholds: tuple[float, ...], repeats: int,
            folder: Path) -> None:
    """Print one block."""
    results = made_detections(database, number, np.random.default_rng(0))
    paths = {name: str(folder / f'{name}.json') for name in ('found', 'truth', 'truth_for_mmaction')}
    prefixed = {f'v_{name}': video for name, video in database.items()}  # MMAction2 cuts two characters off
    for name, content in (('found', dict(results=results)), ('truth', dict(database=database)),
                          ('truth_for_mmaction', prefixed)):
        Path(paths[name]).write_text(json.dumps(content))
    protocol = Protocol('bench', thresholds, thresholds)
    found, truth = read_detections(paths['found']), GroundTruth.read(paths['truth']).segments
    ours, result = timed(lambda: evaluate_localization(found, truth, protocol), max(repeats, 5))
    ours_files, _ = timed(lambda: evaluate_localization(
        read_detections(paths['found']), GroundTruth.read(paths['truth']).segments, protocol), repeats)
    tracemalloc.start()
    evaluate_localization(found, truth, protocol)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    def load() -> eval_detection.ActivityNetLocalization:
        return eval_detection.ActivityNetLocalization(paths['truth_for_mmaction'], paths['found'],
                                                      np.array(thresholds))

    theirs_load, theirs = timed(load, repeats)
    theirs_seconds, _ = timed(theirs.evaluate, repeats)
    print(f'{title}: {len(database)} videos, {sum(map(len, results.values()))} detections, '
          f'{result.num_instances.sum()} instances of {len(result.classes)} classes, {len(thresholds)} thresholds '
          f'{thresholds[0]:g}..{thresholds[-1]:g}')
    print(f'  mMAP ours {result.average_map:.12f}, MMAction2 {theirs.average_mAP:.12f}')
    print(f'  evaluation   ours {ours:8.3f} s   MMAction2 {theirs_seconds:8.3f} s   ratio {theirs_seconds / ours:6.1f}')
    print(f'  from files   ours {ours_files:8.3f} s   MMAction2 {theirs_load + theirs_seconds:8.3f} s   '
          f'ratio {(theirs_load + theirs_seconds) / ours_files:6.1f}')
    print(f'  largest AP difference {largest_difference(result, theirs):.2e}')
    print(f'  peak memory of our evaluation {peak / 2**20:.0f} MiB above its input')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, default=os.environ.get('RPN_SHARED_DATA', '../shared/data'),
                        help='folder with eval-cases/ and activitynet12/')
    parser.add_argument('--repeats', type=int, default=3, help='medians are over so many runs')
    options = parser.parse_args()
    thumos = json.loads((options.data / 'eval-cases/thumos_jitter.ground_truth.json').read_text())['database']
    activitynet = json.loads(
        (options.data / 'activitynet12/activity_net.v1-2.min-missing-removed.json').read_text())['database']
    validation = {name: video for name, video in activitynet.items() if video['subset'] == 'validation'}
    print(f'python {platform.python_version()}, numpy {np.__version__}, mmaction2 {mmaction.__version__}, '
          f'{platform.machine()}; medians of {options.repeats} runs (of at least 5 for ours)')
    with tempfile.TemporaryDirectory() as folder:
        compare('THUMOS14', thumos, 500, linear_grid(0.1, 0.9, 9), options.repeats, Path(folder))
        compare('ActivityNet 1.2', validation, 200, linear_grid(0.5, 0.95, 10), options.repeats, Path(folder))


if __name__ == '__main__':
    main()
