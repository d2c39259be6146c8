"""Plans of composed videos: the timeline of every video of a subset, drawn from the clips' lengths alone."""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rpn_plugin.datasets.composition.clips import Clip
from rpn_plugin.datasets.composition.settings import SUBSETS, CompositionSettings

ADJACENT = 0.15
"""Part of the instances that follow the one before without background between, as in ``ucf101-untrimmed``."""
SHORTEST_REST = 3
"""A stretch of background that lacks fewer snippets than these is not filled up with bits of another clip."""
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Piece:
    """An excerpt of a clip at its place in a video.

    Args:
        clip: Where it comes from.
        start: First snippet in the video.
        end: Snippet behind the last in the video.
        clip_start: First snippet in the clip.
    """

    clip: Clip
    start: int
    end: int
    clip_start: int


@dataclass(frozen=True)
class _Excerpt:
    clip: Clip
    start: int
    length: int


@dataclass(frozen=True)
class Plan:
    """Timelines of a subset.

    Args:
        videos: Pieces of each video, in order, without gaps.
        used: Kind of use to its number of clips.
        unused: Reason to the number of clips of the subset that are in no video.
        remarks: What turned out otherwise than asked, one sentence each.
    """

    videos: tuple[tuple[Piece, ...], ...]
    used: Counter[str]
    unused: Counter[str]
    remarks: tuple[str, ...]


def plan_subset(settings: CompositionSettings, clips: Sequence[Clip], subset: str) -> Plan:
    """Plan the videos of a subset. Each clip is used at most once.

    Args:
        settings: What to make.
        clips: Of all subsets; their order makes no difference.
        subset: ``train`` or ``test``.

    Raises:
        ValueError: If there are too few clips; says of which class, how many are needed and how many are there.
    """
    own = sorted((clip for clip in clips if clip.subset == subset), key=lambda clip: clip.name)
    return _Planner(settings, own, subset).plan()


