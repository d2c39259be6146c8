"""A frozen recognizer as the feature extraction in front of the model (the paper's first module)."""
from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from rpn_plugin.models.backbones.weights import load_backbone_weights
from rpn_plugin.models.data_preprocessor import SnippetDataPreprocessor


@MODELS.register_module()
class FrozenSnippetEncoder(nn.Module):
    """The backbone of an MMAction2 recognizer, pooled over space and time: one feature vector per snippet.

    It never learns: no gradient, and in evaluation mode for good, batch normalization included.

    Args:
        recognizer: Config of a recognizer; its data preprocessor and backbone are used, its neck and head are not
            built.
        checkpoint: Weights, see :func:`load_backbone_weights`. None initializes as the recognizer's config says.
        batch_size: Snippets encoded at once.
    """

    def __init__(self, recognizer: Mapping[str, Any], checkpoint: str | None = None, batch_size: int = 16) -> None:
        super().__init__()
        self.recognizer = MODELS.build(dict(copy.deepcopy(recognizer), neck=None, cls_head=None))
        self.batch_size = batch_size
        if checkpoint is None:
            self.recognizer.init_weights()
        else:
            load_backbone_weights(self.recognizer.backbone, checkpoint)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> FrozenSnippetEncoder:
        """Stay in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, clips: Tensor) -> Tensor:
        """Encode snippets.

        Args:
            clips: (N, n, H, W, C), n frames of each: uint8 RGB, or flow in [0, 255].

        Returns:
            (N, D): the mean over places and frames. Several maps (SlowFast's pathways) are concatenated along D.

        Raises:
            ValueError: If the backbone reads another number of channels.
        """
        return torch.cat([self._encode(part) for part in clips.split(self.batch_size)])

    def _encode(self, clips: Tensor) -> Tensor:
        preprocessor = self.recognizer.data_preprocessor
        if preprocessor.format_shape == 'NCTHW':
            inputs = clips.permute(0, 4, 1, 2, 3)[:, None]  # (N, 1, C, n, H, W)
        elif clips.shape[-1] == 2:
            inputs = clips.permute(0, 1, 4, 2, 3).flatten(1, 2)[:, None]  # (N, 1, 2n, H, W), flow stacked
        else:
            inputs = clips.permute(0, 1, 4, 2, 3)  # (N, n, C, H, W)
        channels = inputs.shape[2]
        mean = getattr(preprocessor, 'mean', None)
        if mean is not None and len(mean) not in (1, channels):
            raise ValueError(f'The recognizer reads {len(mean)} channels (the mean of its data preprocessor), but the '
                             f'snippets have {channels}: {"flow" if clips.shape[-1] == 2 else "RGB"} needs a '
                             f'recognizer of its own.')
        inputs = preprocessor(dict(inputs=list(inputs), data_samples=None))['inputs']
        return _pooled(self.recognizer(inputs, mode='tensor', stage='backbone'), len(clips))


def _pooled(features: Any, num_snippets: int) -> Tensor:
    """Mean over all but snippets and channels: (M, D, ...) to (N, D), M a multiple of N; several side by side."""
    if not isinstance(features, Tensor):
        return torch.cat([_pooled(part, num_snippets) for part in features], dim=1)
    by_frame = features.flatten(2).mean(2) if features.ndim > 2 else features  # (M, D)
    return by_frame.unflatten(0, (num_snippets, -1)).mean(1)


@MODELS.register_module()
class VideoDataPreprocessor(SnippetDataPreprocessor):
    """Frames in, packed features out: the encoder stands where feature files are read otherwise.

    Args:
        encoder: Config of a :class:`FrozenSnippetEncoder`, used for every stream.
        l2_length: As :class:`SnippetDataPreprocessor`.
    """

    def __init__(self, encoder: Mapping[str, Any], l2_length: float | None = None) -> None:
        super().__init__(l2_length)
        self.encoder = MODELS.build(encoder)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Encode and pack a batch whose ``inputs`` are frames, (T_b, n, H, W, C) per video."""
        streams: dict[str, list[Tensor]] = self.cast_data(data['inputs'])
        inputs = {stream: [self.encoder(video) for video in videos] for stream, videos in streams.items()}
        return super().forward({**data, 'inputs': inputs}, training)
