"""A training loop that gives small training sets enough steps."""
from __future__ import annotations

import math
from typing import Any

from mmaction.registry import LOOPS
from mmengine.logging import MMLogger
from mmengine.runner import EpochBasedTrainLoop


@LOOPS.register_module()
class MinItersTrainLoop(EpochBasedTrainLoop):
    """Trains for ``max_epochs``, or for as many more as make ``min_iters`` iterations.

    An epoch of 12 videos is one iteration, an epoch of 5000 is 500: epochs alone starve the one or over-train the
    other. Ours; the paper states epochs.

    Args:
        runner: The runner.
        dataloader: Of the training set.
        max_epochs: Epochs that large sets are trained for.
        min_iters: Iterations that every set is trained for at least, rounded up to whole epochs.
        kwargs: As :class:`mmengine.runner.EpochBasedTrainLoop`.

    Raises:
        ValueError: If ``min_iters`` is negative.
    """

    def __init__(self, runner: Any, dataloader: Any, max_epochs: int, min_iters: int = 0, **kwargs: Any) -> None:
        if min_iters < 0:
            raise ValueError(f'MinItersTrainLoop expects min_iters of at least 0, but got {min_iters}.')
        super().__init__(runner, dataloader, max_epochs, **kwargs)
        epochs = max(max_epochs, math.ceil(min_iters / max(1, len(self.dataloader))))
        if epochs > max_epochs:
            MMLogger.get_current_instance().info(
                f'{epochs} epochs of {len(self.dataloader)} iterations each, for at least {min_iters} iterations.')
            self._max_epochs = epochs
            self._max_iters = epochs * len(self.dataloader)
