"""The only place that converts between seconds and snippets."""
from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, Mapping, TypeVar

import numpy as np

Scalar = TypeVar('Scalar', float, np.ndarray)


@dataclass(frozen=True)
class SnippetClock:
    """When each feature vector of a video was seen.

    Snippet ``t`` was computed from the frames ``offset_frames + t * stride_frames`` to ``window_frames`` later. On the
    time axis it owns the ``stride_frames`` around the middle of that window, so that consecutive snippets share a
    border and nothing lies between them.

    Args:
        fps: Frames per second at which the features were extracted (not the source video's, if it was resampled).
        stride_frames: Frames from one snippet to the next; may be fractional for features resampled to a fixed T.
        window_frames: Frames seen by one snippet. Defaults to ``stride_frames``.
        offset_frames: First frame of snippet 0.

    Raises:
        ValueError: If ``fps``, ``stride_frames`` or ``window_frames`` is not positive and finite.
    """

    fps: float
    stride_frames: float
    window_frames: float | None = None
    offset_frames: float = 0.0

    def __post_init__(self) -> None:
        if self.window_frames is None:
            object.__setattr__(self, 'window_frames', self.stride_frames)
        for name in ('fps', 'stride_frames', 'window_frames'):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not (math.isfinite(value) and value > 0):
                raise ValueError(f'SnippetClock expects a positive number for {name}, but got {value!r}.')
        if not isinstance(self.offset_frames, Real) or not math.isfinite(self.offset_frames):
            raise ValueError(f'SnippetClock expects a finite offset_frames, but got {self.offset_frames!r}.')

    @classmethod
    def from_recipe(cls, recipe: Mapping[str, Any]) -> SnippetClock:
        """Read the ``feature`` entry of an annotation file: ``{fps, snippet_stride[, window, offset]}``.

        Raises:
            ValueError: If ``fps`` or ``snippet_stride`` is missing, or another key is there.
        """
        known = {'fps', 'snippet_stride', 'window', 'offset'}
        missing, unknown = {'fps', 'snippet_stride'} - recipe.keys(), recipe.keys() - known
        if missing or unknown:
            raise ValueError(f'A feature recipe has the keys fps and snippet_stride, and may have window and offset; '
                             f'got {dict(recipe)}.')
        return cls(recipe['fps'], recipe['snippet_stride'], recipe.get('window'), recipe.get('offset', 0.0))

    def to_recipe(self) -> dict[str, float]:
        """The inverse of :meth:`from_recipe`."""
        return dict(fps=self.fps, snippet_stride=self.stride_frames, window=self.window_frames,
                    offset=self.offset_frames)

    @property
    def seconds_per_snippet(self) -> float:
        """Seconds from one snippet to the next."""
        return self.stride_frames / self.fps

    @property
    def start_sec(self) -> float:
        """Left border of snippet 0 in seconds."""
        return (self.offset_frames + (self.window_frames - self.stride_frames) / 2) / self.fps

    def to_seconds(self, borders: Scalar) -> Scalar:
        """Snippet borders to seconds: border ``t`` is the left edge of snippet ``t`` (and the right one of ``t - 1``).

        Args:
            borders: Any shape, in snippets; fractional values lie inside a snippet.
        """
        return borders * self.seconds_per_snippet + self.start_sec

    def to_borders(self, seconds: Scalar) -> Scalar:
        """Seconds to fractional snippet borders, the inverse of :meth:`to_seconds`."""
        return (seconds - self.start_sec) / self.seconds_per_snippet

    def duration_sec(self, num_snippets: int) -> float:
        """Length in seconds of the video that ``num_snippets`` snippets cover: the end of the last window."""
        last_frame = self.offset_frames + (num_snippets - 1) * self.stride_frames + self.window_frames
        return last_frame / self.fps

    def num_snippets(self, duration_sec: float) -> int:
        """Number of whole windows in a video of ``duration_sec`` seconds (at least 0)."""
        frames = duration_sec * self.fps - self.offset_frames - self.window_frames
        return max(0, math.floor(frames / self.stride_frames + 1e-6) + 1)

    def __str__(self) -> str:
        return (f'one feature per {self.stride_frames:g} frames at {self.fps:g} fps '
                f'({self.seconds_per_snippet:.4g} s), each from a window of {self.window_frames:g} frames')
