"""A pipeline step that gives our features the form that the host's own localizers take."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class RescaleSnippets(BaseTransform):
    """Rescales a video of any length to T' evenly spaced snippets, in place of ``LoadLocalizationFeature``.

    All streams, one after another along D, linearly interpolated over time, as BSN and BMN take their features.
    ``GenerateLocalizationLabels`` and ``PackLocalizationInputs`` follow. The host places snippet 0 at 0 s and knows of
    no offset or overlap: its times are off by the clock's ``start_sec``, 0 where windows neither wait nor overlap.

    Required keys: ``snippets``, ``clock``. Added: ``raw_feature`` (D, T') and ``duration_frame``. Changed:
    ``duration_second`` and ``feature_frame``, the time that the snippets cover.

    Args:
        length: T', the ``temporal_dim`` of the localizer.
    """

    def __init__(self, length: int) -> None:
        if length < 1:
            raise ValueError(f'RescaleSnippets expects a length of at least 1, but got {length}.')
        self.length = length

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the keys that the host's pipeline reads."""
        clock = results['clock']
        snippets = np.concatenate([stream.astype(np.float32) for stream in results['snippets'].values()], axis=1)
        rescaled = F.interpolate(torch.from_numpy(snippets.T)[None], size=self.length, mode='linear')  # (1, D, T')
        results['raw_feature'] = rescaled[0].numpy()
        results['duration_second'] = len(snippets) * clock.seconds_per_snippet
        results['duration_frame'] = results['feature_frame'] = len(snippets) * clock.stride_frames
        return results
