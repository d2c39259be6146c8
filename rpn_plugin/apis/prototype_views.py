"""Prototypes and embedded features of a trained model, for Fig. 3 and the heat maps."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from rpn_plugin.apis.trained_model import TrainedModel
from rpn_plugin.structures import HeadOutput, VideoSegments, to_numpy
from rpn_plugin.visualization.embedding import EmbeddedVideo, snippet_labels
from rpn_plugin.visualization.predictions import network_outputs, networks_of


@torch.no_grad()
def prototypes_of(trained: TrainedModel) -> dict[str, np.ndarray]:
    """Prototypes (C, E) of every network, by stream.

    Raises:
        ValueError: If a network has none.
    """
    networks = networks_of(trained.model)
    for name, network in networks.items():
        if getattr(network, 'neck', None) is None:
            raise ValueError(f'The network {name!r} has no prototypes (its config has no neck).')
    return {name: to_numpy(network.neck()) for name, network in networks.items()}


@torch.no_grad()
def embedded_videos(trained: TrainedModel, videos: Sequence[str]) -> dict[str, list[EmbeddedVideo]]:
    """Test videos in the space of every network's prototypes, by stream.

    Args:
        trained: Its test set is annotated.
        videos: Names; the first video if there are none.

    Raises:
        ValueError: If there is no such video.
    """
    data = trained.preprocessed(videos)
    networks, samples = networks_of(trained.model), data['data_samples']
    found = {}
    for name, output in network_outputs(trained.model, data).items():
        updated = _updated(networks[name], output)
        found[name] = [EmbeddedVideo(sample.video_name, to_numpy(features), _labels(sample, len(features)),
                                     None if updated is None else to_numpy(updated[place]))
                       for place, (sample, features) in enumerate(zip(samples, output.embedded.split()))]
    return found


def _updated(network: nn.Module, output: HeadOutput) -> Tensor | None:
    """(B, C, E) prototypes as moved by algorithm 1; None where they stay."""
    weighting, layout = network.weighting, output.embedded.layout
    if not getattr(weighting, 'num_updates', 0):
        return None
    return weighting.update_prototypes(layout.pad(output.embedded.features), layout.mask, layout.lengths,
                                       output.prototypes)


def _labels(sample: ActionDataSample, num_snippets: int) -> list[str]:
    truth = VideoSegments.from_annotations(sample.annotations)
    return snippet_labels(sample.clock.to_seconds(np.arange(num_snippets) + 0.5), truth.segments, truth.labels)