class _Planner:
    """Draws the timelines of one subset; clips leave its pools as they are used."""

    def __init__(self, settings: CompositionSettings, clips: Sequence[Clip], subset: str) -> None:
        self.settings = settings
        self.subset = subset
        self.number = None if settings.videos is None else settings.videos[subset]
        self.rng = np.random.default_rng([settings.seed, SUBSETS.index(subset)])
        shortest = settings.instance_snippets[0]
        long_enough = [clip for clip in clips if clip.length >= shortest]
        self.actions = {label: self._excerpts([clip for clip in long_enough if clip.label == label])
                        for label in settings.classes}  # excerpts left to use; the next one is the last
        self.background = self._shuffled([clip for clip in clips if clip.label not in self.actions])
        self.background_there = sum(clip.length for clip in self.background)
        self.too_short = Counter(clip.label for clip in clips
                                 if clip.label in self.actions and clip.length < shortest)
        self.there = {label: len(excerpts) for label, excerpts in self.actions.items()}
        self.lacking: Counter[str] = Counter()
        self.phases = dict(zip(settings.classes, self.rng.random(len(settings.classes))))
        self.room = 0  # snippets of background that are due

    def plan(self) -> Plan:
        """Plan all videos."""
        empty = [label for label, number in self.there.items() if not number]
        if empty:
            raise self._too_few(empty, Counter(dict.fromkeys(empty, 1)))
        instances = self._instances()
        if +self.lacking:
            raise self._too_few(sorted(self.lacking), self.lacking)
        videos = self._lay_out(instances)
        remarks = []
        if len(videos) < len(instances):
            remarks.append(f'{self.subset}: the background clips suffice for {len(videos)} of {len(instances)} videos. '
                           f'Name more background classes, or a larger share of action, to use all action clips.')
        unused = {'shorter than an instance': self.too_short.total(),
                  'actions to spare': sum(map(len, self.actions.values())) + sum(map(len, instances[len(videos):])),
                  'background to spare': len(self.background)}
        return Plan(tuple(videos), Counter(map(self._use, (piece for video in videos for piece in video))),
                    Counter(unused), tuple(remarks))

    def _use(self, piece: Piece) -> str:
        kind = 'action' if piece.clip.label in self.actions else 'background'
        return f'{kind} {"whole" if piece.end - piece.start == piece.clip.length else "cropped"}'

    def _excerpts(self, clips: Sequence[Clip]) -> list[_Excerpt]:
        """Draw an excerpt of every clip, in random order; the longest clip gets the longest of the lengths drawn."""
        low, high = self.settings.instance_snippets
        wishes = np.sort(self.rng.integers(low, high, size=len(clips), endpoint=True))
        by_length = sorted(self._shuffled(clips), key=lambda clip: clip.length)
        return self._shuffled([self._crop(clip, int(wish)) for clip, wish in zip(by_length, wishes)])

    def _crop(self, clip: Clip, length: int) -> _Excerpt:
        """Take an excerpt at a random place of a clip that has more snippets than wanted, or all of it."""
        length = min(length, clip.length)
        return _Excerpt(clip, int(self.rng.integers(clip.length - length, endpoint=True)), length)

    def _shuffled(self, items: Sequence) -> list:
        return [items[index] for index in self.rng.permutation(len(items))]

    def _instances(self) -> list[list[_Excerpt]]:
        """Draw the instances of each video, in random order of videos."""
        mean = np.mean([excerpt.length for excerpts in self.actions.values() for excerpt in excerpts])
        instances: list[list[_Excerpt]] = []
        made_for: Counter[str] = Counter()
        while len(instances) < self.number if self.number is not None else any(self.actions.values()):
            seconds = self.rng.uniform(*self.settings.video_sec) * self.settings.share
            wanted = seconds / self.settings.clock.seconds_per_snippet
            number = math.ceil(wanted / mean)
            main = self._main_class(number)
            made_for[main] += 1
            second = self._second_class(main, made_for[main])
            needs = {main: number} if second is None else {main: number, second: 1}
            self.lacking.update({label: number for label, number in needs.items() if not self.actions[label]})
            instances.append(self._draw(main, second, wanted))
        return self._shuffled(instances)

    def _main_class(self, number: int) -> str:
        """Draw a class that has ``number`` clips left, the more the likelier; the one with most if none has."""
        left = {label: len(excerpts) for label, excerpts in self.actions.items()}
        enough = {label: there for label, there in left.items() if there >= number}
        if not enough:
            return max(left, key=left.__getitem__) if any(left.values()) else max(self.there, key=self._clips_per_need)
        chances = np.array(list(enough.values())) / sum(enough.values())
        return str(self.rng.choice(list(enough), p=chances))

    def _clips_per_need(self, label: str) -> float:
        return self.there[label] / (self.there[label] + self.lacking[label])

    def _second_class(self, main: str, turn: int) -> str | None:
        """Draw the second class of the ``turn``-th video made for ``main``, or None.

        The draws follow a golden-ratio sequence, so that frequencies hold in a handful of videos already.
        """
        draw = (self.phases[main] + turn * _GOLDEN) % 1
        companions = self.settings.companions(main)
        for companion, probability in companions.items():
            if draw < probability:
                return companion if self.actions[companion] or self.number is not None else None
            draw -= probability
        others = [label for label in self.settings.classes if label != main and self.actions[label]]
        if others and draw < (1 - sum(companions.values())) * self.settings.mixed:
            return str(self.rng.choice(others))
        return None

    def _draw(self, main: str, second: str | None, wanted: float) -> list[_Excerpt]:
        """Draw about ``wanted`` snippets, less if a class has no more; at least one excerpt of each class."""
        drawn: list[_Excerpt] = []
        for label in self._labels(main, second):
            if not self.actions[label]:
                break
            length, so_far = self.actions[label][-1].length, sum(excerpt.length for excerpt in drawn)
            if len(drawn) >= (1 if second is None else 2) and so_far + length / 2 > wanted:
                break
            drawn.append(self.actions[label].pop())
        return drawn

    def _labels(self, main: str, second: str | None) -> Iterator[str]:
        """Yield each class once in random order, then any of them without end."""
        labels = [main] if second is None else [main, second]
        yield from self._shuffled(labels)
        while True:
            yield labels[int(self.rng.integers(len(labels)))]

    def _lay_out(self, instances: Sequence[Sequence[_Excerpt]]) -> list[tuple[Piece, ...]]:
        """Put background before, between and behind the instances, until there is none left."""
        stretches = [[True, *(self.rng.random(len(own) - 1) >= ADJACENT), True] for own in instances]
        wishes = iter(self._background_wishes(sum(map(sum, stretches)), _length(instances)))
        videos: list[tuple[Piece, ...]] = []
        for own, there in zip(instances, stretches):
            excerpts: list[_Excerpt] = []
            for stretch, instance in zip(there, [*own, None]):
                excerpts += self._fill(next(wishes)) if stretch else []
                excerpts += [instance] if instance else []
            if self.room >= SHORTEST_REST:
                if self.number is not None or not videos:
                    raise self._too_little_background(instances)
                self.background += [excerpt.clip for excerpt in excerpts if excerpt.clip.label not in self.actions]
                break
            videos.append(_pieces(excerpts))
        return videos

    def _background_wishes(self, number: int, action: int) -> list[int]:
        """Draw lengths of stretches, a third to five thirds of their mean, that together give the share of action."""
        borders = np.cumsum(self.rng.uniform(1 / 3, 5 / 3, number))
        borders *= action * (1 - self.settings.share) / self.settings.share / borders[-1]
        return np.diff(np.round(borders), prepend=0).astype(int).tolist()

    def _fill(self, wish: int) -> list[_Excerpt]:
        """Take excerpts of background clips for a stretch; what is missing of it is due in the next."""
        excerpts = []
        self.room += wish
        while self.room >= SHORTEST_REST and self.background:
            excerpts.append(self._crop(self.background.pop(), self.room))
            self.room -= excerpts[-1].length
        return excerpts

    def _too_few(self, labels: Sequence[str], lacking: Counter[str]) -> ValueError:
        low = self.settings.instance_snippets[0]
        each = '; '.join(
            f'{label} needs at least {self.there[label] + lacking[label]}, has {self.there[label]}' +
            (f' (and {self.too_short[label]} of less than {low} snippets)' if self.too_short[label] else '')
            for label in labels)
        return ValueError(f'Too few clips in subset {self.subset}: {each}. Ask for fewer or shorter videos, for '
                          f'shorter instances, or for no number of videos, to get as many as the clips suffice for.')

    def _too_little_background(self, instances: Sequence[Sequence[_Excerpt]]) -> ValueError:
        action, share = _length(instances), self.settings.share
        return ValueError(f'Too few background clips in subset {self.subset}: {action} snippets of action at a share '
                          f'of {share:g} need {round(action * (1 - share) / share)} of background, the clips have '
                          f'{self.background_there}, each clip is used once, and what is cut off is lost. Name more '
                          f'background classes, a larger share of action, or fewer videos.')


def _length(instances: Sequence[Sequence[_Excerpt]]) -> int:
    return sum(excerpt.length for own in instances for excerpt in own)


def _pieces(excerpts: Sequence[_Excerpt]) -> tuple[Piece, ...]:
    borders = np.cumsum([0, *(excerpt.length for excerpt in excerpts)]).tolist()
    return tuple(Piece(excerpt.clip, start, end, excerpt.start)
                 for excerpt, start, end in zip(excerpts, borders, borders[1:]))
