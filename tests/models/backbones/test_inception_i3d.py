"""The network against its publication, its padding against TensorFlow's, its names against the published files."""
from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmaction.registry import MODELS

from rpn_plugin.models.backbones.inception_i3d import ConvUnit, InceptionI3D, SameMaxPool, same_padding
from rpn_plugin.models.backbones.weights import load_backbone_weights, weights_hash

# Inception-v1 (Szegedy et al., Table 1): input; 1x1; 3x3 reduce, 3x3; 5x5 reduce, "5x5" (3x3x3 here); pool projection.
TABLE = {
    '3b': (192, 64, 96, 128, 16, 32, 32), '3c': (256, 128, 128, 192, 32, 96, 64),
    '4b': (480, 192, 96, 208, 16, 48, 64), '4c': (512, 160, 112, 224, 24, 64, 64),
    '4d': (512, 128, 128, 256, 24, 64, 64), '4e': (512, 112, 144, 288, 32, 64, 64),
    '4f': (528, 256, 160, 320, 32, 128, 128), '5b': (832, 256, 160, 320, 32, 128, 128),
    '5c': (832, 384, 192, 384, 48, 128, 128),
}


def published_shapes(in_channels: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published files without num_batches_tracked, which they predate."""
    convs = {'Conv3d_1a_7x7': (64, in_channels, 7), 'Conv3d_2b_1x1': (64, 64, 1), 'Conv3d_2c_3x3': (192, 64, 3)}
    for name, (width, b0, b1a, b1b, b2a, b2b, b3b) in TABLE.items():
        convs |= {f'Mixed_{name}.{branch}': shape for branch, shape in (
            ('b0', (b0, width, 1)), ('b1a', (b1a, width, 1)), ('b1b', (b1b, b1a, 3)), ('b2a', (b2a, width, 1)),
            ('b2b', (b2b, b2a, 3)), ('b3b', (b3b, width, 1)))}
    shapes = {}
    for name, (out, width, kernel) in convs.items():
        shapes[f'{name}.conv3d.weight'] = (out, width, kernel, kernel, kernel)
        shapes |= {f'{name}.bn.{part}': (out, ) for part in ('weight', 'bias', 'running_mean', 'running_var')}
    return shapes | {'logits.conv3d.weight': (400, 1024, 1, 1, 1), 'logits.conv3d.bias': (400, )}


def published_file(in_channels: int = 3) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.rand(shape, generator=generator) for name, shape in published_shapes(in_channels).items()}


@pytest.fixture(scope='module')
def network() -> InceptionI3D:
    torch.manual_seed(0)
    return InceptionI3D().eval()


def test_parameters_are_counted_as_in_the_table(network) -> None:
    expected = sum(math.prod(shape) for name, shape in published_shapes(3).items()
                   if not name.startswith('logits.') and 'running' not in name)
    assert sum(value.numel() for value in network.parameters()) == expected
    assert round(expected / 1e6, 1) == 12.3


def test_receptive_fields_and_strides(network) -> None:
    """By hand; Figure 3 of the paper prints the same up to 4a, and behind it one module of stage 4 fewer."""
    expected = {'MaxPool3d_2a_3x3': (7, 11, 11), 'MaxPool3d_3a_3x3': (11, 27, 27), 'MaxPool3d_4a_3x3': (23, 75, 75),
                'MaxPool3d_5a_2x2': (59 + 8, 219 + 32, 219 + 32), 'average': (99 + 8, 539 + 32, 539 + 32)}
    field, step = np.ones(3, int), np.ones(3, int)
    layers = []
    for name, module in network.named_children():
        if name.startswith('Mixed'):
            assert module.b1b.kernel == module.b2b.kernel == module.b3a.kernel == (3, 3, 3)
            layers.append((name, (3, 3, 3), (1, 1, 1)))  # the widest branch
        else:
            layers.append((name, module.kernel, module.stride))
    for name, kernel, stride in [*layers, ('average', (2, 7, 7), (1, 1, 1))]:
        field = field + (np.array(kernel) - 1) * step
        step = step * stride
        if name in expected:
            assert tuple(field) == expected[name], name
    assert tuple(step) == (8, 32, 32)


@pytest.mark.parametrize('size', [(8, 32, 32), (9, 33, 31), (1, 1, 1), (17, 65, 40)])
def test_every_size_gives_a_map_rounded_up_and_1024_features(network, size) -> None:
    with torch.no_grad():
        x = torch.rand(2, 3, *size)
        features = network.feature_map(x)
        assert features.shape == (2, 1024, *(math.ceil(edge / step) for edge, step in zip(size, (8, 32, 32))))
        assert network(x).shape == (2, 1024, 1, 1, 1)


def test_features_are_averaged_by_overlapping_windows_and_then_over_time(network, monkeypatch) -> None:
    features = torch.rand(1, 1024, 3, 7, 8)
    monkeypatch.setattr(network, 'feature_map', lambda x: features)
    windows = [features[:, :, t:t + 2, :, w:w + 7].mean(dim=(2, 3, 4)) for t in range(2) for w in range(2)]
    torch.testing.assert_close(network(torch.empty(0)).flatten(1), torch.stack(windows).mean(dim=0))


@given(size=st.integers(1, 40), kernel=st.integers(1, 7), stride=st.integers(1, 4))
def test_padding_is_tensorflows_same(size, kernel, stride) -> None:
    """As its documentation states it, by the remainder of size and stride."""
    expected = max(kernel - (size % stride or stride), 0)
    before, after = same_padding(size, kernel, stride)
    assert before + after == expected and after - before in (0, 1)
    assert (size + before + after - kernel) // stride + 1 == math.ceil(size / stride) or kernel < stride


def windows(x: np.ndarray, kernel: tuple[int, ...], stride: tuple[int, ...], fill: float):
    """Output shape of "same" padding, and every place with the window that it sees, one element at a time."""
    shape = tuple(math.ceil(edge / step) for edge, step in zip(x.shape[1:], stride))
    before = [max((out - 1) * step + reach - edge, 0) // 2
              for out, step, reach, edge in zip(shape, stride, kernel, x.shape[1:])]
    seen = []
    for place in product(*map(range, shape)):
        window = np.full((len(x), *kernel), fill)
        for offset in product(*map(range, kernel)):
            source = [p * s + o - b for p, s, o, b in zip(place, stride, offset, before)]
            if all(0 <= index < edge for index, edge in zip(source, x.shape[1:])):
                window[(slice(None), *offset)] = x[(slice(None), *source)]
        seen.append((place, window))
    return shape, seen


@settings(deadline=None, max_examples=12)
@given(size=st.tuples(*[st.integers(1, 6)] * 3), kernel=st.sampled_from([1, 3, 7]), stride=st.sampled_from([1, 2]),
       seed=st.integers(0, 99))
def test_convolution_equals_loops(size, kernel, stride, seed) -> None:
    torch.manual_seed(seed)
    unit = ConvUnit(2, 3, kernel, stride).double().eval()
    unit.bn.running_mean.uniform_(-1, 1), unit.bn.running_var.uniform_(0.5, 2)
    torch.nn.init.uniform_(unit.bn.weight), torch.nn.init.uniform_(unit.bn.bias)
    x = torch.randn(1, 2, *size, dtype=torch.float64)
    shape, seen = windows(x[0].numpy(), (kernel, ) * 3, (stride, ) * 3, fill=0.0)
    weight = unit.conv3d.weight.detach().numpy()
    expected = np.zeros((3, *shape))
    for place, window in seen:
        expected[(slice(None), *place)] = [(filters * window).sum() for filters in weight]
    mean, variance, gain, bias = (value.detach().numpy()[:, None, None, None] for value in (
        unit.bn.running_mean, unit.bn.running_var, unit.bn.weight, unit.bn.bias))
    expected = np.maximum((expected - mean) / np.sqrt(variance + 1e-3) * gain + bias, 0)
    np.testing.assert_allclose(unit(x)[0].detach().numpy(), expected, atol=1e-12)


@settings(deadline=None, max_examples=12)
@given(size=st.tuples(*[st.integers(1, 6)] * 3), seed=st.integers(0, 99),
       shape=st.sampled_from([((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)), ((2, 2, 2), (2, 2, 2)),
                              ((3, 3, 3), (1, 1, 1))]))
def test_pooling_equals_loops_and_after_a_relu_zeros_would_do(size, shape, seed) -> None:
    x = np.random.default_rng(seed).standard_normal((2, *size))
    for values, fill in ((x, -np.inf), (np.maximum(x, 0), 0.0)):
        outputs, seen = windows(values, *shape, fill=fill)
        expected = np.zeros((2, *outputs))
        for place, window in seen:
            expected[(slice(None), *place)] = window.max(axis=(1, 2, 3))
        np.testing.assert_array_equal(SameMaxPool(*shape)(torch.from_numpy(values)[None])[0].numpy(), expected)


@pytest.mark.parametrize('in_channels', [3, 2])
def test_published_names_load_with_and_without_the_classifier(in_channels, tmp_path) -> None:
    state = published_file(in_channels)
    torch.save(state, tmp_path / 'imagenet.pt', _use_new_zipfile_serialization=False)
    network = MODELS.build(dict(type='InceptionI3D', in_channels=in_channels, pretrained=str(tmp_path / 'imagenet.pt')))
    network.init_weights()
    own = network.state_dict()
    assert {name for name in own if 'num_batches' not in name} == {name for name in state if 'logits' not in name}
    assert all(torch.equal(own[name], value) for name, value in state.items() if 'logits' not in name)
    assert all(unit.bn.eps == 1e-3 and unit.bn.momentum == 0.01 for unit in network.modules()
               if isinstance(unit, ConvUnit))
    again = InceptionI3D(in_channels)
    again.load_state_dict({name: value for name, value in state.items() if 'logits' not in name})
    assert weights_hash(again) == weights_hash(network)
    again.Mixed_5c.b0.bn.running_mean[0] += 1e-3
    assert weights_hash(again) != weights_hash(network)


def without(state: dict, name: str) -> dict:
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize('spoil, named', [
    (lambda state: without(state, 'Mixed_4c.b1b.bn.running_var'), 'Mixed_4c.b1b.bn.running_var'),
    (lambda state: state | {'Mixed_6a.b0.conv3d.weight': torch.zeros(1)}, 'Mixed_6a.b0.conv3d.weight'),
    (lambda state: state | {'Conv3d_1a_7x7.conv3d.weight': torch.zeros(64, 2, 7, 7, 7)}, 'Conv3d_1a_7x7.conv3d.weight'),
    (lambda state: [1, 2], 'state dict'),
    (lambda state: {'epoch': 3}, 'state dict'),
])
def test_other_weights_are_refused_by_name(network, spoil, named, tmp_path) -> None:
    path = tmp_path / 'other.pt'
    torch.save(spoil(published_file()), path)
    with pytest.raises(ValueError, match='other.pt') as raised:
        load_backbone_weights(network, path)
    assert named in str(raised.value)


class Payload:
    """Would run code where it is unpickled."""

    def __reduce__(self):
        return print, ('executed', )


def test_a_file_that_would_run_code_is_refused(network, tmp_path, capsys) -> None:
    torch.save({'state_dict': Payload()}, tmp_path / 'crafted.pt')
    (tmp_path / 'noise.pt').write_bytes(b'no checkpoint')
    for name in ('crafted.pt', 'noise.pt'):
        with pytest.raises(ValueError, match=f'{name}: not a checkpoint'):
            load_backbone_weights(network, tmp_path / name)
    assert 'executed' not in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match='absent.pt'):
        load_backbone_weights(network, tmp_path / 'absent.pt')


def test_a_recognizers_checkpoint_loads_without_its_head(network, tmp_path) -> None:
    state = {f'backbone.{name}': value for name, value in network.state_dict().items()}
    path = tmp_path / 'recognizer.pth'
    torch.save(dict(meta={}, state_dict=state | {'cls_head.fc_cls.weight': torch.zeros(5, 1024)}), path)
    other = InceptionI3D()
    load_backbone_weights(other, path)
    assert weights_hash(other) == weights_hash(network)
    torch.save(dict(state_dict=state | {'projector.weight': torch.zeros(1)}), path)
    with pytest.raises(ValueError, match='projector.weight'):
        load_backbone_weights(other, path)


def test_only_rgb_and_flow_have_weights() -> None:
    with pytest.raises(ValueError, match=r'3 \(RGB\) or 2 \(optical flow\)'):
        InceptionI3D(in_channels=1)
