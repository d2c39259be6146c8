"""Timelines through the host's visualization backends: local files, TensorBoard and so on."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmaction.registry import VISUALIZERS
from mmaction.structures import ActionDataSample
from mmengine.dist import master_only
from mmengine.visualization import Visualizer

from rpn_plugin.files import LONGEST_NAME, unsafe_name
from rpn_plugin.shown_names import glyphs_may_be_missing
from rpn_plugin.visualization.predictions import draw_prediction


@VISUALIZERS.register_module()
class WTALVisualizer(Visualizer):
    """MMEngine's visualizer, whose samples are untrimmed videos; the arguments are those of the base class."""

    @master_only
    def add_datasample(self, name: str, data_sample: ActionDataSample, curves: Mapping[str, np.ndarray] | None = None,
                       top: int = 30, step: int = 0) -> None:
        """Draw a video's timeline and give it to every backend.

        Args:
            name: Of the picture; what cannot stand in the name of a file becomes an underscore.
            data_sample: As predicted.
            curves: From :func:`rpn_plugin.inspection.curves_of`.
            top: Draw so many of the best detections.
            step: Epoch or iteration.

        Raises:
            ValueError: If the classes are unknown.
        """
        classes = (self.dataset_meta or {}).get('classes')
        if not classes:
            raise ValueError('WTALVisualizer expects dataset_meta=dict(classes=[...]), which the runner takes from the '
                             'data set, but got none.')
        figure = draw_prediction(data_sample, curves or {}, classes, top)
        safe = ''.join('_' if unsafe_name(character) else character for character in name)
        self.add_image(safe if unsafe_name(safe) is None else safe[:LONGEST_NAME // 4], figure_pixels(figure), step)


def figure_pixels(figure: Figure, dpi: int = 110) -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    with glyphs_may_be_missing():
        canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
