"""Labelled segments of many videos as flat arrays."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from rpn_plugin.structures import SnippetClock, VideoSegments


@dataclass(frozen=True)
class SegmentTable:
    """Segments of all videos, in input order.

    Args:
        videos: (N,) int, number of the video.
        labels: (N,) int, number of the class; -1 is none of them.
        segments: (N, 2) float64, in seconds or on a grid.
        scores: (N,) float64, or (0,) for ground truth.
    """

    videos: np.ndarray
    labels: np.ndarray
    segments: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.videos)

    def take(self, chosen: np.ndarray) -> SegmentTable:
        """Choose rows by index or by mask.

        >>> table = SegmentTable(np.array([0, 1]), np.array([2, 3]), np.array([[0, 4], [6, 8]]), np.zeros(0))
        >>> table.take(table.labels == 3).segments
        array([[6, 8]])
        """
        return SegmentTable(self.videos[chosen], self.labels[chosen], self.segments[chosen],
                            self.scores[chosen] if len(self.scores) else self.scores)

    def on_borders(self, borders: np.ndarray) -> SegmentTable:
        """Give the rows other (N, 2) segments."""
        return SegmentTable(self.videos, self.labels, borders, self.scores)


class _Numbers(dict[str, int]):
    """Numbers by name; -1 for any other."""

    def __missing__(self, name: str) -> int:
        return -1


def tabulate(videos: Mapping[str, VideoSegments], video_names: Sequence[str],
             class_names: Sequence[str]) -> SegmentTable:
    """Put the segments of all videos one after the other.

    Args:
        videos: Labelled segments by video name.
        video_names: Names in the order of their numbers; another video has the number -1.
        class_names: Names in the order of their numbers; another class has the number -1.

    >>> table = tabulate({'vb': VideoSegments(np.array([[0, 4], [6, 8]]), ['Diving', 'Waving'])}, ['va', 'vb'],
    ...                  ['Diving'])
    >>> table.videos, table.labels
    (array([1, 1]), array([ 0, -1]))
    """
    video_numbers, class_numbers = (_Numbers(zip(names, range(len(names)))) for names in (video_names, class_names))
    lengths = np.array([len(entry.labels) for entry in videos.values()], dtype=np.int64)
    labels = map(class_numbers.__getitem__, chain.from_iterable(entry.labels for entry in videos.values()))
    scores = [entry.scores for entry in videos.values() if entry.scores is not None]
    return SegmentTable(
        np.repeat(np.array([video_numbers[name] for name in videos], dtype=np.int64), lengths),
        np.fromiter(labels, dtype=np.int64, count=int(lengths.sum())),
        np.concatenate([np.zeros((0, 2)), *(entry.segments for entry in videos.values())]),
        np.concatenate([np.zeros(0), *scores]).astype(np.float64, copy=False))


def snippet_borders(segments: np.ndarray, clock: SnippetClock) -> np.ndarray:
    """Convert seconds to whole snippets: the borders times fps over stride, rounded, halves to even.

    In this order of operations, as in W-TALC: dividing by the seconds of a snippet instead rounds some halves
    differently. The offset of the first window is not counted there, nor here.

    Args:
        segments: (N, 2) in seconds.
        clock: Times of the snippets.

    Returns:
        (N, 2) float64 with integral values.

    >>> snippet_borders(np.array([[0.0, 3.3]]), SnippetClock(fps=25, stride_frames=16))
    array([[0., 5.]])
    """
    return np.rint(segments * clock.fps / clock.stride_frames)


def at_least_one_snippet(borders: np.ndarray) -> np.ndarray:
    """Move ends so that each is at least one snippet after its start; (N, 2) to (N, 2).

    >>> at_least_one_snippet(np.array([[3.0, 3.0], [3.0, 7.0]]))
    array([[3., 4.],
           [3., 7.]])
    """
    return np.stack([borders[:, 0], np.maximum(borders[:, 1], borders[:, 0] + 1)], axis=1)
