"""The picture of scores over cost shows every method, and which of them no cheaper one beats."""
from __future__ import annotations

from itertools import combinations

from rpn_plugin.structures import SeedValues
from rpn_plugin.visualization.cost import CostPoint, draw_scores_over_cost


def test_every_method_has_its_point_and_the_line_goes_through_the_best_of_their_cost() -> None:
    points = {'RPN': CostPoint(40.0, SeedValues((70.0, 74.0))), 'slow': CostPoint(400.0, SeedValues((60.0, 60.0))),
              'quick': CostPoint(5.0, SeedValues((50.0, 52.0))), 'quick but poor': CostPoint(6.0, SeedValues((40.0, )))}
    axes, = draw_scores_over_cost(points, 'RPN', 'methods', 'time', 'mAP').axes
    assert axes.lines[0].get_xydata().tolist() == [[5.0, 51.0], [40.0, 72.0]]
    assert {text.get_text(): text.xy for text in axes.texts} == {
        name: (point.cost, point.scores.mean) for name, point in points.items()}
    drawn = [container.lines[0] for container in axes.containers]
    assert [line.get_xydata().tolist() for line in drawn] == [[[point.cost, point.scores.mean]]
                                                              for point in points.values()]
    assert [line.get_color() == 'tab:red' for line in drawn] == [True, False, False, False]
    left, right = axes.get_xlim()
    assert left < 5 and right > 400 and axes.get_xscale() == 'log'


def test_names_cover_neither_each_other_nor_a_point() -> None:
    places = [(100.0, 50.0), (104.0, 50.2), (160.0, 50.5), (98.0, 49.8), (10.0, 20.0)]
    points = {f'method {number}': CostPoint(cost, SeedValues((score, )))
              for number, (cost, score) in enumerate(places)}
    axes, = draw_scores_over_cost(points, 'method 0', 'methods', 'time', 'mAP').axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == len(points)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    for x, y in axes.transData.transform(places):
        assert not any(box.contains(x, y) for box in boxes)
