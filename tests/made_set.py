"""A made data set in memory that a test may spoil: features that are like each other as those of real sets are."""
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.checking import DatasetCheck, VideoSubset, check_dataset
from rpn_plugin.datasets.faults import Fault
from rpn_plugin.datasets.feature_stores import FeatureStore
from rpn_plugin.datasets.formats import get_layout

CLASSES = ('Diving', 'CliffDiving', 'HighJump')
TRAIN = tuple(f'train_{index}' for index in range(12))
TEST = tuple(f'test_{index}' for index in range(8))
STREAMS = ('rgb', 'flow')
WIDTH = 24
SECONDS = 0.64
"""Per snippet."""

Change = Callable[[np.ndarray], np.ndarray]


class MemoryStore(FeatureStore):
    """Features by video."""

    def __init__(self, place: str, arrays: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.place, self.arrays = place, arrays

    def videos(self) -> list[str]:
        return sorted(self.arrays)

    def where(self, video: str) -> str:
        return f'{self.place}/{video}.npy'

    def _read(self, video: str) -> np.ndarray:
        if video not in self.arrays:
            raise Fault('features-missing', f'{self.where(video)}: missing')
        return self.arrays[video]


@dataclass
class MadeSet:
    """Annotations and features (T, D) float16 of twelve training and eight test videos, 80 to 137 snippets each.

    Values follow each other smoothly, every channel with a standard deviation and a pace of its own, other ones in
    each stream. Both streams change together, most at the borders of the three instances of a video.
    """

    content: dict[str, Any]
    features: dict[str, dict[str, np.ndarray]]
    recipes: dict[str, dict[str, Any]]

    @classmethod
    def make(cls) -> MadeSet:
        content, features = _made()
        recipe = dict(fps=25, snippet_stride=16)
        return cls(json.loads(content), {stream: dict(found) for stream, found in features.items()},
                   dict(train=dict(recipe), test=dict(recipe)))

    @property
    def database(self) -> dict[str, dict]:
        return self.content['database']

    def change(self, change: Change, *videos: str, streams: tuple[str, ...] = ('rgb', )) -> None:
        """Replace features."""
        for stream in streams:
            for video in videos:
                self.features[stream][video] = change(self.features[stream][video])

    def swap_streams(self, *videos: str) -> None:
        rgb, flow = self.features['rgb'], self.features['flow']
        for video in videos:
            rgb[video], flow[video] = flow[video], rgb[video]

    def annotate(self, change: Callable[[float], float], *videos: str) -> None:
        """Replace the borders of all segments."""
        for video in videos:
            for annotation in self.database[video]['annotations']:
                annotation['segment'] = [change(border) for border in annotation['segment']]

    def check(self) -> DatasetCheck:
        database = self.database
        annotations = AnnotationFile('made.json', tuple(self.content['classes']), None, database, get_layout('plugin'))
        return check_dataset([VideoSubset(annotations, subset, subset == 'train', {
            stream: MemoryStore(f'made/{stream}', found) for stream, found in self.features.items()
            if stream in self.content['streams'][subset]}, self.recipes[subset]) for subset in ('train', 'test')])


@cache
def _made() -> tuple[str, dict[str, dict[str, np.ndarray]]]:
    rng = np.random.default_rng(0)
    stds = {stream: rng.permutation(np.geomspace(0.5, 4, WIDTH)) for stream in STREAMS}
    keeps = {stream: rng.permutation(np.linspace(0.5, 0.95, WIDTH)) for stream in STREAMS}
    looks = {stream: 3 * rng.choice([-1, 1], (len(CLASSES), WIDTH)) * stds[stream] for stream in STREAMS}
    database: dict[str, dict] = {}
    features: dict[str, dict[str, np.ndarray]] = {stream: {} for stream in STREAMS}
    for index, video in enumerate(TRAIN + TEST):
        length = 80 + 3 * index
        labels = [index % 3] * 2 + [(index + index % 2) % 3]
        starts = [int(start) for start in np.array([8, 34, 58]) + rng.integers(0, 6, 3)]
        ends = [start + int(rng.integers(6, 14)) for start in starts]
        motion = rng.gamma(2.0, 0.5, length)
        for stream in STREAMS:
            noise, keep = rng.standard_normal((length, WIDTH)) * np.sqrt(motion)[:, None], keeps[stream]
            values = noise.copy()
            for t in range(1, length):
                values[t] = keep * values[t - 1] + np.sqrt(1 - keep**2) * noise[t]
            values *= stds[stream]
            for label, start, end in zip(labels, starts, ends):
                values[start:end] += looks[stream][label]
            features[stream][video] = values.astype(np.float16)
        database[video] = dict(
            subset=video.split('_')[0], duration=SECONDS * length, annotations=[
                dict(label=CLASSES[label], segment=[SECONDS * start, SECONDS * end])
                for label, start, end in zip(labels, starts, ends)])
    return json.dumps(dict(classes=CLASSES, streams=dict(train=STREAMS, test=STREAMS), database=database)), features
