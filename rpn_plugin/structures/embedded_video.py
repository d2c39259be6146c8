"""A video in the space of the prototypes."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rpn_plugin.structures.segments import Segments

BACKGROUND = 'background'


@dataclass(frozen=True)
class EmbeddedVideo:
    """The embedded snippets of a video, each with the class that its annotations give it.

    Args:
        name: Of the video.
        features: (T, E), x_e of eq. 1.
        labels: T class names by the annotated segments, :data:`BACKGROUND` outside them.
        updated: (C, E) prototypes as moved for this video (alg. 1); None where they are not moved.
    """

    name: str
    features: npt.NDArray[np.floating]
    labels: Sequence[str]
    updated: npt.NDArray[np.floating] | None = None

    @property
    def classes(self) -> list[str]:
        """Annotated classes, sorted."""
        return sorted(set(self.labels) - {BACKGROUND})

    def centre(self, label: str) -> npt.NDArray[np.floating]:
        """Mean (E,) of the features of a class.

        >>> features = np.array([[0.0, 2.0], [1.0, 4.0], [3.0, 8.0]])
        >>> video = EmbeddedVideo('va', features, ['background', 'Diving', 'Diving'])
        >>> video.classes, video.centre('Diving')
        (['Diving'], array([2., 6.]))
        """
        return self.features[np.array(self.labels) == label].mean(axis=0)


def snippet_labels(times_sec: npt.NDArray[np.float64], segments_sec: Segments, labels: Sequence[str]) -> list[str]:
    """Class of each snippet: that of the first segment [start, end) that holds its centre.

    >>> snippet_labels(np.array([0.5, 1.5]), np.array([[1.0, 2.0]]), ['Diving'])
    ['background', 'Diving']

    Args:
        times_sec: (T,) centres.
        segments_sec: (N, 2).
        labels: N class names.
    """
    inside = (times_sec[:, None] >= segments_sec[:, 0]) & (times_sec[:, None] < segments_sec[:, 1])  # (T, N)
    return [labels[row.argmax()] if row.any() else BACKGROUND for row in inside]
