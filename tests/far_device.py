"""A device that is not there: what a training step would make the host wait for on a GPU, found without one.

The parameters lie on torch's ``meta`` device, whose tensors have shapes and no values. Whatever needs a value
(``item``, ``nonzero``, a mask as an index) fails there by itself; what else makes the host wait is counted here.
"""
from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

FAR = torch.device('meta')
MAKERS = {torch.tensor, torch.as_tensor, Tensor.new_tensor}
"""They copy from the host and wait for it."""


class _Operations(TorchDispatchMode):
    """Watches copies between the devices, and operations on tensors of both."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self.note = note

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = function(*args, **(kwargs or {}))
        given = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        made = [value for value in tree_leaves(result) if isinstance(value, Tensor)]
        if len({value.device.type for value in (*given, *made)}) < 2:
            return result
        name = function.overloadpacket.__name__
        if name not in ('_to_copy', 'copy_'):
            if any(value.device.type == 'cpu' and value.ndim for value in given):
                self.note(f'{name} of tensors on both devices')
        elif made[0].device != FAR:
            self.note(f'{name} to the host')
        elif not ((kwargs or {}).get('non_blocking') or args[2:3] == (True, )):
            self.note(f'{name} to the device that waits')
        return result


class _Makers(TorchFunctionMode):
    """Watches functions that make a tensor on the device from numbers."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self.note = note

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if function in MAKERS and result.device == FAR and not isinstance(args[0], Tensor):
            self.note(f'{function.__name__} on the device')
        return result


class _Autocast(torch.autocast):
    """torch's, which knows no meta device."""

    def __new__(cls, device_type: str, *args: Any, **kwargs: Any) -> Any:
        return contextlib.nullcontext() if device_type == FAR.type else super().__new__(cls)


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list of what the host would wait for meanwhile, each with the line of the package that asked for it."""
    waits: list[str] = []

    def note(what: str) -> None:
        lines = [f'{frame.filename.rsplit("/", 1)[-1]}:{frame.lineno}' for frame in traceback.extract_stack()
                 if '/rpn_plugin/' in frame.filename]
        waits.append(f'{what}: {lines[-1] if lines else "outside the package"}')

    with mock.patch.object(torch, 'autocast', _Autocast), _Makers(note), _Operations(note):
        yield waits


def move_far(model: nn.Module) -> nn.Module:
    """The model with its parameters on the far device, where its data preprocessor then brings the features."""
    model.to(FAR)
    model.data_preprocessor._device = FAR
    return model
