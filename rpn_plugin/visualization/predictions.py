"""What a localizer says about a video, as a timeline: Fig. 1(b) and 4."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from matplotlib.figure import Figure
from torch import nn

from rpn_plugin.structures import HeadOutput, VideoSegments, to_numpy
from rpn_plugin.visualization.timeline import draw_timeline

MOST_CLASSES = 3
"""Curves are drawn for so many classes at most."""


def networks_of(model: nn.Module) -> dict[str, nn.Module]:
    """The networks of a localizer by stream, or the localizer itself by the name ''."""
    return dict(model.localizers.items()) if hasattr(model, 'localizers') else {'': model}


@torch.no_grad()
def network_outputs(model: nn.Module, data: Mapping[str, Any]) -> dict[str, HeadOutput]:
    """Output of every network of :func:`networks_of`.

    Args:
        model: In evaluation mode.
        data: From the model's data preprocessor.

    Raises:
        TypeError: If the model gives something else than a :class:`HeadOutput` per network.
    """
    outputs = model(**data, mode='tensor')
    outputs = outputs if isinstance(outputs, dict) else {'': outputs}
    for output in outputs.values():
        if not isinstance(output, HeadOutput):
            raise TypeError(f'Expected a localizer whose networks give a HeadOutput, such as MultiStreamLocalizer, but '
                            f'{type(model).__name__} gave {type(output).__name__}.')
    return outputs


def curves_of(model: nn.Module, data: Mapping[str, Any]) -> list[dict[str, np.ndarray]]:
    """For each video the curves by name: (T, C) CAS before and after weighting, and (T,) attention, of every network.

    Args:
        model: In evaluation mode.
        data: From the model's data preprocessor.
    """
    networks, named = networks_of(model), {}
    for name, output in network_outputs(model, data).items():
        layout, prefix = output.embedded.layout, f'{name} ' if name else ''
        sequence = networks[name].localization_sequence(output)
        named[f'{prefix}CAS'] = layout.split(output.cas)
        if sequence is not output.cas:
            named[f'{prefix}weighted'] = layout.split(sequence)
        if output.attention is not None:
            named[f'{prefix}attention'] = layout.split(output.attention)
    return [dict(zip(named, map(to_numpy, of_video))) for of_video in zip(*named.values())]


def draw_prediction(sample: ActionDataSample,
                    curves: Mapping[str, np.ndarray],
                    classes: Sequence[str],
                    top: int = 30,
                    thumbnails: Sequence[tuple[float, np.ndarray]] = ()) -> Figure:
    """Ground truth, detections and curves of one video.

    Args:
        sample: As predicted, with the metainfo ``clock`` and, where the video is annotated, ``annotations``.
        curves: From :func:`curves_of`. Curves of classes are drawn for those that are annotated or detected, up to
            :data:`MOST_CLASSES`; for the likeliest if there are none.
        classes: Names.
        top: Draw so many of the best detections.
        thumbnails: As for :func:`draw_timeline`.
    """
    detected = VideoSegments.from_sample(sample, classes).take(slice(top))
    truth = VideoSegments.from_annotations(sample.get('annotations', []))
    shown = list(dict.fromkeys([*truth.labels, *detected.labels]))[:MOST_CLASSES]
    shown = shown or [classes[int(sample.pred_score.argmax())]]
    sequences = {}
    for name, values in curves.items():
        times = sample.clock.to_seconds(np.arange(len(values)) + 0.5)
        sequences[name] = (times, values if values.ndim == 1 else
                           {label: values[:, list(classes).index(label)] for label in shown})
    return draw_timeline(sample.video_name, sample.duration_second, {'ground truth': truth, 'detected': detected},
                         sequences, thumbnails)
