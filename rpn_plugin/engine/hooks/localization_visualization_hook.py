"""Timelines of some videos whenever there is a validation or a test."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.registry import HOOKS
from mmaction.structures import ActionDataSample
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import IterBasedTrainLoop, Runner

from rpn_plugin.command_line import reason
from rpn_plugin.inspection import curves_of
from rpn_plugin.shown_names import one_line
from rpn_plugin.visualization import WTALVisualizer


@HOOKS.register_module()
class LocalizationVisualizationHook(Hook):
    """Draws ground truth, detections, class activation sequences and attention of the first videos.

    The pictures, named ``<val|test>_<video>``, go to the backends of ``WTALVisualizer`` at the step of the epoch (or of
    the iteration, where training counts those; 0 in a test). On several processes they are of the main one's videos.
    A picture that cannot be drawn or written is named in a warning, and the run goes on.

    Args:
        num_videos: How many in each validation.
        top: Draw so many of the best detections of each.
    """

    def __init__(self, num_videos: int = 4, top: int = 30) -> None:
        self.num_videos = num_videos
        self.top = top
        self._left = 0
        self._failed = 0

    def before_run(self, runner: Runner) -> None:
        """Check the visualizer.

        Raises:
            TypeError: If it draws no timelines.
        """
        if not isinstance(runner.visualizer, WTALVisualizer):
            raise TypeError(f"LocalizationVisualizationHook expects visualizer=dict(type='WTALVisualizer', ...), but "
                            f'got {type(runner.visualizer).__name__}.')

    def before_val_epoch(self, runner: Runner) -> None:
        """Start to count."""
        self._left, self._failed = self.num_videos, 0

    def before_test_epoch(self, runner: Runner) -> None:
        """Start to count."""
        self._left, self._failed = self.num_videos, 0

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Mapping[str, Any] | None = None,
                       outputs: Sequence[ActionDataSample] | None = None) -> None:
        """Draw what is left to draw of a batch."""
        by_iteration = isinstance(runner._train_loop, IterBasedTrainLoop)  # the property would build one
        self._draw(runner, 'val', data_batch, outputs, runner.iter if by_iteration else runner.epoch)

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Mapping[str, Any] | None = None,
                        outputs: Sequence[ActionDataSample] | None = None) -> None:
        """Draw what is left to draw of a batch."""
        self._draw(runner, 'test', data_batch, outputs, 0)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Say how many pictures are missing."""
        if self._failed:
            runner.logger.warning(f'{self._failed} of {self.num_videos - self._left} timelines could not be drawn.')

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Say how many pictures are missing."""
        self.after_val_epoch(runner, metrics)

    def _draw(self, runner: Runner, mode: str, batch: Mapping[str, Any] | None,
              samples: Sequence[ActionDataSample] | None, step: int) -> None:
        if not self._left or not is_main_process() or batch is None or samples is None:
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        for sample, curves in list(zip(samples, curves_of(model, model.data_preprocessor(batch))))[:self._left]:
            name = f'{mode}_{sample.video_name}'
            self._left -= 1
            try:
                runner.visualizer.add_datasample(name, sample, curves, self.top, step)
            except Exception as error:  # no picture is worth a training
                self._failed += 1
                runner.logger.warning(f'The timeline {one_line(name)} could not be drawn: {reason(error)}')
