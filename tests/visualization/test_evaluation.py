"""Pictures of an evaluation hold its numbers."""
from __future__ import annotations

import numpy as np

from rpn_plugin.evaluation.functional.error_analysis import KINDS, ErrorAnalysis
from rpn_plugin.visualization.evaluation import BUDGETS, draw_errors, draw_precision_recall


def test_bars_are_the_shares_and_the_recalls() -> None:
    analysis = ErrorAnalysis(0.5, kind=np.array([0, 2, 4, 4]), rank=np.array([0.0, 1.5, 2.5, 4.0]),
                             found=np.array([True, False, True]), length_sec=np.array([3.0, 3.0, 9.0]),
                             crowd=np.array([1, 3, 3]), missed=(('a', 'Diving', 3.0, 3), ))
    kinds, lengths, crowds = draw_errors(analysis, 'title').axes
    heights = np.array([bar.get_height() for bar in kinds.patches]).reshape(len(KINDS), len(BUDGETS)).T
    np.testing.assert_allclose(heights[:3], [[100, 0, 0, 0, 0], [50, 0, 50, 0, 0], [100 / 3, 0, 100 / 3, 0, 100 / 3]])
    bottoms = np.array([bar.get_y() for bar in kinds.patches]).reshape(len(KINDS), len(BUDGETS)).T
    np.testing.assert_allclose(bottoms[:, 1:], heights.cumsum(axis=1)[:, :-1])
    assert [bar.get_height() for bar in lengths.patches] == [0, 50, 0, 100, 0, 0]
    assert [bar.get_height() for bar in crowds.patches][:2] == [100, 50]
    assert [text.get_text() for text in lengths.texts][:2] == ['n=0', 'n=2']


def test_every_class_has_its_curve_and_one_without_detections_is_drawn_empty() -> None:
    curves = {f'class {index}': (np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.5, 2 / 3])) for index in range(6)}
    curves['none'] = (np.zeros(0), np.zeros(0))
    axes = [axis for axis in draw_precision_recall(curves, 'title').axes if axis.get_visible()]
    assert [axis.get_title() for axis in axes] == list(curves)
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), [1.0, 1.0, 0.5, 2 / 3])
