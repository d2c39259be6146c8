"""fps and stride are recovered from durations and lengths, however an extractor rounds."""
from __future__ import annotations

import math

import numpy as np
import pytest

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.checking import VideoSubset, check_subset
from rpn_plugin.datasets.feature_stores import FeatureHeader, FeatureStore
from rpn_plugin.datasets.formats import get_layout

ROUNDINGS = {
    'whole windows': lambda frames, stride: (frames - 16) // stride + 1,
    'whole strides': lambda frames, stride: frames // stride,
    'strides begun': lambda frames, stride: -(-frames // stride),
    'one more': lambda frames, stride: frames // stride + 1,
}
RECIPES = [(25, 16), (30, 16), (30, 4), (25, 8), (25, 4), (24, 16), (10, 16)]


class Lengths(FeatureStore):
    """Features of which only the lengths are known."""

    def __init__(self, lengths: dict[str, int]) -> None:
        super().__init__()
        self.lengths = lengths

    def videos(self) -> list[str]:
        return sorted(self.lengths)

    def where(self, video: str) -> str:
        return f'made/{video}.npy'

    def header(self, video: str) -> FeatureHeader:
        return FeatureHeader(self.lengths[video], 1024)


def subset_of(durations: dict[str, float], lengths: dict[str, int], recipe: dict | None, fps: float | None = None,
              segments: list | None = None) -> VideoSubset:
    database = {video: dict(subset='test', duration=duration, annotations=[
        dict(label='Diving', segment=segment) for segment in segments or [[0.0, 1.0]]]) | (
            {} if fps is None else dict(fps=fps)) for video, duration in durations.items()}
    annotations = AnnotationFile('made.json', ('Diving', ), None, database, get_layout('plugin'))
    return VideoSubset(annotations, 'test', False, dict(rgb=Lengths(lengths)), recipe)


def made_durations(number: int = 60) -> dict[str, float]:
    """Log-normal around two minutes, as THUMOS14's, from 15 seconds."""
    values = np.random.default_rng(0).lognormal(math.log(120), 0.9, number).clip(15, 1600)
    return {f'video_{index}': float(value) for index, value in enumerate(values)}


@pytest.mark.parametrize('rounding', ROUNDINGS)
@pytest.mark.parametrize('fps, stride', RECIPES)
def test_a_right_recipe_is_accepted_and_a_wrong_one_corrected(fps, stride, rounding) -> None:
    durations = made_durations()
    lengths = {video: ROUNDINGS[rounding](int(duration * fps), stride) for video, duration in durations.items()}
    for other_fps, other_stride in RECIPES:
        recipe = dict(fps=other_fps, snippet_stride=other_stride, window=16)
        findings = check_subset(subset_of(durations, lengths, recipe), segments=False).findings
        if math.isclose(other_stride / other_fps, stride / fps):
            assert findings == []
        else:
            [finding] = findings
            assert finding.code == 'recipe-contradicted'
            assert f'{fps} fps / stride {stride} (fits' in finding.message.split(' tell ')[1]
            assert f'the recipe is one feature per {other_stride} frames at {other_fps} fps' in finding.message


def test_frame_rates_of_the_videos_are_recovered() -> None:
    durations = made_durations()
    lengths = {video: int(duration * 29.97) // 4 for video, duration in durations.items()}
    [finding] = check_subset(subset_of(durations, lengths, dict(fps=25, snippet_stride=16), fps=29.97), False).findings
    assert 'the frame rate of each video / stride 4 (fits 100 %' in finding.message
    right = subset_of(durations, lengths, dict(fps='video', snippet_stride=4, window=16), fps=29.97)
    assert check_subset(right, segments=False).findings == []


def test_unusual_recipes_are_told_in_seconds() -> None:
    durations = made_durations()
    lengths = {video: round(duration / 1.9) for video, duration in durations.items()}
    [finding] = check_subset(subset_of(durations, lengths, dict(fps=25, snippet_stride=16)), segments=False).findings
    assert ' tell 1.9' in finding.message and 'none of the usual recipes' in finding.message


def test_features_of_a_fixed_length_are_recognized() -> None:
    durations = made_durations()
    lengths = dict.fromkeys(durations, 100)
    [finding] = check_subset(subset_of(durations, lengths, dict(fps=25, snippet_stride=16)), segments=False).findings
    assert 'every video has T=100' in finding.message and 'spread_over_duration=True' in finding.message
    spread = subset_of(durations, lengths, dict(fps=25, spread_over_duration=True))
    assert check_subset(spread, segments=True).findings == []


def test_a_segment_beyond_the_features_is_outside_even_within_the_duration() -> None:
    durations = dict(video=64.0, second=64.0, third=64.0)
    subset = subset_of(durations, dict(video=60, second=100, third=100), dict(fps=25, snippet_stride=16),
                       segments=[[1.0, 62.0]])
    mismatch, outside = check_subset(subset, segments=True).findings
    assert (mismatch.code, outside.code) == ('duration-mismatch', 'segment-outside')
    assert 'video video of 38.4 s (features): 1 of 1 segments, Diving [1, 62]' in outside.message
    right = subset_of(dict(video=64.0), dict(video=99), dict(fps=25, snippet_stride=16), segments=[[1.0, 64.5]])
    assert check_subset(right, segments=True).findings == []


def test_extracted_fps_of_wtalc_is_contradicted_by_its_own_durations(shared_data) -> None:
    path = shared_data / 'thumos14' / 'wtalc' / 'Thumos14reduced-Annotations'
    annotations = AnnotationFile.read(path, None, 'wtalc')
    lengths = {video: int(entry['duration'] * 25) // 16 for video, entry in annotations.database.items()}
    for subset in ('validation', 'test'):
        stated = dict(fps=10, snippet_stride=16, window=16)
        findings = check_subset(VideoSubset(annotations, subset, False, dict(rgb=Lengths(lengths)), stated),
                                segments=False).findings
        [finding] = [finding for finding in findings if finding.code == 'recipe-contradicted']
        assert '(1.6 s)' in finding.message and 'tell 0.64' in finding.message
        assert '25 fps / stride 16 (fits 100 % of the videos)' in finding.message
        right = check_subset(VideoSubset(annotations, subset, False, dict(rgb=Lengths(lengths)), annotations.recipe),
                             segments=False)
        assert {finding.code for finding in right.findings} == {'labels-disagree'}
