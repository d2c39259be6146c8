"""Gains are differences of the averaged AP, seed by seed."""
from __future__ import annotations

import numpy as np
import pytest

from rpn_plugin.visualization.gain import class_gains, draw_class_gains


def result(**changes) -> dict:
    return dict(protocol='p', tiou=[0.1, 0.2, 0.5, 0.6], averaged_over=[0.1, 0.5],
                ap=dict(Diving=[0.5, 0.0, 0.3, 1.0], Jump=[0.2, 0.9, 0.2, 0.9])) | changes


def test_only_the_averaged_thresholds_count_and_the_largest_gain_is_first() -> None:
    better = [result(ap=dict(Diving=[0.5, 0, 0.5, 0], Jump=[0.6, 0, 0.2, 0])),
              result(ap=dict(Diving=[0.5, 0, 0.3, 0], Jump=[0.2, 0, 0.8, 0]))]
    gains = class_gains(better, [result(), result()])
    assert [gain.label for gain in gains] == ['Jump', 'Diving']
    np.testing.assert_allclose([gain.values for gain in gains], [[20, 30], [10, 0]])
    assert gains[0].mean == pytest.approx(25) and gains[0].std == pytest.approx(50**0.5)
    assert class_gains(better[:1], [result()])[0].std is None


@pytest.mark.parametrize('better, worse, message', [
    ([], [], 'got 0 and 0'),
    ([result()], [result(), result()], 'got 1 and 2'),
    ([result()], [result(protocol='other')], 'one protocol'),
    ([result()], [result(ap=dict(Diving=[0, 0, 0, 0]))], 'same classes'),
])
def test_what_cannot_be_compared_is_refused(better, worse, message) -> None:
    with pytest.raises(ValueError, match=message):
        class_gains(better, worse)


def test_the_bars_are_the_means_coloured_by_sign_with_a_dot_per_seed() -> None:
    gains = class_gains([result(ap=dict(Diving=[0.9, 0, 0.5, 0], Jump=[0, 0, 0.2, 0]))] * 2, [result()] * 2)
    axes = draw_class_gains(gains, 'title', 'points').axes[0]
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], [30, -10])
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    assert [label.get_text() for label in axes.get_xticklabels()] == ['Diving', 'Jump']
    assert {text.get_text() for text in axes.texts} == {'+30.0', '-10.0'}
    dots = [line.get_ydata() for line in axes.lines if line.get_marker() == 'o']
    np.testing.assert_allclose(dots, [[30, 30], [-10, -10]])
