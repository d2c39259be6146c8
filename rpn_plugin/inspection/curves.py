"""The curves over time that a model makes of a video: Fig. 1(b) and 4."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from rpn_plugin.models.localizers import BaseLocalizer
from rpn_plugin.structures import HeadOutput, to_numpy


@torch.no_grad()
def network_outputs(model: nn.Module, data: Mapping[str, Any]) -> dict[str, HeadOutput]:
    """Output of every network of a localizer, by its name.

    Args:
        model: In evaluation mode.
        data: From the model's data preprocessor.

    Raises:
        TypeError: If the model has no such networks.
    """
    if not isinstance(model, BaseLocalizer):
        raise TypeError(f'Expected a localizer whose networks give a HeadOutput, such as MultiStreamLocalizer, but '
                        f'got {type(model).__name__}.')
    return model.score(data['inputs'])


def curves_of(model: nn.Module, data: Mapping[str, Any]) -> list[dict[str, npt.NDArray[np.generic]]]:
    """Curves of each video by name: (T, C) CAS before and after weighting, and (T,) attentions, of every network.

    Args:
        model: In evaluation mode.
        data: From the model's data preprocessor.

    Raises:
        TypeError: If the model has no networks that give a HeadOutput.
    """
    outputs, named = network_outputs(model, data), {}
    for name, output in outputs.items():
        layout, prefix = output.embedded.layout, f'{name} ' if len(outputs) > 1 else ''
        sequence = model.networks[name].localization_sequence(output)
        named[f'{prefix}CAS'] = layout.split(output.cas)
        if sequence is not output.cas:
            named[f'{prefix}weighted'] = layout.split(sequence)
        for kind, attention in output.attentions.items():
            named[f'{prefix}{kind}'] = layout.split(attention.weight)
    return [dict(zip(named, map(to_numpy, of_video))) for of_video in zip(*named.values())]
