"""Prototypes and embedded features of a trained model, for Fig. 3 and the heat maps."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from mmaction.structures import ActionDataSample

from rpn_plugin.inspection.curves import require_localizer
from rpn_plugin.inspection.trained_model import TrainedModel
from rpn_plugin.models.interfaces import MovesPrototypes
from rpn_plugin.models.localizers import WeaklySupervisedLocalizer
from rpn_plugin.structures import EmbeddedVideo, VideoSegments, snippet_labels, to_numpy


@torch.no_grad()
def prototypes_of(trained: TrainedModel) -> dict[str, npt.NDArray[np.generic]]:
    """Prototypes (C, E) of every network, by its name.

    Raises:
        ValueError: If a network has none.
        TypeError: If the model is no localizer of networks.
    """
    found = {}
    for name, network in require_localizer(trained.model).networks.items():
        prototypes = network.prototypes() if isinstance(network, WeaklySupervisedLocalizer) else None
        if prototypes is None:
            raise ValueError(f'The network {name!r} has no prototypes (its config has no neck).')
        found[name] = to_numpy(prototypes)
    return found


@torch.no_grad()
def embedded_videos(trained: TrainedModel, videos: Sequence[str]) -> dict[str, list[EmbeddedVideo]]:
    """Test videos in the space of every network's prototypes, by the network's name.

    Args:
        trained: Its test set is annotated.
        videos: Names; the first video if there are none.

    Raises:
        ValueError: If there is no such video.
        TypeError: If the model is no localizer of networks.
    """
    data = trained.preprocessed(videos)
    localizer, samples, found = require_localizer(trained.model), data['data_samples'], {}
    for name, output in localizer.score(data['inputs']).items():
        weighting = getattr(localizer.networks[name], 'weighting', None)
        moved = weighting.moved_prototypes(output) if isinstance(weighting, MovesPrototypes) else None
        found[name] = [EmbeddedVideo(sample.video_name, to_numpy(features), _labels(sample, len(features)),
                                     None if moved is None else to_numpy(moved[place]))
                       for place, (sample, features) in enumerate(zip(samples, output.embedded.split()))]
    return found


def _labels(sample: ActionDataSample, num_snippets: int) -> list[str]:
    annotated = VideoSegments.from_annotations(sample.annotations)
    return snippet_labels(sample.clock.to_seconds(np.arange(num_snippets) + 0.5), annotated.segments, annotated.labels)
