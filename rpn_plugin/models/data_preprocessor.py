"""Packing of a list of untrimmed videos into one batch per stream."""
from __future__ import annotations

from typing import Any

from mmaction.registry import MODELS
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from rpn_plugin.structures import SnippetBatch, at_least_float32, scale_to_length


@MODELS.register_module()
class SnippetDataPreprocessor(BaseDataPreprocessor):
    """Moves the features to the device, widens them to float32 there and packs the videos of every stream.

    Args:
        l2_length: Scale every snippet of every stream to this Euclidean length; None leaves the features as they are.
            Squared distances grow with the features' scale, so alpha, gamma_c and gamma_t carry over to other features
            only where their scale is fixed. Not in the paper.
    """

    def __init__(self, l2_length: float | None = None) -> None:
        super().__init__(non_blocking=True)
        self.l2_length = l2_length

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Pack a batch.

        Args:
            data: ``inputs``, stream name to the (T_b, D) features of each video, and ``data_samples``, as made by
                ``PackUntrimmedInputs`` and ``pseudo_collate``.
            training: Unused; training and testing pack alike.

        Returns:
            ``inputs``, stream name to :class:`SnippetBatch` on the device, and ``data_samples`` where they were:
            reading a label from the device would make the host wait for it.
        """
        streams: dict[str, list[Tensor]] = self.cast_data(data['inputs'])
        packed = {stream: SnippetBatch.from_videos([at_least_float32(video) for video in videos])
                  for stream, videos in streams.items()}
        inputs = {stream: batch.with_features(self.scale(batch.features)) for stream, batch in packed.items()}
        return dict(inputs=inputs, data_samples=data.get('data_samples'))

    def scale(self, features: Tensor) -> Tensor:
        """(N, D) to (N, D), every snippet of the length ``l2_length`` if there is one."""
        if self.l2_length is None:
            return features
        return scale_to_length(features, self.l2_length)
