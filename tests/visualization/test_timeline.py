"""The picture shows what it is given, on one axis in seconds."""
from __future__ import annotations

import doctest

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import rpn_plugin.visualization.timeline
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import draw_timeline, save_figure
from rpn_plugin.visualization.timeline import in_sublanes

TRUTH = VideoSegments(np.array([[1.0, 3.0], [5.0, 6.0]]), ['Diving', 'CliffDiving'])
FOUND = VideoSegments(np.array([[0.5, 3.5], [8.0, 9.0]]), ['Diving', 'Diving'], np.array([0.9, 0.3]))


def bars(axes) -> list[tuple[float, float, float]]:
    """(lane, start, end) of every bar."""
    ticks = axes.get_yticks()
    return sorted((int(np.abs(ticks - bar.get_y() - bar.get_height() / 2).argmin()), bar.get_x(),
                   bar.get_x() + bar.get_width()) for bar in axes.patches)


def test_every_segment_is_a_bar_in_the_lane_of_its_row_and_class() -> None:
    axes = draw_timeline('video', 10.0, {'ground truth': TRUTH, 'detected': FOUND}).axes[0]
    lanes = [label.get_text() for label in axes.get_yticklabels()]
    assert lanes == ['ground truth: CliffDiving', 'ground truth: Diving', 'detected: Diving']
    assert bars(axes) == [(0, 5.0, 6.0), (1, 1.0, 3.0), (2, 0.5, 3.5), (2, 8.0, 9.0)]
    assert axes.get_xlim() == (0.0, 10.0)


def test_a_class_has_one_colour_and_weaker_detections_are_fainter() -> None:
    axes = draw_timeline('video', 10.0, {'ground truth': TRUTH, 'detected': FOUND}).axes[0]
    by_place = {bar.get_x(): bar for bar in axes.patches}
    assert by_place[1.0].get_facecolor()[:3] == by_place[0.5].get_facecolor()[:3] != by_place[5.0].get_facecolor()[:3]
    assert by_place[8.0].get_alpha() < by_place[0.5].get_alpha() == 1.0


def test_a_weak_class_looks_weak_beside_a_strong_one() -> None:
    both = VideoSegments(np.array([[0.0, 1.0], [2.0, 3.0]]), ['Diving', 'CliffDiving'], np.array([1.0, 0.2]))
    alpha = {bar.get_x(): bar.get_alpha() for bar in draw_timeline('video', 5.0, {'detected': both}).axes[0].patches}
    assert alpha == {0.0: 1.0, 2.0: 0.2}


def test_a_detection_of_the_whole_video_hides_no_other() -> None:
    rows = [[0, 10], [1, 3], [2, 4], [2.5, 5], [6, 8], [2.6, 2.9]]
    found = VideoSegments(np.array(rows), ['Diving'] * 6, np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]))
    assert in_sublanes(found) == [0, 1, 2, 3, 1, 3]  # the last does not fit anywhere
    axes = draw_timeline('video', 10.0, {'detected': found}).axes[0]
    boxes = {bar.get_x(): (bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches}
    assert len(boxes) == 6 and len(set(boxes.values())) == 4
    assert boxes[0.0][1] < boxes[2.0][0] < boxes[2.0][1] < boxes[2.5][0] and boxes[2.5] == boxes[2.6]
    assert axes.get_yticks()[-1] == pytest.approx((boxes[0.0][0] + boxes[2.5][1]) / 2)


def test_the_example_is_true() -> None:
    assert doctest.testmod(rpn_plugin.visualization.timeline).failed == 0


def test_sequences_share_the_axis_and_a_flat_one_is_drawn() -> None:
    times = np.arange(10) + 0.5
    figure = draw_timeline('video', 10.0, {'detected': FOUND}, {'CAS': (times, times), 'attention': (times, 0 * times)})
    assert [axes.get_ylabel() for axes in figure.axes[1:]] == ['CAS', 'attention']
    assert all(axes.get_xlim() == (0.0, 10.0) for axes in figure.axes)


def test_curves_of_several_classes_have_their_colours_on_one_scale() -> None:
    times = np.arange(4) + 0.5
    curves = {'CAS': (times, {'Diving': np.array([0, 0, 4, 0.0]), 'CliffDiving': np.array([1, 1, 1, 1.0])})}
    bars, axes = draw_timeline('video', 10.0, {'ground truth': TRUTH}, curves).axes
    drawn = {line.get_color(): line.get_ydata().tolist() for line in axes.lines}
    colour = {bar.get_x(): bar.get_facecolor() for bar in bars.patches}
    assert drawn == {colour[1.0]: [0, 0, 1, 0], colour[5.0]: [0.25] * 4}
    assert axes.texts[0].get_text() == '4\nto\n0'


def test_thumbnails_stand_above_the_bars_at_their_times_in_their_proportions() -> None:
    images = [(2.5, np.zeros((40, 80, 3), np.uint8)), (7.5, np.full((40, 20, 3), 255, np.uint8))]
    figure = draw_timeline('video', 10.0, {'ground truth': TRUTH}, {}, images)
    frames, bars = figure.axes
    assert [box.xy[0] for box in frames.artists] == [2.5, 7.5] and len(bars.patches) == 2
    FigureCanvasAgg(figure).draw()
    extents = [box.get_window_extent() for box in frames.artists]
    assert [extent.width / extent.height for extent in extents] == pytest.approx([2, 0.5], rel=0.05)
    assert not extents[0].overlaps(extents[1]) and extents[0].y0 > bars.get_window_extent().y1


def test_a_video_without_anything_to_show_is_still_a_picture(tmp_path) -> None:
    empty = VideoSegments(np.zeros((0, 2)), [], np.zeros(0))
    save_figure(draw_timeline('video', 10.0, {'detected': empty}), tmp_path / 'new' / 'empty.png')
    assert (tmp_path / 'new' / 'empty.png').read_bytes().startswith(b'\x89PNG')


def test_an_unknown_picture_format_leaves_nothing(tmp_path) -> None:
    with pytest.raises(ValueError, match=r'a\.doc: expected a name that ends with one of .*\.png'):
        save_figure(draw_timeline('video', 10.0, {'detected': FOUND}), tmp_path / 'a.doc')
    assert not list(tmp_path.iterdir())
