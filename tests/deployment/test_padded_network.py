"""Padded videos give what packed ones give."""
from __future__ import annotations

import pytest
import torch
from tiny_model import build_model, model_config

from rpn_plugin.deployment import PaddedNetwork
from rpn_plugin.deployment.padded_network import stream_widths
from rpn_plugin.models import TopKMILHead
from rpn_plugin.models.localizers import WeaklySupervisedLocalizer
from rpn_plugin.structures import HeadOutput

LENGTHS = [9, 1, 14, 3]


def both(kernel_size: int, unit: bool) -> tuple[dict, dict]:
    """Outputs of the packed model and of the padded network, on the same videos; NaN lies beyond their ends."""
    config = model_config(kernel_size=kernel_size)
    if unit:
        config['localizer']['embedded_length'], config['localizer']['head']['top_ratio'] = 3.0, 0.3
    model = build_model(config).double()
    generator = torch.Generator().manual_seed(0)
    videos = {stream: [torch.randn(length, 4, dtype=torch.float64, generator=generator) for length in LENGTHS]
              for stream in ('rgb', 'flow')}
    network = PaddedNetwork(model)
    padded = [torch.nn.utils.rnn.pad_sequence(videos[stream], batch_first=True, padding_value=float('nan'))
              for stream in network.streams]
    with torch.no_grad():
        packed = model(**model.data_preprocessor(dict(inputs=videos)), mode='tensor')
        found = dict(zip(network.output_names, network(torch.tensor(LENGTHS), *padded)))
    return packed, found


@pytest.mark.parametrize('kernel_size, unit', [(1, False), (3, False), (5, False), (3, True)])
def test_a_padded_batch_gives_what_a_packed_one_gives(kernel_size, unit) -> None:
    packed, found = both(kernel_size, unit)
    for name, output in packed.items():
        for video, length in enumerate(LENGTHS):
            for field, expected in (('cas', output.cas), ('embedded', output.embedded.features),
                                    ('attention', output.attention)):
                expected = output.embedded.layout.split(expected)[video]
                torch.testing.assert_close(found[f'{name}_{field}'][video, :length], expected, rtol=0, atol=1e-12)
            assert not found[f'{name}_attention'][video, length:].any()
        torch.testing.assert_close(found[f'{name}_video_score'], output.video_score, rtol=0, atol=1e-12)
        torch.testing.assert_close(found[f'{name}_prototypes'], output.prototypes, rtol=0, atol=0)


def test_one_network_alone_is_named_network() -> None:
    localizer: WeaklySupervisedLocalizer = build_model(model_config()).localizers['rgb']
    network = PaddedNetwork(localizer)
    assert network.streams == ('rgb', ) and network.output_names[0] == 'network_cas'


def test_a_head_gives_what_it_has() -> None:
    config = model_config()
    config['localizer'].update(neck=None, weighting=None, head=dict(type='TopKMILHead', in_channels=6, num_classes=3))
    assert PaddedNetwork(build_model(config)).output_names == (
        'rgb_cas', 'rgb_video_score', 'rgb_embedded', 'flow_cas', 'flow_video_score', 'flow_embedded')


class SplittingHead(TopKMILHead):
    """Takes the videos apart."""

    def pool(self, embedded, logits, prototypes=None):
        best = torch.stack([video.max(dim=0).values for video in embedded.layout.split(logits)])
        return HeadOutput(embedded, logits, best.sigmoid(), best)


class LeakingHead(TopKMILHead):
    """Mixes the videos of a batch."""

    def pool(self, embedded, logits, prototypes=None):
        scores = logits.mean(dim=0).expand(embedded.layout.num_videos, -1)
        return HeadOutput(embedded, logits, scores.sigmoid(), scores)


class PackedOnlyHead(TopKMILHead):
    """Asks the layout for what only a packed one has."""

    def pool(self, embedded, logits, prototypes=None):
        return super().pool(embedded, logits[:sum(embedded.layout.lengths)])


@pytest.mark.parametrize('head, reason', [
    (SplittingHead, r'not run on padded batches: a part takes the videos of the batch apart \(layout.split\)'),
    (LeakingHead, 'rgb_video_score of padded videos differs from that of packed ones'),
    (PackedOnlyHead, "not run on padded batches: 'TraceableLayout' object has no attribute 'lengths'")])
def test_a_head_that_cannot_be_exported_says_so_before_anything_is_traced(head, reason) -> None:
    model = build_model(model_config())
    for network in model.networks.values():
        network.neck = network.weighting = None
        network.head = head(6, 3)
    with pytest.raises(ValueError, match=f'cannot be exported.*{reason}') as caught:
        PaddedNetwork(model)
    assert '\n' not in str(caught.value)


def test_a_model_without_networks_or_widths_is_refused() -> None:
    with pytest.raises(ValueError, match='Linear cannot be exported: it is no localizer of networks'):
        PaddedNetwork(torch.nn.Linear(1, 1))
    model = build_model(model_config())
    model.networks['rgb'].embedding = torch.nn.Identity()
    model.networks['rgb'].head = torch.nn.Identity()
    with pytest.raises(ValueError, match='Network rgb cannot be exported: Identity does not state the width'):
        PaddedNetwork(model)


def test_the_width_of_a_stream_that_is_read_alone_leaves_the_rest_to_the_others() -> None:
    streams = dict(both=dict(streams=('rgb', 'flow'), embedding=dict(in_channels=7)), rgb={})
    assert stream_widths(build_model(model_config(streams=streams))) == dict(rgb=4, flow=3)
    alone = build_model(model_config(streams=dict(both=dict(streams=('rgb', 'flow'), embedding=dict(in_channels=7)))))
    with pytest.raises(ValueError, match='of its 7 channels 7 are of rgb and flow, and nothing says how many of each'):
        stream_widths(alone)
