"""Makes a seeded, THUMOS14-shaped set of features in the plugin's layout, or features for annotations that are there.

Each effect that the paper speaks of has something to act on: related classes share evidence and come together (GCN);
scenery runs through a whole video, and context that looks like the action surrounds it (clustering loss, similarity
weighting); every video shows its classes in its own way (prototype updating).
"""
from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.files import folder_written_whole
from rpn_plugin.structures import SnippetClock, describe_recipe, same_recipe

GROUPS: dict[str, tuple[str, ...]] = {
    'diving': ('CliffDiving', 'Diving'),
    'cricket': ('CricketBowling', 'CricketShot'),
    'throwing': ('HammerThrow', 'ThrowDiscus', 'Shotput', 'JavelinThrow'),
    'jumping': ('HighJump', 'LongJump'),
}
"""Classes of THUMOS14 by semantic group."""

COMPANIONS: dict[str, tuple[str, str, float]] = {
    'CliffDiving': ('Diving', 'same', 1.0),
    'CricketBowling': ('CricketShot', 'next', 0.7),
    'HammerThrow': ('ThrowDiscus', 'elsewhere', 0.3),
}
"""Class to (companion, where, probability): every instance of the class is an instance of its companion (``same``), is
followed by one (``next``), or the video has instances of it in other places (``elsewhere``)."""

CLASSES = tuple(name for names in GROUPS.values() for name in names)
GROUP_OF = tuple(group for group, names in enumerate(GROUPS.values()) for _ in names)
TOGETHER = 0.2
"""Classes of given annotations are of one group where this share of the videos of one has the other, too."""
CLOCK = SnippetClock(fps=25, stride_frames=16)
RECIPE = dict(fps=CLOCK.fps, snippet_stride=CLOCK.stride_frames, window=CLOCK.window_frames)
STREAMS = ('rgb', 'flow')


@dataclass(frozen=True)
class SyntheticSettings:
    """Settings of a synthetic set. Strengths are lengths of feature components.

    Args:
        num_train: Training videos that are drawn.
        num_test: Test videos that are drawn.
        feature_dim: D of each stream.
        median_snippets: Median T of those that are drawn; T is log-normal.
        length_std: Standard deviation of log T.
        group: What the classes of a group share.
        action: What a class alone has.
        manner: How a class looks in one video only.
        scenery: What runs through a whole video; each group has its own.
        context: Part of the action's evidence that the snippets around an instance show.
        background: What tells any background from actions.
        noise: Standard deviation per channel.
        correlation: Of the noise from one snippet to the next, in [0, 1).
        seed: Of everything.
    """

    num_train: int = 100
    num_test: int = 50
    feature_dim: int = 64
    median_snippets: int = 120
    length_std: float = 0.5
    group: float = 3.0
    action: float = 3.0
    manner: float = 2.0
    scenery: float = 3.0
    context: float = 0.5
    background: float = 2.0
    noise: float = 0.5
    correlation: float = 0.6
    seed: int = 0


@dataclass(frozen=True)
class _Instance:
    start: int
    end: int
    labels: tuple[int, ...]


@dataclass(frozen=True)
class _Video:
    name: str
    entry: dict[str, Any]
    features: dict[str, np.ndarray]


