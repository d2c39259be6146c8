"""The statistics of a subset of a data set, as the checker finds them and pages show them."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FeatureNames:
    """The videos that have features in one stream, and those that have none.

    Args:
        place: Where they are.
        num_found: Videos of the subset with features.
        missing: Videos of the subset without.
        extra: Features there that belong to no annotated video of any subset.
    """

    place: str
    num_found: int
    missing: list[str]
    extra: list[str]


@dataclass(frozen=True)
class SubsetStatistics:
    """Statistics of a subset; segments and labels that are faulty are left out.

    Args:
        name: Of the subset.
        training: Whether it is trained on.
        classes: C class names.
        num_videos: Videos of the annotations.
        num_usable: Of these, those with usable features in every stream.
        features: Stream to whose features are there.
        durations_sec: (V,) of the videos that state one or have features.
        lengths: (V',) T of the videos with features.
        timed_durations_sec: (V'',) of the videos that have features and state a duration.
        seconds_per_snippet: (V'',) of the same: duration over T.
        labels_per_video: (num_videos,) number of classes.
        videos_per_class: (C,) number of videos.
        instances_per_class: (C,) number of instances.
        instance_lengths_sec: (N,) of all instances.
        action_share: Seconds under an instance over the seconds of the videos; NaN where
            no duration or no instance is known.
        cooccurrence: (C, C) number of videos with both classes; the diagonal is ``videos_per_class``.
    """

    name: str
    training: bool
    classes: tuple[str, ...]
    num_videos: int
    num_usable: int
    features: Mapping[str, FeatureNames]
    durations_sec: np.ndarray
    lengths: np.ndarray
    timed_durations_sec: np.ndarray
    seconds_per_snippet: np.ndarray
    labels_per_video: np.ndarray
    videos_per_class: np.ndarray
    instances_per_class: np.ndarray
    instance_lengths_sec: np.ndarray
    action_share: float
    cooccurrence: np.ndarray

    @property
    def num_instances(self) -> int:
        """Number of instances, N."""
        return len(self.instance_lengths_sec)

    def pairs(self) -> list[tuple[str, str, int]]:
        """Return pairs of classes that come together, with the number of videos, most first.

        >>> not_read = [None] * 12
        >>> SubsetStatistics('train', True, ('Diving', 'HighJump'), *not_read, np.array([[3, 2], [2, 2]])).pairs()
        [('Diving', 'HighJump', 2)]
        """
        rows, columns = np.nonzero(np.triu(self.cooccurrence, 1))
        found = [(self.classes[row], self.classes[column], int(self.cooccurrence[row, column]))
                 for row, column in zip(rows, columns)]
        return sorted(found, key=lambda pair: -pair[2])
