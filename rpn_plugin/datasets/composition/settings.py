"""Settings of a composition."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rpn_plugin.structures import SnippetClock

SUBSETS = ('train', 'test')
DTYPES = ('float16', 'float32', 'float64')


@dataclass(frozen=True)
class CompositionSettings:
    """Settings of a composition; the defaults give what ``ucf101-untrimmed`` has, see ``docs/compose_untrimmed.md``.

    Args:
        classes: C action classes; their order is that of the annotation file.
        clock: Of the clips' features.
        background: Classes whose clips fill the time between actions; None takes every class that is no action class.
        pairs: (class, companion) to the probability that a video made for the class also holds the companion.
        mixed: Probability that a video whose class got no companion holds a second class drawn at random.
        videos: Number of videos per subset; None makes as many as the clips suffice for.
        video_sec: Shortest and longest length wished for a video, in seconds; lengths are drawn uniformly.
        instance_sec: The same of an action instance. A shorter clip is an instance as it is if it has the shortest
            length, and is left out otherwise.
        share: Part of a subset's time that is action, in (0, 1].
        soft_snippets: Length of the cross-fade at either end of an instance, in snippets.
        dtype: Of the features written.
        seed: Of everything.

    Raises:
        ValueError: If a value is out of its range, or classes contradict each other.
    """

    classes: tuple[str, ...]
    clock: SnippetClock
    background: tuple[str, ...] | None = None
    pairs: Mapping[tuple[str, str], float] = field(default_factory=dict)
    mixed: float = 0.08
    videos: Mapping[str, int] | None = None
    video_sec: tuple[float, float] = (26.0, 210.0)
    instance_sec: tuple[float, float] = (3.2, 16.0)
    share: float = 0.35
    soft_snippets: int = 1
    dtype: str = 'float16'
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_classes()
        for name in ('video_sec', 'instance_sec'):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f'Expected {name} as shortest and longest, positive, in seconds, but got {low:g} and '
                                 f'{high:g}.')
        if not 0 < self.share <= 1:
            raise ValueError(f'Expected a share of action in (0, 1], but got {self.share:g}.')
        if not 0 <= self.mixed <= 1:
            raise ValueError(f'Expected mixed as a probability, but got {self.mixed:g}.')
        if self.videos is not None and (set(self.videos) != set(SUBSETS) or min(self.videos.values()) < 1):
            raise ValueError(f'Expected videos as a positive number for each of {", ".join(SUBSETS)}, but got '
                             f'{dict(self.videos)}.')
        if not 0 <= 2 * self.soft_snippets <= self.instance_snippets[0]:
            raise ValueError(f'Expected soft borders of at most half the shortest instance, which has '
                             f'{self.instance_snippets[0]} snippets, but got {self.soft_snippets} snippets.')
        if self.dtype not in DTYPES:
            raise ValueError(f'Expected a dtype of {", ".join(DTYPES)}, but got {self.dtype}.')

    @property
    def instance_snippets(self) -> tuple[int, int]:
        """Shortest and longest wish for an instance, in snippets."""
        low, high = (max(1, round(seconds / self.clock.seconds_per_snippet)) for seconds in self.instance_sec)
        return low, high

    def companions(self, label: str) -> dict[str, float]:
        """Return the companions of a class with their probabilities."""
        return {companion: probability for (name, companion), probability in self.pairs.items() if name == label}

    def _check_classes(self) -> None:
        for name in ('classes', 'background'):
            repeated = [label for label, number in Counter(getattr(self, name) or ()).items() if number > 1]
            if repeated:
                raise ValueError(f'The {name} {", ".join(repeated)} are named more than once.')
        if not self.classes:
            raise ValueError('Expected at least one action class, but got none.')
        both = sorted(set(self.classes) & set(self.background or ()))
        if both:
            raise ValueError(f'{", ".join(both)}: both an action class and background. Keep each class in one of them.')
        for (label, companion), probability in self.pairs.items():
            strange = sorted({label, companion} - set(self.classes))
            if strange or label == companion:
                raise ValueError(f'Expected a pair of two action classes, but got {label} and {companion}; the action '
                                 f'classes are {", ".join(self.classes)}.')
            if not 0 <= probability <= 1 or sum(self.companions(label).values()) > 1 + 1e-9:
                raise ValueError(f'Expected probabilities in [0, 1] that sum to at most 1 for the companions of '
                                 f'{label}, but got {self.companions(label)}.')
