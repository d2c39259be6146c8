"""The page about a data set shows its numbers, and its names can be read."""
from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.checking import DatasetCheck, VideoSubset, check_dataset
from rpn_plugin.datasets.formats import get_layout
from rpn_plugin.datasets.sources import subsets_of_annotations
from rpn_plugin.visualization.dataset import draw_dataset


def made(num_classes: int, num_videos: int) -> DatasetCheck:
    """Annotations only: every video has its class and the next, segments of 0.01 to 100 seconds."""
    classes = tuple(f'A rather long name of class {index}' for index in range(num_classes))
    lengths = np.geomspace(0.01, 100, num_videos)
    database = {f'{subset}_{index}': dict(subset=subset, duration=float(150 + index), annotations=[
        dict(label=classes[(index + step) % num_classes], segment=[0.0, float(lengths[index])]) for step in (0, 1)])
        for subset in ('train', 'test') for index in range(num_videos)}
    annotations = AnnotationFile('made.json', classes, None, database, get_layout('plugin'))
    return check_dataset([VideoSubset(annotations, subset, subset == 'train') for subset in ('train', 'test')])


def test_bars_are_the_instances_and_the_matrix_the_pairs(tiny) -> None:
    features = {stream: str(tiny.root / 'features' / stream) for stream in ('rgb', 'flow')}
    check = check_dataset(subsets_of_annotations(str(tiny.root / 'annotations.json'), 'plugin', features, None).subsets)
    figure = draw_dataset(check.statistics, 'tiny', 0.64)
    _, _, rate, classes, train, test = figure.axes
    assert [bar.get_height() for bar in classes.patches] == [
        *check.statistics[0].instances_per_class, *check.statistics[1].instances_per_class]
    assert [label.get_text() for label in classes.get_xticklabels()] == tiny.content['classes']
    np.testing.assert_allclose(rate.lines[0].get_ydata(), 0.64)
    for axes, number in ((train, '3'), (test, '1')):
        assert [text.get_text() for text in axes.texts] == [number, number]
        assert [label.get_text() for label in axes.get_yticklabels()] == ['Diving', 'CliffDiving']


@pytest.mark.parametrize('num_classes', [2, 20, 100])
def test_no_name_lies_over_another(num_classes) -> None:
    figure = draw_dataset(made(num_classes, 120).statistics, 'made', None)
    renderer = FigureCanvasAgg(figure)
    renderer.draw()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label for label in axis.get_ticklabels() if label.get_text()]
            boxes = [label.get_window_extent(renderer.get_renderer()) for label in labels]
            rotated = {label.get_rotation() for label in labels} == {45.0}
            for first, second in zip(boxes, boxes[1:]):
                assert rotated or not first.overlaps(second), (axes.get_title(), axis.axis_name)


def test_a_page_without_features_or_durations_says_so() -> None:
    database = dict(a=dict(subset='test', annotations=[dict(label='Diving', segment=[1.0, 1.0])]))
    annotations = AnnotationFile('made.json', ('Diving', ), None, database, get_layout('plugin'))
    figure = draw_dataset(check_dataset([VideoSubset(annotations, 'test', False)]).statistics, 'made', None)
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert said == ['none known', 'none known', 'no features, or no durations', 'every video has one class']
