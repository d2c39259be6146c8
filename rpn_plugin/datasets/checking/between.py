"""Checks of the features of test videos against those of training videos, by the numbers that are kept of them."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from rpn_plugin.datasets.checking.among import (
    EQUAL_NORMS,
    FEWEST_SNIPPETS,
    LEAST_MARGIN,
    SWAPPED,
    USUAL_NORMS,
    has_negatives,
    relative_spread,
)
from rpn_plugin.datasets.checking.contents import Content, Contents, of_stream
from rpn_plugin.datasets.checking.signatures import Signatures, swap_margin
from rpn_plugin.datasets.checking.subset import CheckedSubset
from rpn_plugin.datasets.faults import Finding
from rpn_plugin.structures import describe_recipe, same_recipe

FEWEST_VIDEOS, FEWEST_SCALES = 4, 6
"""Videos of a subset with less of which nothing is usual, or the scale of the subset is not known."""
SCALED, SCALED_ALIKE = 1.6, 0.35
"""Ratio of the standard deviations of two subsets, and by which share of its logarithm the channels differ in it."""
CERTAIN = 7
"""Standard errors of the scale of a subset, as its videos have it."""
MOVED = 1.0
"""Means of the channels of two subsets differ by fewer standard deviations."""
UNLIKE = 0.5
"""Agreement of the channels of two subsets; of one extraction it is above 0.9."""
NEARLY_ALL, HARDLY_ANY = 0.9, 0.1


def check_between(training: CheckedSubset, test: CheckedSubset, training_contents: Contents,
                  test_contents: Contents) -> list[Finding]:
    """Find test features that were not made as the training features were.

    Args:
        training: A subset that is trained on.
        test: One that is not.
        training_contents: What :func:`check_values` returned for the first.
        test_contents: And for the second.
    """
    pair = _Pair(training, test)
    pair.check_streams()
    pair.check_recipes()
    streams = [stream for stream in training.subset.stores if stream in test.subset.stores]
    signatures: dict[str, tuple[Signatures, Signatures]] = {}
    for stream in streams:
        first, second = of_stream(training_contents, stream), of_stream(test_contents, stream)
        if not pair.check_widths(stream) or min(len(first), len(second)) < FEWEST_VIDEOS:
            continue
        if not pair.check_norms(stream, first, second) and not pair.check_signs(stream, first, second):
            pair.check_scale(stream, first, second)
        pair.check_means(stream, first, second)
        if not pair.check_dead(stream, first, second):
            signatures[stream] = Signatures(first), Signatures(second)
    if not pair.check_swapped(signatures):
        for stream, known in signatures.items():
            pair.check_channels(stream, *known)
    return pair.findings


class _Pair:
    """A training and a test subset, and the findings about the two.

    Args:
        training: The first.
        test: The second.
    """

    def __init__(self, training: CheckedSubset, test: CheckedSubset) -> None:
        self.training, self.test = training, test
        self.findings: list[Finding] = []

    def add(self, code: str, message: str) -> None:
        """Note a finding, whose message begins with the two subsets."""
        one, two = self.training.subset, self.test.subset
        self.findings.append(Finding(code, f'{one.name} of {one.annotations.path} and {two.name} of '
                                           f'{two.annotations.path}: {message}'))

    def places(self, stream: str) -> str:
        """Name the stream and where the two subsets have it."""
        first, second = (checked.where(stream, '*') for checked in (self.training, self.test))
        return f'{stream} ({first})' if first == second else f'{stream} ({first}, {second})'

    def check_streams(self) -> None:
        one, two = (list(checked.subset.stores) for checked in (self.training, self.test))
        if one and two and set(one) != set(two):
            self.add('subset-streams', f'the features of training are {one}, and those of the test {two}')

    def check_recipes(self) -> None:
        one, two = self.training.subset.recipe, self.test.subset.recipe
        if one is not None and two is not None and self.training.subset.stores and not same_recipe(one, two):
            self.add('subset-recipe', f'training has {describe_recipe(one)}, and the test {describe_recipe(two)}')

    def check_widths(self, stream: str) -> bool:
        """Return whether both have one width."""
        one, two = (Counter(found[stream].width for found in checked.headers.values())
                    for checked in (self.training, self.test))
        if one and two and one.keys() != two.keys():
            self.add('subset-width', f'{self.places(stream)} has D={one.most_common(1)[0][0]} in training, and '
                                     f'D={two.most_common(1)[0][0]} in the test')
        return one.keys() == two.keys() and len(one) == 1

    def check_norms(self, stream: str, first: Mapping[str, Content], second: Mapping[str, Content]) -> bool:
        """Return whether the snippets of one side only are normalized to one length."""
        one, two = (float(np.median([relative_spread(content) for content in found.values()]))
                    for found in (first, second))
        if not min(one, two) < EQUAL_NORMS or not max(one, two) > USUAL_NORMS:
            return False
        self.add('subset-normalized', f'{self.places(stream)}: every snippet has the same length in '
                                      f'{"training" if one < two else "the test"} only')
        return True

    def check_scale(self, stream: str, first: Mapping[str, Content], second: Mapping[str, Content]) -> None:
        one, two = (np.median([content.stds for content in found.values()], axis=0) for found in (first, second))
        moving = (one > 0) & (two > 0)
        ratios = np.log(two[moving] / one[moving])
        usual = float(np.median(ratios)) if moving.any() else 0.0
        differing = float(np.median(np.abs(ratios - usual))) if moving.any() else 0.0
        scales = [np.log([content.scale for content in found.values()]) for found in (first, second)]
        error = np.sqrt(sum(np.var(values) / len(values) for values in scales))
        if min(map(len, scales)) < FEWEST_SCALES:
            return
        if abs(usual) > max(np.log(SCALED), CERTAIN * error) and differing < SCALED_ALIKE * abs(usual):
            self.add('subset-scale', f'{self.places(stream)}: the values of the test are {np.exp(usual):.3g} times as '
                                     f'large, in all channels alike')

    def check_means(self, stream: str, first: Mapping[str, Content], second: Mapping[str, Content]) -> None:
        (means, deviations), (others, other_deviations) = _pooled(first), _pooled(second)
        moving = np.maximum(deviations, other_deviations) > 0
        # of the larger deviation: where only the scale differs, means move with it
        moved = np.abs(others - means)[moving] / np.maximum(deviations, other_deviations)[moving]
        if moving.any() and float(np.median(moved)) > MOVED:
            self.add('subset-offset', f'{self.places(stream)}: the means of the channels lie {np.median(moved):.3g} '
                                      f'standard deviations apart')

    def check_signs(self, stream: str, first: Mapping[str, Content], second: Mapping[str, Content]) -> bool:
        """Return whether one side only has values below zero."""
        one, two = (float(np.mean([has_negatives(content) for content in found.values()])) for found in (first, second))
        if min(one, two) > 0 or max(one, two) < NEARLY_ALL:
            return False
        self.add('subset-negative', f'{self.places(stream)}: values below zero are in '
                                    f'{"training" if one > two else "the test"} only')
        return True

    def check_dead(self, stream: str, first: Mapping[str, Content], second: Mapping[str, Content]) -> bool:
        """Find channels that are constant in all videos; returns whether some are on one side only."""
        one, two = _dead_share(first), _dead_share(second)
        everywhere = np.flatnonzero((one == 1) & (two == 1))
        if len(everywhere):
            self.add('channels-constant', f'{self.places(stream)}: {len(everywhere)} of {len(one)} channels, such as '
                                          f'{everywhere[0]}, are constant in every video')
        found = False
        for here, there, name in ((one, two, 'training'), (two, one, 'the test')):
            dead = np.flatnonzero((here > NEARLY_ALL) & (there < HARDLY_ANY))
            if len(dead):
                found = True
                self.add('subset-dead', f'{self.places(stream)}: {len(dead)} of {len(here)} channels, such as '
                                        f'{dead[0]}, are constant in {name} only')
        return found

    def check_swapped(self, signatures: Mapping[str, tuple[Signatures, Signatures]]) -> bool:
        """Return whether the streams of the test are in each other's place."""
        swapped = False
        for one, two in combinations(signatures, 2):
            (first, first_test), (second, second_test) = signatures[one], signatures[two]
            known = first.centre and second.centre and first_test.centre and second_test.centre
            if not known or first.width != second.width:
                continue
            usual = float(np.median([swap_margin(first.videos[video], second.videos[video], first, second)
                                     for video in first.videos if video in second.videos]))
            margin = float(np.median([swap_margin(first_test.videos[video], second_test.videos[video], first, second)
                                      for video in first_test.videos if video in second_test.videos]))
            if usual > LEAST_MARGIN and margin < SWAPPED * usual:
                swapped = True
                self.add('subset-streams-swapped', f'{self.places(one)} of the test looks like {self.places(two)} of '
                                                   f'training, and the other way round')
        return swapped

    def check_channels(self, stream: str, first: Signatures, second: Signatures) -> None:
        parts = first.reliable & second.reliable
        if parts and (like := first.likeness(second.centre, parts)) < UNLIKE:
            self.add('subset-channels', f'{self.places(stream)}: what tells the channels apart agrees by {like:.2f}; '
                                        f'expected at least {UNLIKE}')


def _pooled(found: Mapping[str, Content]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the kept channels over all snippets."""
    lengths = np.array([content.length for content in found.values()], dtype=np.float64)
    weights = (lengths / lengths.sum())[:, None]
    means = np.array([content.means for content in found.values()], dtype=np.float64)
    stds = np.array([content.stds for content in found.values()], dtype=np.float64)
    mean = (weights * means).sum(0)
    return mean, np.sqrt((weights * (np.square(stds) + np.square(means - mean))).sum(0))


def _dead_share(found: Mapping[str, Content]) -> np.ndarray:
    """Return the share of the videos in which each channel is constant, (D, )."""
    known: Sequence[Content] = [content for content in found.values() if content.length >= FEWEST_SNIPPETS]
    width = next(iter(found.values())).width
    if len(known) < FEWEST_VIDEOS:
        return np.full(width, 0.5)
    return np.bincount(np.concatenate([content.constant for content in known]).astype(np.int64),
                       minlength=width) / len(known)
