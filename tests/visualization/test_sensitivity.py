"""Curves of a search show what was measured."""
from __future__ import annotations

import numpy as np

from rpn_plugin.visualization.sensitivity import SensitivityCurve, draw_sensitivity


def test_each_curve_has_its_points_its_errors_and_the_chosen_one() -> None:
    curves = dict(alpha=SensitivityCurve([0.01, 0.1, 1.0], [60, 70, 65], [1, 0, 2], 0.1),
                  n=SensitivityCurve([0, 1, 2], [68, 69, 70], [1, 1, 0], 2))
    figure = draw_sensitivity(curves, 70.0, 'around the chosen point', 'mAP')
    axes = [axis for axis in figure.axes if axis.get_visible()]
    assert [(axis.get_title(), axis.get_xscale()) for axis in axes] == [('alpha', 'log'), ('n', 'linear')]
    for axis, curve in zip(axes, curves.values()):
        line = axis.containers[0].lines[0]
        np.testing.assert_array_equal(line.get_xydata(), np.column_stack([curve.values, curve.scores]))
        star = axis.lines[-1]
        assert star.get_marker() == '*' and star.get_xydata().tolist() == [[curve.chosen, 70.0]]
        spans = [segment[1, 1] - segment[0, 1] for segment in axis.containers[0].lines[2][0].get_segments()]
        np.testing.assert_allclose(spans, 2 * np.array(curve.errors))
