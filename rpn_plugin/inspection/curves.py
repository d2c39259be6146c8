"""The curves over time that a model makes of a video: Fig. 1(b) and 4."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from mmengine.model import BaseModel

from rpn_plugin.models.localizers import BaseLocalizer
from rpn_plugin.structures import to_numpy


def require_localizer(model: BaseModel) -> BaseLocalizer:
    """The model, whose networks can be looked into.

    Raises:
        TypeError: If it is no localizer of networks.
    """
    if not isinstance(model, BaseLocalizer):
        raise TypeError(f'Expected a localizer whose networks give a HeadOutput, such as MultiStreamLocalizer, but '
                        f'got {type(model).__name__}.')
    return model


@torch.no_grad()
def curves_of(model: BaseModel, data: Mapping[str, Any]) -> list[dict[str, npt.NDArray[np.generic]]]:
    """Curves of each video by name: (T, C) CAS before and after weighting, and (T,) attentions, of every network.

    Args:
        model: In evaluation mode.
        data: From the model's data preprocessor.

    Raises:
        TypeError: If it is no localizer of networks.
    """
    localizer = require_localizer(model)
    outputs, named = localizer.score(data['inputs']), {}
    for name, output in outputs.items():
        layout, prefix = output.embedded.layout, f'{name} ' if len(outputs) > 1 else ''
        sequence = localizer.networks[name].localization_sequence(output)
        named[f'{prefix}CAS'] = layout.split(output.cas)
        scored = sequence if sequence.ndim == 2 else sequence[:, 0]
        if not torch.equal(scored, output.cas):
            named[f'{prefix}weighted'] = layout.split(scored)
        for kind, attention in output.attentions.items():
            named[f'{prefix}{kind}'] = layout.split(attention.weight)
    return [dict(zip(named, map(to_numpy, of_video))) for of_video in zip(*named.values())]
