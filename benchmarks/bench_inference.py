"""Time and memory of inference from features, one thread, for the model of rpn_i3d_thumos (two streams of D = 1024).

    OMP_NUM_THREADS=1 python benchmarks/bench_inference.py --hours 1 10

The network is trained for a moment on made features, so that its scores look like scores. Every run is a process of its
own: the peak of its resident memory is what the run added to that of loading the model. Stops with an error where the
video in parts and the whole give different segments, or scores more than 1e-6 apart.
"""
from __future__ import annotations

import argparse
import multiprocessing
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from mmaction.registry import MODELS  # noqa: E402
from mmaction.structures import ActionDataSample  # noqa: E402

from rpn_plugin.apis import WTALInferencer  # noqa: E402
from rpn_plugin.models import CooccurrenceGCN  # noqa: E402
from rpn_plugin.structures import StreamStatistics  # noqa: E402

STEPS = 40  # of training
WHOLE = 10**9


def make_features(length: int, directions: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, D) float32: noise, and for half of the time the direction of one of the video's classes, 12 s at once."""
    features = rng.standard_normal((length, directions.shape[1]), dtype=np.float32)
    for start in range(0, length, 38):
        features[start:start + 19] += 2 * directions[rng.choice(labels)]
    return features


def trained_model(directions: dict[str, np.ndarray], folder: Path) -> Path:
    """Checkpoint of the config's model after a few steps on made videos."""
    config = Config.fromfile(str(REPOSITORY / 'configs' / 'rpn_i3d_thumos.py'))
    model = MODELS.build(config.model)
    for module in model.modules():
        if isinstance(module, CooccurrenceGCN):
            module.set_cooccurrence(np.zeros((20, 20)), 'the benchmark')
    model.data_preprocessor.set_statistics({stream: StreamStatistics(torch.zeros(len(table)), torch.ones(()))
                                            for stream, table in directions.items()})
    optimizer, rng = torch.optim.Adam(model.parameters(), 1e-3), np.random.default_rng(0)
    for _ in range(STEPS):
        labels = rng.integers(20, size=10)
        samples = [ActionDataSample().set_gt_label([int(label)]) for label in labels]
        inputs = {stream: [torch.from_numpy(make_features(100, table, [label], rng)) for label in labels]
                  for stream, table in directions.items()}
        losses = model(**model.data_preprocessor(dict(inputs=inputs, data_samples=samples)), mode='loss')
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    path = folder / 'checkpoint.pth'
    meta = dict(classes=[f'class {label}' for label in range(20)], recipe=dict(fps=25, snippet_stride=16, window=16))
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=meta)), path)
    return path


def write_video(path: Path, length: int, directions: np.ndarray, seed: int) -> None:
    """A feature file of ``length`` snippets, of three classes, written piece by piece."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = np.lib.format.open_memmap(path, mode='w+', dtype=np.float32, shape=(length, directions.shape[1]))
    for start in range(0, length, 3800):
        rng = np.random.default_rng((seed, start))
        part = file[start:start + 3800]
        part[:] = make_features(len(part), directions, np.array([2, 7, 11]), rng)
    file.flush()


def measure(pipe, checkpoint: Path, folder: Path, chunk_snippets: int) -> None:
    """Run one video; sends CPU seconds, peak MiB before and after, detections and class activation sequence."""
    torch.set_num_threads(1)
    inferencer = WTALInferencer(str(REPOSITORY / 'configs' / 'rpn_i3d_thumos.py'), checkpoint, 'cpu',
                                chunk_snippets=chunk_snippets)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.process_time()
    sample = inferencer(folder, return_datasamples=True)['predictions'][0]
    elapsed = time.process_time() - start
    found = sample.pred_instances
    pipe.send((elapsed, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
               [found[key].numpy() for key in ('segments', 'labels', 'scores')] + [sample.pred_cas.numpy(),
                                                                                   sample.pred_score.numpy()]))


def in_own_process(*arguments: object) -> tuple:
    """Results of :func:`measure` in a fresh process."""
    context = multiprocessing.get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(sender, *arguments))
    process.start()
    result = receiver.recv()
    process.join()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description='Time and memory of inference from features.')
    parser.add_argument('--hours', type=float, nargs='+', default=[1, 10], help='lengths of the videos')
    parser.add_argument('--chunk-snippets', type=int, nargs='+', default=[2048], help='lengths of the parts')
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    init_default_scope('mmaction')
    rng = np.random.default_rng(1)
    directions = {stream: rng.standard_normal((20, 1024), dtype=np.float32) for stream in ('rgb', 'flow')}
    print(f'Python {platform.python_version()}, torch {torch.__version__}, one thread')
    print(f'{"hours":>6} {"snippets":>9} {"parts of":>9} {"CPU s":>8} {"s per hour":>11} {"peak MiB":>9} {"added":>7}')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = trained_model(directions, folder)
        for hours in options.hours:
            length, results = round(hours * 3600 / 0.64), []
            for stream, table in directions.items():
                write_video(folder / f'{hours}' / stream / 'video.npy', length, table, seed=len(stream))
            for chunk in (WHOLE, *options.chunk_snippets):
                seconds, before, peak, result = in_own_process(checkpoint, folder / f'{hours}', chunk)
                results.append(result)
                print(f'{hours:>6g} {length:>9} {"the whole" if chunk == WHOLE else chunk:>9} {seconds:>8.2f} '
                      f'{seconds / hours:>11.2f} {peak:>9.0f} {peak - before:>7.0f}')
            for part in results[1:]:
                compare(results[0], part)


def compare(whole: list[np.ndarray], parts: list[np.ndarray]) -> None:
    """Stop where they differ."""
    if any(not np.array_equal(first, second) for first, second in zip(whole[:2], parts[:2])):
        raise SystemExit(f'error: other segments or labels ({len(whole[0])} and {len(parts[0])} detections)')
    differences = [float(np.abs(first - second).max(initial=0)) for first, second in zip(whole[2:], parts[2:])]
    print(f'       {len(whole[0])} detections, the same segments and labels; largest difference of scores '
          f'{differences[0]:.1e}, of the class activation sequence {differences[1]:.1e}, of the class scores '
          f'{differences[2]:.1e}')
    if max(differences) > 1e-6:
        raise SystemExit('error: a difference above 1e-6')


if __name__ == '__main__':
    main()
