"""From a list of untrimmed videos to one packed batch per stream."""
from __future__ import annotations

from typing import Any

from mmaction.registry import MODELS
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from rpn_plugin.structures import SnippetBatch, at_least_float32


@MODELS.register_module()
class SnippetDataPreprocessor(BaseDataPreprocessor):
    """Moves the features to the device, widens them to float32 there and packs the videos of every stream."""

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Pack a batch.

        Args:
            data: ``inputs``, stream name to the (T_b, D) features of each video, and ``data_samples``, as made by
                ``PackUntrimmedInputs`` and ``pseudo_collate``.
            training: Unused; training and testing pack alike.

        Returns:
            ``inputs``, stream name to :class:`SnippetBatch`, and ``data_samples``.
        """
        streams: dict[str, list[Tensor]] = self.cast_data(data['inputs'])
        inputs = {stream: SnippetBatch.from_videos([at_least_float32(video) for video in videos])
                  for stream, videos in streams.items()}
        return dict(inputs=inputs, data_samples=self.cast_data(data.get('data_samples')))
