"""Heat maps say which class is which and leave the diagonal out."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from rpn_plugin.visualization.heat_map import MOST_WRITTEN, HeatMap, draw_heat_maps, prototype_distances

CLASSES = ('Diving', 'CliffDiving', 'HighJump')
MATRIX = np.array([[9, 0.5, 0], [0.25, 9, 12.34], [0, 0.75, 9]])


def test_distances_are_euclidean() -> None:
    prototypes = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    np.testing.assert_allclose(prototype_distances(prototypes), cdist(prototypes, prototypes), atol=1e-6)


def test_each_value_stands_in_its_cell_and_the_diagonal_sets_no_colour() -> None:
    figure = draw_heat_maps({'rgb': HeatMap(MATRIX, CLASSES, 'share', 'class i', 'class j')}, 'title')
    axes = figure.axes[0]
    written = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts}
    assert written == {(0, 1): '.50', (0, 2): '', (1, 0): '.25', (1, 2): '12.3', (2, 0): '', (2, 1): '.75'}
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CLASSES)
    assert (axes.get_ylabel(), axes.get_xlabel(), axes.get_title()) == ('class i', 'class j', 'rgb')
    assert axes.images[0].get_clim() == (0, 12.34) and figure.axes[1].get_ylabel() == 'share'


def test_many_classes_are_drawn_without_values_and_one_class_at_all() -> None:
    many = MOST_WRITTEN + 1
    figure = draw_heat_maps({'': HeatMap(np.ones((many, many)), [str(index) for index in range(many)], 'x')}, '')
    assert not figure.axes[0].texts and len(figure.axes[0].get_xticklabels()) == many
    assert not draw_heat_maps({'': HeatMap(np.zeros((1, 1)), ['Diving'], 'x')}, '').axes[0].texts


def test_a_matrix_of_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r'\(2, 2\).*\(3, 3\)'):
        HeatMap(MATRIX, ['a', 'b'], 'x')
