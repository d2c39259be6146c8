"""Why a model detects nothing, in words."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch

from rpn_plugin.models.interfaces import Inputs
from rpn_plugin.models.localizers.base_localizer import BaseLocalizer

FLAT = 1e-3
"""A sequence that changes by less over a video has no borders to cut."""


@torch.no_grad()
def reasons_for_silence(model: BaseLocalizer, batches: Iterable[Inputs]) -> list[str]:
    """Say why each network detects nothing, and what to change.

    Args:
        model: In evaluation mode.
        batches: Preprocessed features of some videos.
    """
    scores: dict[str, list[float]] = defaultdict(list)
    heights: dict[str, list[tuple[float, float]]] = defaultdict(list)  # of the likeliest class of each video
    for inputs in batches:
        for name, output in model.score(inputs).items():
            network = model.networks[name]
            sequences = output.embedded.layout.split(network.localization_sequence(output))
            scores[name] += output.video_score.max(dim=1).values.tolist()
            for sequence, label in zip(sequences, output.video_score.argmax(dim=1).tolist()):
                of_class = sequence[..., label].float()
                heights[name].append((float(of_class.min()), float(of_class.max())))
    return [f'{name}: {_reason(model.networks[name], max(scores[name]), heights[name])}' for name in scores]


def _reason(network: object, largest: float, heights: list[tuple[float, float]]) -> str:
    proposals = getattr(network, 'proposals', None)
    least = getattr(proposals, 'min_class_score', None)
    if least is not None and largest < least and not getattr(proposals, 'fallback', False):
        return (f'no class is likely enough in any video. The largest class score p_c is {largest:.2g}, and '
                f'proposals.min_class_score={least:g} rejects what is below. Train longer, or lower it.')
    low, high = min(low for low, _ in heights), max(high for _, high in heights)
    if all(top - bottom < FLAT for bottom, top in heights):
        return (f'the sequence that proposals are cut from is flat: it lies between {low:.3g} and {high:.3g}, and '
                f'changes by less than {FLAT:g} over each video for the likeliest class, so that nothing stands out. '
                f'Train longer, or look at its curves with rpn visualize.')
    return (f'classes are likely enough (p_c up to {largest:.2g}), but no snippet of the likeliest one reaches a '
            f'threshold of proposals: the sequence lies between {low:.3g} and {high:.3g}. Lower the thresholds.')
