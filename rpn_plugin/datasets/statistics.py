"""The mean and scale of every stream of a training set; no label and no segment is read."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rpn_plugin.datasets.feature_stores import check_finite
from rpn_plugin.datasets.untrimmed_feature_dataset import UntrimmedFeatureDataset
from rpn_plugin.structures import StreamStatistics


class _Sums:
    """Sums over the snippets of a stream."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.values = torch.zeros(width, dtype=torch.float64)
        self.squares = torch.zeros(width, dtype=torch.float64)

    def add(self, features: Tensor) -> None:
        """Add (T, D)."""
        self.count += len(features)
        self.values += features.sum(dim=0)
        self.squares += features.square().sum(dim=0)

    def statistics(self) -> StreamStatistics:
        """Return what they come to; a variance that is rounding alone counts as none."""
        mean, square = self.values / self.count, self.squares / self.count
        variance = (square - mean.square()).clamp(min=0)
        variance = torch.where(variance > 1e-12 * square, variance, 0)
        scale = variance.mean().sqrt()
        return StreamStatistics(mean, torch.where(scale > 0, scale, 1))


def _float64(features: np.ndarray | Tensor) -> Tensor:
    if isinstance(features, Tensor):
        return features.double().cpu()
    return torch.from_numpy(features.astype(np.float64))


def stream_statistics(datasets: Sequence[UntrimmedFeatureDataset]) -> dict[str, StreamStatistics]:
    """Read all features of some data sets once, in float64.

    Returns:
        Stream to its statistics.

    Raises:
        ValueError: If a value is not finite, or the files of a stream differ in width between the data sets.
    """
    sums: dict[str, _Sums] = {}
    for dataset in datasets:
        for index in range(len(dataset)):
            item = dataset.get_data_info(index)
            for stream, array in item['features'].items():
                features = _float64(array[:item['num_snippets']])
                check_finite(features.numpy(), item['feature_paths'][stream])
                of_stream = sums.setdefault(stream, _Sums(features.shape[1]))
                if features.shape[1] != len(of_stream.values):
                    raise ValueError(f'{item["feature_paths"][stream]}: features of width D={features.shape[1]}, but '
                                     f'others of stream {stream!r} have D={len(of_stream.values)}.')
                of_stream.add(features)
    return {stream: of_stream.statistics() for stream, of_stream in sums.items()}
