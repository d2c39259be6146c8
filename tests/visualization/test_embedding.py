"""t-SNE keeps apart what is apart, and says what is what."""
from __future__ import annotations

import sys

import numpy as np
import pytest

from rpn_plugin.structures import BACKGROUND, EmbeddedVideo, snippet_labels
from rpn_plugin.visualization.embedding import draw_embedding, project


def test_a_snippet_has_the_class_of_the_segment_that_holds_its_centre() -> None:
    segments = np.array([[1.0, 3.0], [2.5, 4.0]])
    assert snippet_labels(np.array([0.5, 1.0, 2.6, 3.0, 4.0]), segments, ['Diving', 'Jump']) == [
        BACKGROUND, 'Diving', 'Diving', 'Jump', BACKGROUND]
    assert snippet_labels(np.array([0.5]), np.zeros((0, 2)), []) == [BACKGROUND]


def made_video() -> tuple[np.ndarray, EmbeddedVideo]:
    rng = np.random.default_rng(0)
    centres = np.eye(3, 8) * 20  # of Diving, Jump and background
    labels = ['Diving'] * 12 + ['Jump'] * 12 + [BACKGROUND] * 12
    features = centres.repeat(12, axis=0) + rng.standard_normal((36, 8))
    prototypes = centres[[0, 2, 1]] + 1.0  # classes Diving, Swing, Jump
    return prototypes, EmbeddedVideo('video', features, labels, prototypes - 0.5)


def test_groups_stay_groups_and_prototypes_lie_with_their_class() -> None:
    prototypes, video = made_video()
    places = project(np.concatenate([video.features, prototypes]))
    centres = places[:36].reshape(3, 12, 2).mean(axis=1)
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1)
    assert nearest.tolist() == [0] * 12 + [1] * 12 + [2] * 12 + [0, 2, 1]
    np.testing.assert_allclose(video.centre('Jump'), video.features[12:24].mean(axis=0))


def test_annotated_classes_have_a_star_and_a_diamond_in_their_colour() -> None:
    prototypes, video = made_video()
    figure = draw_embedding({'rgb': (prototypes, [video])}, ('Diving', 'Swing', 'Jump'), 'title')
    axes = figure.axes[0]
    marks = {kind: [line.get_color() for line in axes.lines if line.get_marker() == kind] for kind in '*D'}
    assert len(marks['*']) == 2 and marks['*'] == marks['D'] and len(set(marks['*'])) == 2
    assert len(axes.collections[0].get_offsets()) == 36
    named = {text.get_text(): handle.get_color() for text, handle in zip(
        figure.legends[0].get_texts(), figure.legends[0].legend_handles)}
    assert [named['Diving'], named['Jump']] == marks['*'] and 'updated prototypes' in named and 'Swing' not in named


def test_a_video_of_background_alone_and_too_short_a_one() -> None:
    prototypes, video = made_video()
    nothing = EmbeddedVideo('empty', video.features, [BACKGROUND] * 36, video.updated)
    figure = draw_embedding({'': (prototypes, [nothing])}, ('Diving', 'Swing', 'Jump'), 'title')
    assert not figure.axes[0].lines
    with pytest.raises(ValueError, match='at least 4 points, but got 3'):
        project(np.zeros((3, 2)))


def test_without_scikit_learn_one_is_told_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'sklearn.manifold', None)
    with pytest.raises(ImportError, match=r'rpn-plugin\[figures\]'):
        project(np.zeros((9, 2)))
