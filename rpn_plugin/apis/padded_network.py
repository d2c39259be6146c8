"""The network on padded batches, for runtimes that know no packed ones."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rpn_plugin.structures import HeadOutput

OUTPUTS = ('cas', 'video_score', 'attention', 'embedded', 'prototypes')
"""What each network gives: (B, T, C), (B, C), (B, T), (B, T, E) and (C, E). Beyond a video's end its values mean
nothing, apart from the attention's, which are 0."""


class PaddedLayout:
    """``SnippetLayout`` for B videos of T places each, of which the first are real.

    Args:
        mask: (B, T) bool, True at real snippets.
    """

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    @property
    def num_videos(self) -> int:
        """B."""
        return self.mask.shape[0]

    def _videos(self, flat: Tensor) -> Tensor:
        return flat.unflatten(0, self.mask.shape)  # (B * T, ...) to (B, T, ...)

    def spread(self, flat: Tensor, gap: int) -> Tensor:
        """``gap`` zero rows on both sides of every video: (B * T, D) to (B * (T + 2 * gap), D)."""
        real = self._videos(flat).masked_fill(~self.mask[..., None], 0.0)  # (B, T, D)
        return F.pad(real, (0, 0, gap, gap)).flatten(0, 1)

    def collect(self, windows: Tensor, gap: int) -> Tensor:
        """Of the windows of 2 * gap + 1 rows over :meth:`spread` those centred on places, (B * T, E)."""
        whole = F.pad(windows, (0, 0, 0, 2 * gap)).unflatten(0, (self.num_videos, -1))  # (B, T + 2 * gap, E)
        return whole[:, :self.mask.shape[1]].flatten(0, 1)

    def softmax(self, flat: Tensor) -> Tensor:
        """Softmax over the time of each video, (B * T,) to the same."""
        return self._videos(flat).masked_fill(~self.mask, float('-inf')).softmax(dim=1).flatten()

    def sum(self, flat: Tensor) -> Tensor:
        """Sum over the time of each video, (B * T, C) to (B, C)."""
        return self._videos(flat).masked_fill(~self.mask[..., None], 0.0).sum(dim=1)


class PaddedBatch:
    """``SnippetBatch`` of padded videos.

    Args:
        features: (B * T, D).
        layout: Which of them are real.
    """

    def __init__(self, features: Tensor, layout: PaddedLayout) -> None:
        self.features = features
        self.layout = layout

    def with_features(self, features: Tensor) -> PaddedBatch:
        """The same videos with other features."""
        return PaddedBatch(features, self.layout)


class PaddedNetwork(nn.Module):
    """A localizer's network, from features to scores, on plain tensors.

    Its modules are the model's own; only the batch is another, padded instead of packed. The scaling of the features by
    the data preprocessor is part of it, thresholds and suppression are not.

    Args:
        model: ``WeaklySupervisedLocalizer`` or ``MultiStreamLocalizer``, in evaluation mode.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.localizers = nn.ModuleDict(getattr(model, 'localizers', {'network': model}))
        self.scale = model.data_preprocessor.scale
        self.streams = tuple(dict.fromkeys(stream for localizer in self.localizers.values()
                                           for stream in localizer.streams or ('features', )))

    @property
    def output_names(self) -> list[str]:
        """Of :meth:`forward`'s results, ``<network>_<output>``."""
        return [f'{name}_{output}' for name in self.localizers for output in OUTPUTS]

    def forward(self, lengths: Tensor, *features: Tensor) -> tuple[Tensor, ...]:
        """Score a batch.

        Args:
            lengths: (B,) int64, real snippets of each video, from 1 to T.
            features: (B, T, D) of each of ``streams``, in that order; what lies beyond a video's length is not read.

        Returns:
            The tensors of :data:`OUTPUTS` for each network in turn.
        """
        mask = torch.arange(features[0].shape[1], device=lengths.device) < lengths[:, None]  # (B, T)
        by_stream = dict(zip(self.streams, features))
        results = [self._run(localizer, mask, by_stream) for localizer in self.localizers.values()]
        return tuple(tensor for result in results for tensor in result)

    def _run(self, localizer: nn.Module, mask: Tensor, features: Mapping[str, Tensor]) -> Sequence[Tensor]:
        scaled = [self.scale(features[stream].flatten(0, 1)) for stream in localizer.streams or self.streams]
        prototypes = localizer.neck() if localizer.neck is not None else None
        embedded = localizer.embedding(PaddedBatch(torch.cat(scaled, dim=1), PaddedLayout(mask)))
        output: HeadOutput = localizer.head(embedded, prototypes)
        if output.attention is None or output.prototypes is None:
            raise ValueError(f'PaddedNetwork gives {", ".join(OUTPUTS)}, but {type(localizer.head).__name__} lacks '
                             f'attention or prototypes.')
        return (output.cas.unflatten(0, mask.shape), output.video_score, output.attention.unflatten(0, mask.shape),
                output.embedded.features.unflatten(0, mask.shape), output.prototypes)
