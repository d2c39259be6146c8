"""Any recognizer's backbone, pooled, frozen, in front of the model."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper

from rpn_plugin.models import FrozenSnippetEncoder, VideoDataPreprocessor
from rpn_plugin.models.backbones.weights import weights_hash

RGB = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
FLOW = dict(mean=[127.5, 127.5], std=[127.5, 127.5])


def recognizer(dimensions: str, backbone: dict, pixels: dict = RGB) -> dict:
    form = 'NCHW' if dimensions == '2D' else 'NCTHW'
    return dict(type=f'Recognizer{dimensions}', backbone=backbone,
                cls_head=dict(type='TSNHead', num_classes=1, in_channels=1),
                data_preprocessor=dict(type='ActionDataPreprocessor', format_shape=form, **pixels))


RESNET3D = dict(depth=50, pretrained=None, pretrained2d=False, base_channels=8, conv_cfg=dict(type='Conv3d'))
PATHWAY = dict(type='resnet3d', depth=50, pretrained=None, base_channels=8, conv1_kernel=(1, 7, 7), conv1_stride_t=1,
               pool1_stride_t=1, inflate=(0, 0, 1, 1), norm_eval=False)
ENCODERS = {
    'TSN': (recognizer('2D', dict(type='ResNet', depth=18)), 3, 1, 512),
    'TSN, 3 frames': (recognizer('2D', dict(type='ResNet', depth=18)), 3, 3, 512),
    'TSN on stacked flow': (recognizer('2D', dict(type='ResNet', depth=18, in_channels=10),
                                       dict(mean=[128] * 10, std=[128] * 10)), 2, 5, 512),
    'TSM': (recognizer('2D', dict(type='ResNetTSM', depth=50, num_segments=4, shift_div=8, pretrained2d=False)), 3, 4,
            2048),
    'I3D-ResNet': (recognizer('3D', dict(type='ResNet3d', **RESNET3D)), 3, 8, 256),
    'SlowOnly': (recognizer('3D', dict(type='ResNet3dSlowOnly', **RESNET3D, lateral=False)), 3, 4, 256),
    'SlowFast': (recognizer('3D', dict(
        type='ResNet3dSlowFast', pretrained=None, resample_rate=4, speed_ratio=4, channel_ratio=8,
        slow_pathway=dict(PATHWAY, lateral=True, dilations=(1, 1, 1, 1)),
        fast_pathway=dict(PATHWAY, lateral=False, base_channels=1, conv1_kernel=(5, 7, 7)))), 3, 16, 256 + 32),
    'InceptionI3D on flow': (recognizer('3D', dict(type='InceptionI3D', in_channels=2), FLOW), 2, 8, 1024),
}


def clips_of(channels: int, frames: int, number: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (number, frames, 32, 32, channels), generator=generator)
    return pixels.to(torch.uint8) if channels == 3 else pixels.float()


@pytest.mark.parametrize('name', ENCODERS)
def test_features_are_the_pooled_backbone_of_normalised_frames(name) -> None:
    config, channels, frames, width = ENCODERS[name]
    torch.manual_seed(0)
    encoder = FrozenSnippetEncoder(config, batch_size=2)
    clips = clips_of(channels, frames)
    features = encoder(clips)
    assert features.shape == (3, width)
    pixels = config['data_preprocessor']
    mean, std = (torch.tensor(pixels[key], dtype=torch.float32)[:channels] for key in ('mean', 'std'))
    backbone = encoder.recognizer.backbone
    for clip, found in zip(clips, features):
        x = ((clip.float() - mean) / std).permute(0, 3, 1, 2)  # (n, C, H, W)
        with torch.no_grad():
            if pixels['format_shape'] == 'NCTHW':
                maps = backbone(x.transpose(0, 1)[None])
            else:
                maps = backbone(x if channels == 3 else x.reshape(1, -1, 32, 32))
        maps = maps if isinstance(maps, tuple) else (maps, )
        pooled = [part.mean(dim=tuple(range(2, part.ndim))).mean(dim=0) for part in maps]
        torch.testing.assert_close(found, torch.cat(pooled), atol=1e-4, rtol=1e-4)


def test_it_is_frozen_for_good() -> None:
    encoder = FrozenSnippetEncoder(ENCODERS['TSN'][0])
    before = weights_hash(encoder)
    model = torch.nn.Sequential(encoder, torch.nn.Linear(512, 2)).train()
    assert not any(module.training for module in encoder.modules())
    assert not any(value.requires_grad for value in encoder.parameters())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    model(clips_of(3, 1)).sum().backward()
    optimizer.step()
    assert weights_hash(encoder) == before  # parameters and the statistics of batch normalization
    assert all(value.grad is None for value in encoder.parameters())


def test_a_checkpoint_is_what_it_runs_with(tmp_path) -> None:
    config, clips = ENCODERS['TSN'][0], clips_of(3, 1)
    first = FrozenSnippetEncoder(config)
    torch.save(dict(state_dict=first.recognizer.state_dict()), tmp_path / 'tsn.pth')
    torch.testing.assert_close(FrozenSnippetEncoder(config, str(tmp_path / 'tsn.pth'))(clips), first(clips))
    assert not torch.allclose(FrozenSnippetEncoder(config)(clips), first(clips))


def test_the_wrong_stream_is_refused() -> None:
    with pytest.raises(ValueError, match='reads 3 channels .* snippets have 2: flow needs'):
        FrozenSnippetEncoder(ENCODERS['TSN'][0])(clips_of(2, 1))


def test_frames_become_packed_features_inside_the_model() -> None:
    encoder = dict(type='FrozenSnippetEncoder', recognizer=ENCODERS['TSN'][0])
    preprocessor = VideoDataPreprocessor(encoder, l2_length=2.0)
    videos = [clips_of(3, 1, number) for number in (4, 2)]
    samples = [ActionDataSample(), ActionDataSample()]
    data = preprocessor.train()(dict(inputs=dict(rgb=videos), data_samples=samples), training=True)
    batch = data['inputs']['rgb']
    assert batch.layout.lengths == (4, 2) and data['data_samples'] is not None
    expected = torch.cat([preprocessor.encoder(video) for video in videos])
    torch.testing.assert_close(batch.features, expected / expected.norm(dim=1, keepdim=True) * 2)
    assert not batch.features.requires_grad


def test_a_localizer_carries_it_and_does_not_train_it() -> None:
    model = MODELS.build(dict(
        type='WeaklySupervisedLocalizer',
        data_preprocessor=dict(type='VideoDataPreprocessor',
                               encoder=dict(type='FrozenSnippetEncoder', recognizer=ENCODERS['TSN'][0])),
        embedding=dict(type='TemporalConvEmbedding', in_channels=512, channels=[8]),
        neck=dict(type='RandomPrototypes', num_classes=2, channels=[8]),
        head=dict(type='RPNHead', in_channels=8, attention_channels=4)))
    before = weights_hash(model.data_preprocessor)
    model.init_weights()  # as the runner does
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    sample = ActionDataSample().set_gt_label(np.array([1]))
    model.train().train_step(dict(inputs=dict(rgb=[clips_of(3, 1)]), data_samples=[sample]), optimizer)
    assert weights_hash(model.data_preprocessor) == before
    assert any('data_preprocessor.encoder' in name for name in model.state_dict())
