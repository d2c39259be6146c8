"""How far training is, for the parts that change with it."""
from __future__ import annotations

from typing import Any

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from rpn_plugin.models.interfaces import TakesProgress


@HOOKS.register_module()
class ProgressHook(Hook):
    """Tells every part of the model that asks for it the share of the training's iterations that are done.

    It depends on the iteration alone, so a resumed run goes on as the unbroken one would have.
    """

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Set ``progress`` of each part that has it."""
        for module in runner.model.modules():
            if isinstance(module, TakesProgress):
                module.progress = runner.iter / runner.max_iters
