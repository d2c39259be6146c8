"""The only place that converts between seconds and snippets."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeVar

import numpy as np

Scalar = TypeVar('Scalar', float, np.ndarray)
MOST_FRAMES = 1e9
"""Of a stride, a window or a second: more is a mistake, and overflows what is computed of it."""


def _require_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < _float_or_inf(value) <= MOST_FRAMES:
        raise ValueError(f'SnippetClock expects a positive number for {name}, but got {value!r}.')


def _float_or_inf(value: Real) -> float:
    """Return a number as float; infinity where it is too large for one.

    >>> _float_or_inf(10**400), _float_or_inf(25)
    (inf, 25.0)
    """
    try:
        return float(value)
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class SnippetClock:
    """The time of each feature vector of a video.

    Snippet ``t`` was computed from the frames ``offset_frames + t * stride_frames`` to ``window_frames`` later. On the
    time axis it owns the ``stride_frames`` around the middle of that window, so that consecutive snippets share a
    border and nothing lies between them.

    >>> clock = SnippetClock(fps=25, stride_frames=16)
    >>> clock.seconds_per_snippet, clock.to_seconds(np.array([0, 10])), clock.to_borders(3.2)
    (0.64, array([0. , 6.4]), 5.0)
    >>> clock.num_snippets(6.5), clock.duration_sec(10)
    (10, 6.4)

    Args:
        fps: Frames per second at which the features were extracted (not the source video's, if it was resampled).
        stride_frames: Frames from one snippet to the next; may be fractional for features resampled to a fixed T.
        window_frames: Frames seen by one snippet. Defaults to ``stride_frames``.
        offset_frames: First frame of snippet 0.

    Raises:
        ValueError: If ``fps``, ``stride_frames`` or ``window_frames`` is not positive and at most :data:`MOST_FRAMES`.
    """

    fps: float
    stride_frames: float
    window_frames: float = None  # type: ignore[assignment]  # stride_frames takes the place of None when it is built
    offset_frames: float = 0.0

    def __post_init__(self) -> None:
        if self.window_frames is None:
            object.__setattr__(self, 'window_frames', self.stride_frames)
        for name in ('fps', 'stride_frames', 'window_frames'):
            _require_positive(name, getattr(self, name))
        if not isinstance(self.offset_frames, Real) or not abs(_float_or_inf(self.offset_frames)) <= MOST_FRAMES:
            raise ValueError(f'SnippetClock expects a finite offset_frames, but got {self.offset_frames!r}.')

    @classmethod
    def from_recipe(cls, recipe: Mapping[str, Any], *, duration_sec: float | None = None,
                    num_snippets: int | None = None, video_fps: float | None = None) -> SnippetClock:
        """The clock of one video.

        Args:
            recipe: ``{fps, snippet_stride[, window, offset]}`` in frames, or ``{fps, spread_over_duration: true}`` for
                features rescaled to a number of snippets, which share the video's duration evenly. ``fps`` may be
                ``"video"``: frames were taken at the rate that each video has.
            duration_sec: Of the video; needed where features are spread over it.
            num_snippets: T; likewise.
            video_fps: Of the video; needed where the recipe says so.

        Raises:
            ValueError: If a key is missing or unknown, or the recipe needs what is not known of this video.
        """
        needed = {'fps', 'spread_over_duration'} if recipe.get('spread_over_duration') else {'fps', 'snippet_stride'}
        known = needed if recipe.get('spread_over_duration') else needed | {'window', 'offset'}
        if needed - recipe.keys() or recipe.keys() - known:
            raise ValueError(f'A feature recipe has the keys fps and snippet_stride, and may have window and offset, '
                             f'or it has fps and spread_over_duration; got {dict(recipe)}.')
        fps = video_fps if recipe['fps'] == 'video' else recipe['fps']
        if fps is None:
            raise ValueError('The features were taken at each video\'s own frame rate: add "fps" to its annotations.')
        if not recipe.get('spread_over_duration'):
            stride = recipe['snippet_stride']
            return cls(fps, stride, recipe.get('window', stride), recipe.get('offset', 0.0))
        if duration_sec is None or num_snippets is None:
            raise ValueError('Features spread over the duration need the duration of the video: add "duration" to its '
                             'annotations.')
        _require_positive('fps', fps)
        return cls(fps, duration_sec * fps / num_snippets)

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


def same_recipe(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Tell whether two recipes say the same, however they are written.

    >>> same_recipe(dict(fps=25, snippet_stride=16), dict(fps=25, snippet_stride=16, window=16, offset=0))
    True
    """

    def stated(recipe: Mapping[str, Any]) -> dict[str, Any]:
        return {'window': recipe.get('snippet_stride'), 'offset': 0.0, **recipe}

    return stated(first) == stated(second)


def describe_recipe(recipe: Mapping[str, Any]) -> str:
    """A recipe as a sentence.

    >>> describe_recipe(dict(fps=25, snippet_stride=16))
    'one feature per 16 frames at 25 fps (0.64 s), each from a window of 16 frames'
    """
    if recipe.get('spread_over_duration'):
        return 'features spread evenly over the duration of each video'
    if recipe['fps'] == 'video':
        return (f'one feature per {recipe["snippet_stride"]:g} frames at the frame rate of each video, each from a '
                f'window of {recipe.get("window", recipe["snippet_stride"]):g} frames')
    return str(SnippetClock.from_recipe(recipe))
