"""A set of ActivityNet's size on disk: files of full length that are mostly holes, which take no room."""
from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

CLASSES = [f'class {label}' for label in range(100)]
STREAMS = ('rgb', 'flow')
FPS, STRIDE = 25, 16
MEDIAN_SEC, SPREAD, LONGEST_SEC = 105.0, 0.6, 900.0
"""Of log-normal durations: ActivityNet 1.2's are 117 s on average."""
ROWS_PER_PAGE, PAGES = 2, 8
"""Snippets of noise that are written at once, and so many times as many are holes, which read as zeros."""


def write_large_set(root: Path, train: int, test: int, dim: int) -> Path:
    """Write annotations and two streams of float16 features of D = ``dim`` under ``root``; return ``root``."""
    rng = np.random.default_rng(0)
    noise = np.abs(rng.standard_normal((64, ROWS_PER_PAGE, dim))).astype(np.float16)
    database = {}
    for stream in STREAMS:
        (root / 'features' / stream).mkdir(parents=True, exist_ok=True)
    for subset, number in (('train', train), ('test', test)):
        seconds = rng.lognormal(np.log(MEDIAN_SEC), SPREAD, number).clip(5, LONGEST_SEC)
        for index, length in enumerate((seconds * FPS / STRIDE).astype(int).tolist()):
            name, duration, label = f'v_{subset}_{index:05d}', length * STRIDE / FPS, CLASSES[index % len(CLASSES)]
            starts = np.sort(rng.uniform(0, 0.7 * duration, 1 + index % 3 // 2)).tolist()
            database[name] = dict(subset=subset, duration=duration, annotations=[
                dict(label=label, segment=[start, start + 0.25 * duration]) for start in starts])
            for stream in STREAMS:
                _write_sparse(root / 'features' / stream / f'{name}.npy', length, noise[index % len(noise)])
    feature = dict(fps=FPS, snippet_stride=STRIDE, window=STRIDE)
    (root / 'annotations.json').write_text(json.dumps(dict(classes=CLASSES, feature=feature, database=database)))
    return root


def _write_sparse(path: Path, length: int, rows: np.ndarray) -> None:
    """A ``.npy`` of shape (T, D) with ``rows`` at every so-many-th place, and holes between them."""
    with path.open('wb') as file:
        shape = (length, rows.shape[1])
        np.lib.format.write_array_header_1_0(file, dict(descr='<f2', fortran_order=False, shape=shape))
        first, width = file.tell(), rows.nbytes // len(rows)
        for place in range(0, length - len(rows), PAGES * len(rows)):
            os.pwrite(file.fileno(), rows.tobytes(), first + place * width)
        os.ftruncate(file.fileno(), first + length * width)
