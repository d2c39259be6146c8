"""Packing of a list of untrimmed videos into one batch per stream, on one scale."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, nn

from rpn_plugin.structures import ONLY_STREAM, Layout, SnippetBatch, StreamStatistics, at_least_float32, scale_to_length


class Standardization(nn.Module):
    """Features less the mean of each channel, divided by one scale; both are buffers.

    Args:
        mean: (D,).
        scale: Scalar, above 0.
    """

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer('mean', mean)
        self.register_buffer('scale', scale)

    def forward(self, features: Tensor) -> Tensor:
        """(N, D) to (N, D).

        Raises:
            ValueError: If the features are of another width than those that the statistics are of.
        """
        if features.shape[1] != len(self.mean):
            raise ValueError(f'The model was trained on features of width D={len(self.mean)}, but got '
                             f'D={features.shape[1]}. Extract them as for its training.')
        return (features - self.mean) / self.scale


@MODELS.register_module()
class SnippetDataPreprocessor(BaseDataPreprocessor):
    """Moves the features to the device, widens them to float32 there and packs the videos of every stream.

    Args:
        l2_length: Scale every snippet of every stream to this Euclidean length; None leaves the features as they are.
            Squared distances grow with the features' scale, so alpha, gamma_c and gamma_t carry over to other features
            only where their scale is fixed. Not in the paper.
        standardize: Subtract from every stream its channels' means over the training videos, and divide it by one
            number, the root mean square of what is left, so that features of any unit and offset are trained alike.
            ``StandardizationHook`` computes both when training starts; checkpoints carry them. Comes before
            ``l2_length``. Not in the paper.
    """

    def __init__(self, l2_length: float | None = None, standardize: bool = False) -> None:
        super().__init__(non_blocking=True)
        self.l2_length = l2_length
        self.standardize = standardize
        self.standardizations = nn.ModuleDict()

    def set_statistics(self, statistics: Mapping[str, StreamStatistics]) -> None:
        """Use the statistics of each stream from now on."""
        self.standardizations = nn.ModuleDict({
            stream: Standardization(of_stream.mean.float(), of_stream.root_mean_square.float())
            for stream, of_stream in statistics.items()}).to(self.device)

    @property
    def has_statistics(self) -> bool:
        """Whether there are statistics, from the training videos or a checkpoint."""
        return len(self.standardizations) > 0

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
        inputs: dict[str, SnippetBatch] = {}
        layouts: dict[tuple[int, ...], Layout] = {}
        for stream, videos in streams.items():
            with torch.autocast(self.device.type, enabled=False):  # on CPUs it joins no float16
                batch = SnippetBatch.from_videos(videos)
            layout = layouts.setdefault(tuple(map(len, videos)), batch.layout)  # its indices are made and copied once
            inputs[stream] = SnippetBatch(self.scale(at_least_float32(batch.features), stream), layout)
        return dict(inputs=inputs, data_samples=data.get('data_samples'))

    def scale(self, features: Tensor, stream: str = ONLY_STREAM) -> Tensor:
        """(N, D) of a stream to (N, D) as the networks get them.

        Raises:
            RuntimeError: If they are to be standardized and the statistics of the stream are not known.
        """
        if self.standardize:
            features = self._standardization(stream)(features)
        return features if self.l2_length is None else scale_to_length(features, self.l2_length)

    def _standardization(self, stream: str) -> nn.Module:
        if stream in self.standardizations:
            return self.standardizations[stream]
        if stream == ONLY_STREAM and len(self.standardizations) == 1:
            return next(iter(self.standardizations.values()))
        raise RuntimeError(f'The statistics of the features {stream!r} are not known, only those of '
                           f'{list(self.standardizations)}. Train with StandardizationHook in default_hooks, load a '
                           f'checkpoint trained so, or set data_preprocessor.standardize=False.')

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args)
        self.make_room(state_dict, prefix)

    def make_room(self, state_dict: Mapping[str, Tensor], prefix: str) -> None:
        """Make a place for the statistics of every stream that a checkpoint has, see ``interfaces.MakesRoom``."""
        if not self.standardize:
            return
        start, end = f'{prefix}standardizations.', '.mean'
        for key, mean in state_dict.items():
            if key.startswith(start) and key.endswith(end):
                empty = Standardization(mean.new_empty(mean.shape), mean.new_empty(()))
                self.standardizations[key[len(start):-len(end)]] = empty.to(self.device)