class SyntheticGenerator:
    """Draws made videos.

    Args:
        settings: What to make.
        group_of: Number of the group of each class, from 0 on.
    """

    def __init__(self, settings: SyntheticSettings, group_of: Sequence[int] = GROUP_OF) -> None:
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)
        self.group_of = group_of
        groups = max(group_of) + 1
        self.directions = {stream: {part: self._directions(number) for part, number in (
            ('group', groups), ('action', len(group_of)), ('scenery', groups), ('context', groups),
            ('background', 4))} for stream in STREAMS}

    def _directions(self, number: int) -> np.ndarray:
        """Draw random unit vectors, (number, D)."""
        vectors = self.rng.standard_normal((number, self.settings.feature_dim))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def drawn_videos(self) -> Iterator[_Video]:
        """Draw length, instances and features of every video."""
        for subset, number in (('train', self.settings.num_train), ('test', self.settings.num_test)):
            for index in range(number):
                log_median = np.log(self.settings.median_snippets)
                length = int(np.clip(self.rng.lognormal(log_median, self.settings.length_std), 30, 2000))
                instances = self._instances(length)
                features = {stream: self._features(stream, length, instances) for stream in STREAMS}
                annotations = [dict(label=CLASSES[label], segment=[CLOCK.to_seconds(instance.start),
                                                                   CLOCK.to_seconds(instance.end)])
                               for instance in instances for label in instance.labels]
                entry = dict(subset=subset, duration=CLOCK.duration_sec(length), fps=CLOCK.fps, annotations=annotations)
                yield _Video(f'{subset}_{index:04d}', entry, features)

    def annotated_videos(self, annotations: AnnotationFile) -> Iterator[_Video]:
        """Draw features of every video of some annotations; where instances overlap, the last one is seen.

        Raises:
            ValueError: If a video has no duration, is shorter than a snippet, or has an instance of no class.
        """
        for name, entry in annotations.database.items():
            unknown = sorted(annotations.annotated_labels(name).difference(annotations.classes), key=str)
            if unknown:
                raise ValueError(f'{annotations.path}: video {name} has instances of {unknown}, which are not among '
                                 f'the classes {list(annotations.classes)}.')
            duration = annotations.video_duration_sec(name)
            length = 0 if duration is None else CLOCK.num_snippets(duration)
            if not length:
                raise ValueError(f'{annotations.path}: expected that each video has a duration of at least '
                                 f'{CLOCK.seconds_per_snippet} s, one snippet, but that of {name} is {duration}.')
            labels: dict[tuple[int, int], list[int]] = {}
            for annotation, segment in zip(annotations.annotations(name), annotations.video_segments(name)):
                start, end = np.round(CLOCK.to_borders(segment)).astype(int).clip(0, length).tolist()
                start = min(start, length - 1)
                labels.setdefault((start, max(end, start + 1)), []).append(
                    annotations.classes.index(annotation['label']))
            instances = [_Instance(*borders, tuple(found)) for borders, found in labels.items()]
            yield _Video(name, dict(entry), {stream: self._features(stream, length, instances) for stream in STREAMS})

    def _instances(self, length: int) -> list[_Instance]:
        main = int(self.rng.integers(len(CLASSES)))
        companion, where, probability = COMPANIONS.get(CLASSES[main], ('', '', 0.0))
        together = self.rng.random() < probability
        other = CLASSES.index(companion) if together else main
        instances, cursor = [], int(self.rng.integers(3, 12))
        while True:
            end = cursor + int(np.clip(self.rng.lognormal(np.log(6), 0.5), 2, 25))
            if end > length - 2:
                break
            labels = (main, other) if together and where == 'same' else (main, )
            if together and where == 'elsewhere' and self.rng.random() < 0.4:
                labels = (other, )
            instances.append(_Instance(cursor, end, labels))
            if together and where == 'next' and end + 6 < length:
                instances.append(_Instance(end, end + int(self.rng.integers(3, 6)), (other, )))
            cursor = instances[-1].end + int(np.clip(self.rng.lognormal(np.log(12), 0.7), 3, 80))
        return instances or [_Instance(3, 9, (main, other) if together else (main, ))]

    def _features(self, stream: str, length: int, instances: list[_Instance]) -> np.ndarray:
        settings, parts = self.settings, self.directions[stream]
        group = self.group_of[instances[0].labels[0]] if instances else int(self.rng.integers(len(parts['group'])))
        manner = {label: self._directions(1)[0] for instance in instances for label in instance.labels}
        evidence = np.zeros((length, settings.feature_dim))
        kinds = np.repeat(self.rng.integers(len(parts['background']), size=length // 8 + 1), 8)[:length]
        evidence += settings.background * parts['background'][kinds]
        appearances = [np.mean([settings.group * parts['group'][self.group_of[label]]
                                + settings.action * parts['action'][label] + settings.manner * manner[label]
                                for label in instance.labels], axis=0) for instance in instances]
        for instance, appearance in zip(instances, appearances):
            reach = max(1, (instance.end - instance.start) // 2)
            context = settings.context * appearance + settings.background * parts['context'][group]
            evidence[max(0, instance.start - reach):instance.end + reach] = context
        for instance, appearance in zip(instances, appearances):
            evidence[instance.start:instance.end] = appearance
        clean = evidence + settings.scenery * parts['scenery'][group]
        return np.maximum(clean + self._noise(length), 0).astype(np.float16)

    def _noise(self, length: int) -> np.ndarray:
        """Draw autoregressive noise of constant variance, (T, D)."""
        fresh = self.rng.standard_normal((length, self.settings.feature_dim)) * self.settings.noise
        noise = fresh.copy()
        keep = self.settings.correlation
        for t in range(1, length):
            noise[t] = keep * noise[t - 1] + np.sqrt(1 - keep**2) * fresh[t]
        return noise


def groups_of(annotations: AnnotationFile) -> tuple[int, ...]:
    """Return the number of the group of each class: those that come together in videos, see :data:`TOGETHER`."""
    shows = np.zeros((len(annotations.database), len(annotations.classes)))
    for row, video in enumerate(annotations.database):
        shows[row, annotations.video_labels(video)] = 1
    together = shows.T @ shows
    linked = together >= TOGETHER * np.diag(together)[:, None].clip(min=1)
    return tuple(connected_components(linked, directed=False)[1].tolist())


def write_synthetic(root: str | Path, settings: SyntheticSettings = SyntheticSettings(),
                    annotations: AnnotationFile | None = None) -> Path:
    """Write ``annotations.json`` and ``features/{rgb,flow}/<video>.npy`` under ``root``.

    Beside them ``labels.csv`` holds what weak supervision needs: the labels of the training videos.

    The folder appears whole or not at all; one that is there is replaced.

    Args:
        root: The folder.
        settings: What to make.
        annotations: Videos to make features for, as long and with the instances that they have; None draws videos.

    Returns:
        The path of the annotation file.

    Raises:
        ValueError: If the annotations are of features at other times than :data:`CLOCK`'s, or a video of theirs has no
            duration.
    """
    if annotations is None:
        classes, videos = CLASSES, SyntheticGenerator(settings).drawn_videos()
    else:
        if annotations.recipe and not same_recipe(annotations.recipe, RECIPE):
            raise ValueError(f'{annotations.path}: its features are {describe_recipe(annotations.recipe)}, but what is '
                             f'made is {describe_recipe(RECIPE)}.')
        classes = annotations.classes
        videos = SyntheticGenerator(settings, groups_of(annotations)).annotated_videos(annotations)
    database = {}
    with folder_written_whole(root, overwrite=True) as temporary:
        for stream in STREAMS:
            (temporary / 'features' / stream).mkdir(parents=True)
        for video in videos:
            for stream, array in video.features.items():
                np.save(temporary / 'features' / stream / f'{video.name}.npy', array)
            database[video.name] = video.entry
        content = dict(version='1', classes=classes, feature=RECIPE, synthetic=settings.__dict__, database=database)
        if annotations is not None:
            content.update(ambiguous=annotations.ambiguous)
        (temporary / 'annotations.json').write_text(json.dumps(content, indent=1), encoding='utf-8')
        _write_label_table(temporary / 'labels.csv', database)
    return Path(root) / 'annotations.json'


def _write_label_table(path: Path, database: dict[str, dict]) -> None:
    """Write lines ``video,subset,duration,label,label``; test videos have no labels."""
    with path.open('w', newline='', encoding='utf-8') as file:
        table = csv.writer(file)
        table.writerow(['video', 'subset', 'duration', 'label', 'label'])
        for video, entry in database.items():
            stated = entry.get('labels') or {part['label'] for part in entry.get('annotations', ())}
            labels = set(stated) if entry['subset'] == 'train' else ()
            table.writerow([video, entry['subset'], f'{entry["duration"]:.2f}', *sorted(labels)])
