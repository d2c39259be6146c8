"""Timelines through the host's visualization backends: local files, TensorBoard and so on."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmaction.registry import VISUALIZERS
from mmaction.structures import ActionDataSample
from mmengine.dist import master_only
from mmengine.visualization import LocalVisBackend, Visualizer
from mmengine.visualization.vis_backend import BaseVisBackend

from rpn_plugin.files import LONGEST_NAME, unsafe_name
from rpn_plugin.shown_names import glyphs_may_be_missing
from rpn_plugin.visualization.predictions import draw_prediction


@VISUALIZERS.register_module()
class WTALVisualizer(Visualizer):
    """MMEngine's visualizer, whose samples are untrimmed videos.

    Whatever other backends there are, as TensorBoard's, the local one is among them: it writes ``scalars.json``, the
    losses that ``rpn compare`` draws.

    Args:
        name: As :class:`mmengine.visualization.Visualizer`.
        save_dir: As there.
        kwargs: As there.
    """

    _vis_backends: dict[str, BaseVisBackend]

    def __init__(self, name: str = 'visualizer', save_dir: str | None = None, **kwargs: Any) -> None:
        super().__init__(name, save_dir=save_dir, **kwargs)
        given = self._vis_backends
        if save_dir is not None and given and not any(isinstance(one, LocalVisBackend) for one in given.values()):
            local = LocalVisBackend(save_dir=str(Path(save_dir) / 'vis_data'))
            self._vis_backends = {LocalVisBackend.__name__: local, **given}

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
            OSError: If the picture cannot be written.
        """
        classes = (self.dataset_meta or {}).get('classes')
        if not classes:
            raise ValueError('WTALVisualizer expects dataset_meta=dict(classes=[...]), which the runner takes from the '
                             'data set, but got none.')
        figure = draw_prediction(data_sample, curves or {}, classes, top)
        safe = ''.join('_' if unsafe_name(character) else character for character in name)
        safe = safe if unsafe_name(safe) is None else safe[:LONGEST_NAME // 4]
        self.add_image(safe, figure_pixels(figure), step)
        for backend in self._vis_backends.values():
            if isinstance(backend, LocalVisBackend):  # which says nothing where OpenCV could not write
                path = Path(backend._img_save_dir, f'{safe}_{step}.png')
                if not path.is_file():
                    raise OSError(f'{path} was not written')


def figure_pixels(figure: Figure, dpi: int = 110) -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    with glyphs_may_be_missing():
        canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
